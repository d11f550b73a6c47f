// SPDX-License-Identifier: Apache-2.0

// The kernels as WebAssembly, whose products of 64 bits are made of four of 32, against big integers: on the ends of
// their ranges and on random numbers.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { library } from "./support.mjs";

const { isPrime, negacyclicProduct, reduce } = await library("arithmetic.js");
const { Kernels } = await library("kernels.js");
const { Modulus } = await library("ring.js");

const n = 1024;
const kernels = await Kernels.load();

/** The largest primes of so many bits that are 1 modulo 2n. @param {number} bits */
function prime(bits) {
  let q = ((1n << BigInt(bits)) - 1n) / BigInt(2 * n) * BigInt(2 * n) + 1n;
  while (!isPrime(q) || q >= 1n << BigInt(bits)) q -= BigInt(2 * n);
  return q;
}

const moduli = [prime(12 + 6), prime(31), prime(32), prime(33), prime(41), prime(49), prime(50)]
  .map((q) => new Modulus(kernels, q, n));

/** Ends, middles, and random numbers. @param {bigint} low @param {bigint} high inclusive. */
function numbers(low, high) {
  const middle = (low + high) / 2n;
  const ends = [low, low + 1n, middle, middle + 1n, high - 1n, high].filter((x) => x >= low && x <= high);
  return Array.from({ length: n }, (_, i) => ends[i] ??
    low + BigInt(`0x${randomBytes(10).toString("hex")}`) % (high - low + 1n));
}

/** @param {bigint[]} values */
const put = (values) => kernels.constants(values);
/** @param {number} pointer */
const unsigned = (pointer) => Array.from(kernels.wordsAt(pointer, n));
/** @param {number} pointer */
const signed = (pointer) => Array.from(kernels.signedAt(pointer, n));
/** @param {bigint} x @param {bigint} q */
const centered = (x, q) => (x > q / 2n ? x - q : x);

test("pointwise", () => {
  for (const modulus of moduli) {
    const q = modulus.value;
    const [x, y, z] = [numbers(0n, q - 1n), numbers(0n, q - 1n).reverse(), numbers(0n, q - 1n)];
    const [a, b, c, out] = [put(x), put(y), put(z), put(z)];
    /** @param {string} name @param {(number | bigint)[]} operands @param {(i: number) => bigint} expected */
    const check = (name, operands, expected) => {
      modulus.apply(name, out, ...operands);
      assert.deepEqual(unsigned(out), x.map((_, i) => reduce(expected(i), q)), `${name} modulo ${q}`);
    };
    check("mul", [a, b], (i) => x[i] * y[i]);
    kernels.wordsAt(out, n).set(z);
    check("mul_add", [a, b], (i) => x[i] * y[i] + z[i]);
    check("add", [a, b], (i) => x[i] + y[i]);
    check("neg", [a], (i) => -x[i]);
    for (const factor of [0n, 1n, q - 1n, q / 3n]) {
      check("mul_scalar", [a, factor], (i) => x[i] * factor);
      check("sub_mul_scalar", [a, b, factor], (i) => (x[i] - y[i]) * factor);
    }
    const list = kernels.words(2);
    const view = kernels.bytesAt(list, 16);
    new Uint32Array(view.buffer, view.byteOffset, 4).set([a, b, b, c]);
    modulus.apply("inner_product", out, list, list + 8, 2);
    assert.deepEqual(unsigned(out), x.map((_, i) => (x[i] * y[i] + y[i] * z[i]) % q));
  }
});

test("signs and other moduli", () => {
  for (const modulus of moduli) {
    const q = modulus.value;
    const [x, wide] = [numbers(0n, q - 1n), numbers(-(1n << 62n) + 1n, (1n << 62n) - 1n)];
    const [a, b, out] = [put(x), put(wide), kernels.words(n)];
    modulus.apply("reduce_signed", out, b);
    assert.deepEqual(unsigned(out), wide.map((value) => reduce(value, q)));
    modulus.apply("center", out, a);
    assert.deepEqual(signed(out), x.map((value) => centered(value, q)));
    for (const other of moduli) {
      kernels.call.bsk_portable_lift_centered(modulus.pointer, other.pointer, out, a, n);
      assert.deepEqual(unsigned(out), x.map((value) => reduce(centered(value, q), other.value)));
    }
    const c0 = put(numbers(0n, (1n << 20n) - 1n));
    const low = unsigned(c0);
    modulus.apply("center_add", out, a, c0, 7);
    assert.deepEqual(signed(out), x.map((value, i) => centered(value, q) + (low[i] << 7n)));
    assert.equal(BigInt.asUintN(64, kernels.call.bsk_portable_largest_magnitude(b, n)),
      wide.reduce((most, value) => (value < 0n ? -value : value) > most ? (value < 0n ? -value : value) : most, 0n));
    kernels.call.bsk_portable_sign_extend(out, b, 37, n);
    assert.deepEqual(signed(out), wide.map((value) => BigInt.asIntN(37, value)));
  }
});

