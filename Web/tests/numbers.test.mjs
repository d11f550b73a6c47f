// SPDX-License-Identifier: Apache-2.0

// Arithmetic and messages, against the slow way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { library } from "./support.mjs";

const { inverse, isPrime, negacyclicProduct, power, primitiveRoot, reconstruct, reverseBits } =
  await library("arithmetic.js");
const { decode, encode } = await library("protobuf.js");
const { FormatError } = await library("errors.js");
const { Kernels } = await library("kernels.js");
const { Modulus, permutation, slotPlaces } = await library("ring.js");
const { quantize, readInput } = await library("quantize.js");
const { prediction, readOutputs } = await library("outputs.js");

test("primes, inverses, remainders", () => {
  const isPrimeSlowly = (n) =>
    n > 1 && Array.from({ length: n - 2 }, (_, i) => n % (i + 2)).every((rest) => rest !== 0);
  for (let n = 0; n < 300; n++) assert.equal(isPrime(BigInt(n)), isPrimeSlowly(n), `${n}`);
  assert.ok(isPrime((1n << 61n) - 1n));
  // A strong pseudoprime to many bases.
  assert.ok(!isPrime(3825123056546413051n));
  assert.equal((inverse(12345n, 65537n) * 12345n) % 65537n, 1n);
  assert.throws(() => inverse(6n, 9n));
  assert.equal(power(3n, 100n, 97n), 3n ** 100n % 97n);
  assert.equal(reconstruct([1n, 2n, 3n], [5n, 7n, 11n]) % 5n, 1n);
  assert.equal(reconstruct([1n, 2n, 3n], [5n, 7n, 11n]) % 11n, 3n);
  assert.equal(reverseBits(0b0011, 4), 0b1100);
});

test("the smallest primitive root", () => {
  const order = 16;
  const roots = [];
  for (let x = 1n; x < 97n; x++) if (power(x, 8n, 97n) === 96n) roots.push(x);
  assert.equal(primitiveRoot(order, 97n), roots[0]);
});

test("a transform is the values at odd powers of the root", async () => {
  const kernels = await Kernels.load();
  const modulus = new Modulus(kernels, 12289n, 8);
  const x = kernels.constants([1n, 2n, 3n, 4n, 5n, 6n, 7n, 12288n]);
  const coefficients = Array.from(kernels.wordsAt(x, 8));
  modulus.forward(x);
  const values = Array.from(kernels.wordsAt(x, 8));
  values.forEach((value, j) => {
    const point = power(modulus.root, BigInt(2 * reverseBits(j, 3) + 1), 12289n);
    assert.equal(value, coefficients.reduceRight((sum, c) => (sum * point + c) % 12289n, 0n));
  });
  modulus.inverse(x);
  assert.deepEqual(Array.from(kernels.wordsAt(x, 8)), coefficients);
  // Of X -> X^3, the value at the root is that at its third power.
  const indices = permutation(3, 8);
  assert.equal(values[indices[0]], coefficients.reduceRight((sum, c) => (sum * modulus.root ** 3n + c) % 12289n, 0n));
});

test("products modulo primes of all sizes", async () => {
  const kernels = await Kernels.load();
  for (const q of [12289n, 65537n, 1073479681n, 1125899906826241n]) {
    const modulus = new Modulus(kernels, q, 8);
    const values = Array.from({ length: 8 }, (_, i) => q - 1n - BigInt(i) ** 3n);
    const [a, out] = [kernels.constants(values), kernels.words(8)];
    modulus.apply("mul", out, a, a);
    assert.deepEqual(Array.from(kernels.wordsAt(out, 8)), values.map((x) => (x * x) % q));
    modulus.apply("mul_add", out, a, a);
    assert.deepEqual(Array.from(kernels.wordsAt(out, 8)), values.map((x) => (2n * x * x) % q));
  }
});

test("slots are distinct places", () => {
  for (const index of [1, 2, 4, 8, 16, 32]) {
    const places = slotPlaces(1024, index);
    assert.equal(new Set(places).size, 1024 / index);
    // Those of an ideal are the first.
    assert.ok(places.every((place) => place < 1024 / index));
  }
});

