// SPDX-License-Identifier: Apache-2.0

// The steps that clients do, each against what docs/Formats.md says of it, and those that fit nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { library } from "./support.mjs";

const { makeStep } = await library("steps.js");
const { evaluate, named, readProgram } = await library("program.js");
const { prepare, readPrefix } = await library("prefix.js");

/** @param {string} name @param {number[]} integers @param {number[]} reals @param {number[][]} inputs */
function run(name, integers, reals, ...inputs) {
  const step = makeStep(name, integers, reals.map(Math.fround));
  assert.ok(step, name);
  const found = step.apply(inputs.map((input) => Float32Array.from(input)));
  assert.equal(step.count(inputs.map((input) => input.length)), found.length, name);
  return Array.from(found);
}

test("each step", () => {
  assert.deepEqual(run("gather", [1, -1, 2], [9], [1, 2], [3]), [2, 9, 3]);
  assert.deepEqual(run("scale", [], [2, 3, 1, -1], [5, 7]), [11, 20]);
  assert.deepEqual(run("quotient", [], [2, 4], [5, 6]), [2.5, 1.5]);
  assert.deepEqual(run("weightedSum", [3, 0, 2, 3, 0, 1, 1], [1, 2, 10], [3, 4]), [11, 40]);
  assert.deepEqual(run("maximum", [3, 0, 2, 3, 0, 1, 1], [], [3, 4]), [4, 4]);
  assert.deepEqual(run("add", [], [], [1, 2], [3, 4]), [4, 6]);
  assert.deepEqual(run("subtract", [], [], [1, 2], [3, 5]), [-2, -3]);
  assert.deepEqual(run("multiply", [], [], [1, 2], [3, 5]), [3, 10]);
  assert.deepEqual(run("divide", [], [], [1, 2], [4, 5]), [0.25, Math.fround(0.4)]);
  assert.deepEqual(run("mask", [], [], [Infinity, 2], [0, 5]), [0, 10]);
  assert.deepEqual(run("equal", [], [], [1, 2], [1, 3]), [1, 0]);
  assert.deepEqual(run("lookUp", [], [7, 8], [1, 0, 2, 0.5]), [8, 7, NaN, NaN]);
  assert.deepEqual(run("impute", [], [NaN, 5, 6], [NaN, 1]), [5, 1]);
  assert.deepEqual(run("impute", [], [-1, 5, 6], [NaN, -1]), [NaN, 6]);
  assert.deepEqual(run("encode", [], [0, 1, 2, 10, 20], [2, 1, 3]), [20, 10, 0]);
  const powers = [Math.exp(-1), 1];
  assert.deepEqual(run("softmax", [1, 2, 1], [], [1, 2]), powers.map((x) => Math.fround(x / (powers[0] + 1))));
  const logarithm = Math.log(powers[0] + 1);
  assert.deepEqual(run("logSoftmax", [1, 2, 1], [], [1, 2]), [-1, 0].map((x) => Math.fround(x - logarithm)));
  // Rows of two along the middle of [1, 2, 3].
  assert.deepEqual(run("argMax", [1, 2, 3, 0], [], [1, 5, 2, 4, 5, 1]), [1, 0, 0]);
  assert.deepEqual(run("argMax", [1, 2, 3, 1], [], [1, 5, 2, 4, 5, 1]), [1, 1, 0]);
  assert.deepEqual(run("top", [1, 3, 1, 2, 0], [], [1, 5, 5]), [5, 5]);
  assert.deepEqual(run("top", [1, 3, 1, 2, 1], [], [1, 5, 5]), [1, 2]);
  assert.deepEqual(run("top", [1, 3, 1, 2, 1], [], [1, NaN, 5]), [1, 2]);
  assert.deepEqual(run("normalize:L1", [2], [], [1, -3, 0, 0]), [0.25, -0.75, 0, 0]);
  assert.deepEqual(run("normalize:L2", [2], [], [3, 4]), [Math.fround(0.6), Math.fround(0.8)]);
  assert.deepEqual(run("normalize:MAX", [2], [], [-8, 4]), [-2, 1]);
  assert.deepEqual(run("vote", [3], [], [-1, -1, 1]), [1]);
});

test("each function", () => {
  const x = [-2.5, -0.5, 0, 0.5, 1.5];
  const expected = {
    relu: (v) => Math.max(v, 0), sigmoid: (v) => 1 / (1 + Math.exp(-v)), tanh: Math.tanh,
    softplus: (v) => Math.log(1 + Math.exp(v)), exponential: Math.exp, absolute: Math.abs, negative: (v) => -v,
    step: (v) => Number(v > 0), sign: Math.sign, round: (v) => ({ "-2.5": -2, "-0.5": -0, 0.5: 0, 1.5: 2 })[v] ?? v,
    floor: Math.floor, ceiling: Math.ceil, truncate: Math.trunc, isZero: (v) => Number(v === 0), isNaN: () => 0,
    isInfinite: () => 0, logarithm: Math.log, squareRoot: Math.sqrt, reciprocal: (v) => 1 / v,
  };
  for (const [name, body] of Object.entries(expected)) {
    run(`function:${name}`, [], [], x).forEach((value, i) => {
      const other = Math.fround(body(x[i]));
      const isNear = Object.is(value + 0, other + 0) || Math.abs(value - other) <= 1e-7 * Math.abs(other);
      assert.ok(isNear, `${name} ${x[i]}: ${value}`);
    });
  }
  assert.deepEqual(run("function:leakyRelu", [], [0.5], [-2, 2]), [-1, 2]);
  assert.deepEqual(run("function:clip", [], [-1, 1], [-2, 0.5, 2]), [-1, 0.5, 1]);
  assert.deepEqual(run("function:hardSigmoid", [], [0.5, 0.5], [-2, 0.5, 2]), [0, 0.75, 1]);
});