test("transforms and back, and products of polynomials", () => {
  for (const modulus of moduli) {
    const q = modulus.value;
    const x = numbers(0n, q - 1n);
    // 5 X^3 - 2: two coefficients, so that the slow way is short.
    const y = Array.from({ length: n }, (_, i) => (i === 0 ? q - 2n : i === 3 ? 5n : 0n));
    const [a, b] = [put(x), put(y)];
    for (const pointer of [a, b]) modulus.forward(pointer);
    assert.ok(unsigned(a).every((value) => value < q));
    modulus.apply("mul", a, a, b);
    modulus.inverse(a);
    assert.deepEqual(unsigned(a), x.map((value, i) =>
      reduce(-2n * value + 5n * (i >= 3 ? x[i - 3] : -x[n - 3 + i]), q)));
  }
});

test("packing", () => {
  for (const bits of [1, 7, 8, 31, 32, 33, 50, 57, 62]) {
    const x = numbers(0n, (1n << BigInt(bits)) - 1n);
    const [a, packed, out] = [put(x), kernels.words(n), kernels.words(n)];
    kernels.call.bsk_portable_pack(packed, a, bits, n);
    let whole = 0n;
    const first = kernels.bytesAt(packed, Math.min((n * bits) / 8, 64));
    first.forEach((byte, i) => (whole |= BigInt(byte) << BigInt(8 * i)));
    for (let i = 0; (i + 1) * bits <= 512; i++) assert.equal(BigInt.asUintN(bits, whole >> BigInt(i * bits)), x[i]);
    kernels.call.bsk_portable_unpack(out, packed, bits, n);
    assert.deepEqual(unsigned(out), x);
  }
});

test("reduction modulo an ideal", () => {
  // pi = 3 + 2 Y - Y^3 with Y^4 = -1, and its inverse times its norm.
  const generator = [3n, 2n, 0n, -1n];
  const conjugate = generator.map((c, i) => (i % 2 === 0 ? c : -c));
  const square = negacyclicProduct(generator, conjugate);
  const below = [square[0], 0n, -square[2], 0n];
  const adjoint = negacyclicProduct(conjugate, below);
  const norm = negacyclicProduct(generator, adjoint)[0];
  assert.deepEqual(negacyclicProduct(generator, adjoint), [norm, 0n, 0n, 0n]);
  const rounded = (/** @type {bigint} */ a) => (2n * a + norm - reduce(2n * a + norm, 2n * norm)) / (2n * norm);
  const reciprocal = adjoint.map((c) => rounded(c << 63n));
  const m = n / 4;
  const values = numbers(0n, (1n << 34n) - 1n).slice(0, m);
  const [a, out, pi, inv] = [put(values), kernels.words(n), put(generator), put(reciprocal)];
  kernels.call.bsk_portable_reduce_ideal(out, a, pi, inv, 4, m);
  const found = signed(out);
  values.forEach((value, j) => {
    const reduced = [0, 1, 2, 3].map((i) => found[j + i * m]);
    // In the same class: value - reduced is a multiple of pi; and small.
    const quotient = negacyclicProduct([value - reduced[0], -reduced[1], -reduced[2], -reduced[3]], adjoint);
    assert.ok(quotient.every((c) => c % norm === 0n), `${value}`);
    assert.ok(reduced.every((c) => c > -4n && c < 4n), `${value}: ${reduced}`);
  });
  const sum = put(Array.from({ length: n }, () => 1n));
  kernels.call.bsk_portable_multiply_add_ideal(sum, out, pi, 4, m);
  const products = signed(sum);
  for (let j = 0; j < m; j++) {
    const expected = negacyclicProduct(generator, [0, 1, 2, 3].map((i) => found[j + i * m]));
    assert.deepEqual([0, 1, 2, 3].map((i) => products[j + i * m] - 1n), expected);
  }
});

test("memory that isn't there", () => {
  assert.throws(() => kernels.words(2 ** 29 - 2), /no more memory/);
});

test("samplers", () => {
  const words = numbers(0n, (1n << 64n) - 1n);
  const [a, out] = [put(words), kernels.words(n)];
  kernels.call.bsk_portable_ternary(out, a, n);
  assert.deepEqual(signed(out), words.map((w) => ((3n * w) >> 64n) - 1n));
  kernels.call.bsk_portable_centered_binomial(out, a, n);
  const ones = (/** @type {bigint} */ x) => BigInt(x.toString(2).replaceAll("0", "").length);
  assert.deepEqual(signed(out), words.map((w) => ones(BigInt.asUintN(21, w)) - ones(BigInt.asUintN(21, w >> 21n))));
});
