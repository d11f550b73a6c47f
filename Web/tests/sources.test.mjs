// SPDX-License-Identifier: Apache-2.0

// What the library says again of the engine's sources is what they say.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { library } from "./support.mjs";

const messages = await library("messages.js");
const { operationKinds } = await library("network.js");

/** @param {string} path */
const source = (path) => readFileSync(new URL(`../../Sources/${path}`, import.meta.url), "utf8");
const proto = source("InferenceClient/Protos/plans.proto");

/** @param {string} name */
const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/** The fields of a message: number, name, type, whether it is repeated. @param {string} name */
function fields(name) {
  const body = new RegExp(`message ${name} \\{\\n([^]*?)\\n\\}`).exec(proto)?.[1];
  assert.ok(body, name);
  return Array.from(body.matchAll(/^ {2}(repeated )?([a-zA-Z0-9]+) ([a-z0-9_]+) = ([0-9]+);/gm),
    ([, repeated, type, field, number]) => [Number(number), camel(field), type, repeated !== undefined]);
}

/** @param {any} schema @param {string} name */
function compare(schema, name) {
  const expected = fields(name);
  assert.deepEqual(Object.keys(schema).map(Number), expected.map(([number]) => number), name);
  for (const [number, field, type, repeated] of expected) {
    const own = schema[number];
    assert.deepEqual([own.name, Boolean(own.repeated)], [field, repeated], `${name}: ${field}`);
    if (typeof own.type === "string") assert.equal(own.type, type === "Kind" ? "enum" : type, `${name}: ${field}`);
    else compare(own.type, type);
  }
}

test("messages are those of plans.proto", () => {
  compare(messages.planMessage, "PlanMessage");
  compare(messages.bfvMessage, "BFVMessage");
  compare(messages.networkMessage, "NetworkMessage");
  compare(messages.programMessage, "ProgramMessage");
  compare(messages.inputProgramMessage, "InputProgramMessage");
  const kinds = Array.from(/enum Kind \{([^]*?)\}/.exec(proto)?.[1].matchAll(/([A-Z]+) = ([0-9]+);/g) ?? [],
    ([, name]) => name.toLowerCase());
  assert.deepEqual(operationKinds, kinds);
});

test("the security table is the engine's", async () => {
  const table = source("Lattice/Parameters/SecurityTable.swift");
  const rows = Array.from(table.matchAll(/^ +([0-9]+): \[(.*)\],$/gm), ([, degree, row]) => {
    const bits = Array.from(row.matchAll(/bits([0-9]+): ([0-9]+)/g), ([, level, most]) => [level, Number(most)]);
    return { degree: Number(degree), bits: Object.fromEntries(bits) };
  });
  assert.equal(rows.length, 7);
  const text = readFileSync(new URL("../library/parameters.js", import.meta.url), "utf8");
  for (const { degree, bits } of rows) {
    for (const level of ["128", "192", "256"]) {
      const own = new RegExp(`${level}: \\{([^}]*)\\}`).exec(text)?.[1] ?? "";
      const found = new RegExp(`\\b${degree}: ([0-9]+)`).exec(own)?.[1];
      assert.equal(found && Number(found), bits[level], `${degree}, ${level} bits`);
    }
  }
});

test("the format's version is the engine's", async () => {
  const { version } = await library("envelope.js");
  assert.equal(version, Number(/version: UInt16 = ([0-9]+)/.exec(source("Wire/Envelope.swift"))?.[1]));
});