test("steps that are none", () => {
  const none = [
    ["matrix", [1, 1, 1], [1]], ["toString", [], []], ["function:constructor", [], []], ["function:sigmoid", [1], []],
    ["function:clip", [], [NaN, 1]], ["softmax", [1, 2], []], ["argMax", [1, 2, 1, 2], []], ["normalize:L3", [2], []],
    ["scale", [], [1, 2, 3]], ["weightedSum", [3, 0, 2], []], ["gather", [0], []], ["vote", [1], []], ["add", [1], []],
    ["gather", [1 << 21], [0]],
  ];
  for (const [name, integers, reals] of none) assert.equal(makeStep(name, integers, reals), undefined, name);
  const unfit = [
    ["gather", [3], [0], [3]], ["gather", [-2], [0], [3]], ["gather", [0], [Infinity], [3]], ["scale", [], [1, 2], [2]],
    ["scale", [], [NaN, 2], [1]], ["quotient", [], [0], [1]], ["weightedSum", [2, 0, 1, 5], [1], [3]],
    ["maximum", [2, 1, 1, 0], [], [3]], ["add", [], [], [2, 3]], ["add", [], [], [2]], ["softmax", [1, 2, 1], [], [3]],
    ["argMax", [0, 2, 1, 0], [], [0]], ["top", [1, 3, 1, 4, 0], [], [3]], ["normalize:L2", [2], [], [3]],
    ["vote", [3], [], [4]], ["impute", [], [NaN, 1], [2]], ["encode", [], [0, 1, 1, 2, 3], [1]],
    ["lookUp", [], [], [1]],
  ];
  for (const [name, integers, reals, counts] of unfit) {
    const step = makeStep(name, integers, reals);
    assert.ok(!step || step.count(counts) === 0, `${name} ${integers} ${reals}`);
  }
});

test("programs", () => {
  const step = (name, reads, integers = [], reals = []) =>
    ({ step: name, reads, integers: integers.map(BigInt), reals });
  const output = (name, value, outputShape, names = [], isInteger = false) =>
    ({ name, value, outputShape, names, isInteger });
  const program = readProgram({
    steps: [step("softmax", [0], [1, 2, 1]), step("argMax", [0], [1, 2, 1, 0])],
    outputs: [output("scores", 1, [2]), output("label", 2, [], ["no", "yes"])],
  }, 2, "it");
  assert.deepEqual([program.scores, program.label], [0, 1]);
  const found = evaluate(program, Float32Array.from([0, 0]));
  assert.deepEqual(named(program.outputs[1], found[1]), { name: "label", shape: [], values: [0], texts: ["no"] });
  const large = () => step("gather", [0], Array.from({ length: 300_000 }, () => 0), [0]);
  const wrong = [
    { steps: [step("softmax", [0], [1, 3, 1])], outputs: [output("x", 0, [2])] },
    { steps: [large(), large()], outputs: [output("x", 0, [2])] },
    { steps: [step("add", [0, 1])], outputs: [output("x", 0, [2])] },
    { steps: [step("add", [])], outputs: [output("x", 0, [2])] },
    { steps: [], outputs: [output("x", 0, [3])] },
    { steps: [], outputs: [output("x", 1, [2])] },
    { steps: [], outputs: [] },
    { steps: [], outputs: [output("\u0007", 0, [2])] },
    { steps: [], outputs: [output("x", 0, [2], ["a"], true)] },
    { steps: Array.from({ length: 4097 }, () => step("function:relu", [0])), outputs: [output("x", 0, [2])] },
  ];
  for (const each of wrong) assert.throws(() => readProgram(each, 2, "it"), { name: "FormatError" });
  assert.throws(() => readProgram({ steps: [step("function:gelu", [0])], outputs: [output("x", 0, [2])] }, 2, "it"),
    { name: "UnsupportedError" });
  const columns = [
    { column: "n", elements: 1, isWhole: true, texts: [] }, { column: "x", elements: 1, isWhole: false, texts: [] },
  ];
  const prefix = readPrefix({
    columns,
    program: { steps: [step("gather", [0], [1], [0])], outputs: [output("x", 0, [2]), output("x is zero", 1, [1])] },
  }, 2);
  assert.deepEqual(Array.from(prepare(prefix, [3, 4])), [3, 4]);
  assert.deepEqual(Array.from(prepare(prefix, [NaN, 4])), [NaN, 4]);
  for (const sample of [[0.5, 1], [1, 0], [1, NaN], [1], [2 ** 24, 1]]) {
    assert.throws(() => prepare(prefix, sample), { name: "DataError" }, `${sample}`);
  }
  assert.throws(() => readPrefix({ columns, program: undefined }, 2), { name: "FormatError" });
  const whole = { steps: [], outputs: [output("x", 0, [2])] };
  assert.throws(() => readPrefix({ columns, program: whole }, 3), { name: "FormatError" });
});
