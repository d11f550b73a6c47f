// SPDX-License-Identifier: Apache-2.0

// What the tests share. Scripts/check-web.sh sets the environment: PLANS (a folder that plans.py filled) and PYTHON
// (one that has blindsight).

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const dist = new URL("../dist/", import.meta.url);
export const plans = process.env.PLANS ?? "";
export const python = process.env.PYTHON ?? "";
export const planNames = [
  "mnist", "mnist-private", "cryptonets", "mnist-cnn", "mnist-linear", "regression", "relu-mlp", "logistic",
  "sigmoid-mlp", "svm",
];

if (!plans || !python) throw new Error("run Scripts/check-web.sh");

/** @param {string} path below the built library. */
export const library = (path) => import(new URL(`library/${path}`, dist).href);

/** @param {string} path */
export const read = (path) => new Uint8Array(readFileSync(path));

/** @param {string} name */
export function plan(name) {
  const folder = join(plans, name);
  const { samples, logits, values } = JSON.parse(readFileSync(join(folder, "samples.json"), "utf8"));
  return { folder, client: read(join(folder, "client.plan")), samples, logits, values };
}

const folders = [];
process.on("exit", () => folders.forEach((path) => rmSync(path, { recursive: true, force: true })));

/** A folder that is gone at the end of the process. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), "blindsight-web-"));
  folders.push(path);
  return path;
}

/**
 * The command line's output.
 * @param {string[]} words
 */
export function blindsight(...words) {
  return execFileSync(python, ["-m", "blindsight", ...words], { stdio: ["ignore", "pipe", "pipe"] }).toString();
}

/**
 * @param {string} path
 * @param {Uint8Array} bytes
 */
export function write(path, bytes) {
  writeFileSync(path, bytes, { mode: 0o600 });
  return path;
}

/** @param {Uint8Array[]} parts */
export function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/**
 * The same file with other bytes before the checksum, which is made anew.
 * @param {Uint8Array} file
 * @param {(bytes: Uint8Array) => void} change
 */
export function resealed(file, change) {
  const out = file.slice();
  change(out);
  out.set(sha256(out.subarray(0, -32)), out.length - 32);
  return out;
}