test("products of integers modulo Y^k + 1", () => {
  assert.deepEqual(negacyclicProduct([1n, 2n], [3n, 4n]), [3n - 8n, 10n]);
});

test("messages have one form", () => {
  const schema = {
    1: { name: "a", type: "uint32" },
    2: { name: "b", type: "sint64", repeated: true },
    3: { name: "c", type: { 1: { name: "d", type: "string" } } },
    4: { name: "e", type: "double" },
  };
  const message = { a: 300, b: [-1n, 1n << 40n], c: { d: "x" }, e: 0.5 };
  const bytes = encode(schema, message);
  assert.deepEqual(decode(schema, bytes, "it"), message);
  for (let length = 1; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    try {
      assert.notDeepEqual(decode(schema, cut, "it"), message);
    } catch (error) {
      assert.ok(error instanceof FormatError, `${error}`);
    }
  }
  const refused = [
    [8, 0], // a default
    [8, 1, 8, 1], // twice
    [8, 129, 0], // a longer number than needed
    [40, 1], // an unknown field
    [9, 0, 0, 0, 0, 0, 0, 0, 0], // another type
    [16, 2], // not packed
    [26, 2, 10, 0], // a default inside
    [26, 3, 10, 1, 255], // not UTF-8
    [34, 200], // cut off
    [8, 1, 0],
  ];
  for (const each of refused) assert.throws(() => decode(schema, Uint8Array.from(each), "it"), FormatError, `${each}`);
});

test("quantization rounds half to even, and refuses what is far outside", () => {
  const input = readInput({
    shape: [3], lowest: -4n, highest: 4n, scale: 1, zeroPoint: 0n, offsets: [], scales: [], normalization: "",
  });
  assert.deepEqual(Array.from(quantize(input, [0.5, 1.5, -2.5])), [0, 2, -2]);
  assert.deepEqual(Array.from(quantize(input, [12, -12, 4.5])), [4, -4, 4]);
  for (const sample of [[13, 0, 0], [NaN, 0, 0], [Infinity, 0, 0], [0, 0], [1e39, 0, 0]]) {
    assert.throws(() => quantize(input, sample), { name: "DataError" });
  }
  const norm = readInput({
    shape: [2], lowest: -9n, highest: 9n, scale: 0.125, zeroPoint: 0n, offsets: [], scales: [], normalization: "L2",
  });
  assert.deepEqual(Array.from(quantize(norm, [3, 4])), [5, 6]);
});

test("decisions and transforms", () => {
  const outputs = (decision, transform, labels, count, exponents = []) => readOutputs({
    bounds: Array.from({ length: count }, () => ({ lowest: "-100", highest: "100" })), boundMethod: "", scale: 0.5,
    rangeIsCalibrated: false, labels, decision, transform, exponents,
  });
  const found = (reading, ...logits) => prediction(reading, logits);
  assert.equal(found(outputs("", "", ["a", "b", "c"], 3), 1n, 5n, 5n).label, "b");
  assert.equal(found(outputs("smallest", "", ["a", "b", "c"], 3), 5n, 1n, 1n).label, "b");
  assert.deepEqual(found(outputs("sign", "sigmoid", ["no", "yes"], 1), 0n), {
    logits: [0n], values: [0.5], index: 0, label: "no", isCertified: true, outputs: [],
  });
  assert.equal(found(outputs("vote", "", ["a", "b", "c"], 3), -1n, -1n, 1n).label, "b");
  assert.deepEqual(found(outputs("regression", "", ["x", "y"], 2, [0, -1]), 3n, 3n).values, [1.5, 0.75]);
  const soft = found(outputs("", "softmax", ["a", "b"], 2), 2n, 0n).values;
  assert.ok(Math.abs(soft[0] - Math.E / (Math.E + 1)) < 1e-15);
  const wrong = [["sign", 2, ["a", "b"]], ["vote", 2, ["a", "b"]], ["", 2, ["a"]], ["x", 1, ["a"]]];
  for (const [decision, count, labels] of wrong) {
    assert.throws(() => outputs(decision, "", labels, count), FormatError);
  }
});
