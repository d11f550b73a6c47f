#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0

// Writes the integer network of a server.plan as JSON, for owners who want to publish it: all weights are in it. With
// it a page shows that the encrypted result is the network's, integer by integer. Usage: node
// Web/tools/network-json.mjs plan/server.plan >network.json

import { readFile } from "node:fs/promises";
import { hexadecimal } from "../library/bytes.js";
import { open, section } from "../library/envelope.js";
import { networkMessage } from "../library/messages.js";
import { operationKinds } from "../library/network.js";
import { decode } from "../library/protobuf.js";

const [path] = process.argv.slice(2);
if (!path) {
  console.error("usage: network-json.mjs server.plan >network.json");
  process.exit(2);
}
const { digest, sections } = await open(new Uint8Array(await readFile(path)), "serverPlan");
const bytes = sections.get(section.network);
if (!bytes) throw new Error("a plan without a network");
const network = decode(networkMessage, bytes, "the network's section");

/** @param {bigint[]} values as numbers where these are exact, else as texts. */
const integers = (values) =>
  values.map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)));

const operations = network.operations.map((/** @type {any} */ { kind, sources, sizes, weights, bias, ...entries }) => ({
  kind: operationKinds[kind],
  sources,
  sizes,
  weights: integers(weights),
  bias: integers(bias),
  ...(operationKinds[kind] === "affine" ? entries : {}),
}));
const text = { format: "blindsight network", version: 1, plan: hexadecimal(digest), operations };
process.stdout.write(JSON.stringify(text) + "\n");
