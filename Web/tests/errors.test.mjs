// SPDX-License-Identifier: Apache-2.0

// What hides: who has the key finds in requests and keys the errors that the scheme asks for, fresh each time. Without
// them everything else would work as well.

import assert from "node:assert/strict";
import { test } from "node:test";
import { library, plan } from "./support.mjs";

const { inverse } = await library("arithmetic.js");
const { Encryptor } = await library("encrypt.js");
const { Kernels } = await library("kernels.js");
const { KeyMaker } = await library("keys.js");
const { readPlan } = await library("plan.js");
const { Expander } = await library("random.js");
const { Modulus, permutation } = await library("ring.js");
const { Secret } = await library("secret.js");

const settings = await readPlan(plan("mnist").client);
const { degree } = settings.keys;
const kernels = await Kernels.load();
const moduli = [...settings.keys.moduli, settings.keys.special].map((q) => new Modulus(kernels, q, degree));
const secret = Secret.generate(kernels, moduli);

/**
 * Residues of one limb as they are packed.
 * @param {Uint8Array} bytes
 * @param {Modulus} modulus
 */
function unpacked(bytes, modulus) {
  const [out, packed] = [kernels.words(degree), kernels.words(degree)];
  kernels.bytesAt(packed, modulus.packedBytes).set(bytes.subarray(0, modulus.packedBytes));
  kernels.call.bsk_portable_unpack(out, packed, modulus.bits, degree);
  kernels.call.free(packed);
  return out;
}

/**
 * Centered coefficients of values, which are freed.
 * @param {number} values
 * @param {Modulus} modulus
 */
function centered(values, modulus) {
  modulus.inverse(values);
  modulus.apply("center", values, values);
  const out = Array.from(kernels.signedAt(values, degree), Number);
  kernels.call.free(values);
  return out;
}

/**
 * Whether they are drawn from the centered binomial of 21 pairs of coins.
 * @param {number[]} errors
 */
function requireErrors(errors) {
  assert.ok(errors.every((e) => Math.abs(e) <= 21), "an error above 21");
  const mean = errors.reduce((a, b) => a + b, 0) / degree;
  const variance = errors.reduce((a, b) => a + b * b, 0) / degree;
  // Six deviations; the fourth moment is close to a normal distribution's.
  assert.ok(Math.abs(mean) < 6 * Math.sqrt(10.5 / degree), `mean ${mean}`);
  assert.ok(Math.abs(variance - 10.5) < 6 * 10.5 * Math.sqrt(2 / degree), `variance ${variance}`);
  const correlation = errors.reduce((sum, e, i) => sum + e * errors[(i + 1) % degree], 0) / degree;
  assert.ok(Math.abs(correlation) < 6 * 10.5 / Math.sqrt(degree), `correlation ${correlation}`);
}

/** What was seen of errors and seeds: none may come twice. */
const seen = new Set();
/** @param {ArrayLike<number>} values */
function requireNew(values) {
  const key = Array.from(values).slice(0, 32).join();
  assert.ok(!seen.has(key), "seen before");
  seen.add(key);
}

test("a secret is uniform ternary", () => {
  const counts = [-1, 0, 1].map((value) =>
    kernels.signedAt(secret.coefficients, degree).filter((x) => x === BigInt(value)).length);
  for (const count of counts) assert.ok(Math.abs(count - degree / 3) < 6 * Math.sqrt((2 * degree) / 9), `${counts}`);
});

test("requests", async () => {
  const encryptor = new Encryptor(kernels, settings, moduli, secret);
  for (let count = 0; count < 3; count++) {
    // Of zeros, so that c_0 + c_1 s is the error.
    const body = await encryptor.body(new Int32Array(settings.input.count));
    const seed = body.slice(0, 32);
    requireNew(seed);
    const expander = await Expander.from(seed);
    let offset = 32;
    const found = [];
    for (const [limb, modulus] of moduli.slice(0, -1).entries()) {
      const sum = unpacked(body.subarray(offset), modulus);
      const mask = kernels.words(degree);
      const words = await expander.uniform(modulus, limb);
      kernels.wordsAt(mask, degree).set(words);
      modulus.apply("mul_add", sum, mask, secret.values[limb]);
      found.push(centered(sum, modulus));
      kernels.call.free(mask);
      offset += modulus.packedBytes;
    }
    requireErrors(found[0]);
    requireNew(found[0]);
    for (const other of found) assert.deepEqual(other, found[0]);
  }
});

test("evaluation keys", async () => {
  const maker = new KeyMaker(kernels, settings, moduli, secret);
  const tasks = maker.tasks();
  const elements = settings.keys.galois.map(({ element }) => element);
  const file = await maker.file(() => {});
  let offset = 56 + 16 + 5 + 16;
  for (const [index, task] of tasks.entries()) {
    const [isFirst, isLast] = [index === 0, index === tasks.length - 1];
    const seed = file.slice(offset, offset + 32);
    requireNew(seed);
    const expander = await Expander.from(seed);
    offset += 32;
    const numbers = [...Array(task.level).keys(), moduli.length - 1];
    for (const [digit, { limb: own, shift }] of task.digits.entries()) {
      let errors;
      for (const [limb, number] of numbers.entries()) {
        const modulus = moduli[number];
        const q = modulus.value;
        const sum = unpacked(file.subarray(offset), modulus);
        const [mask, other] = [kernels.words(degree), kernels.words(degree)];
        offset += modulus.packedBytes;
        const words = await expander.uniform(modulus, digit * 65536 + limb);
        kernels.wordsAt(mask, degree).set(words);
        // s'': s, or its image under the inverse automorphism.
        let target = secret.values[number];
        if (!isFirst && !isLast) {
          const back = Number(inverse(BigInt(elements[index - 1]), BigInt(2 * degree)));
          const places = kernels.indices(permutation(back, degree));
          kernels.call.bsk_portable_permute(other, target, places, degree);
          kernels.call.free(places);
          target = other;
        }
        modulus.apply("mul_add", sum, mask, target);
        if (!isLast) modulus.apply("mul_scalar", sum, sum, inverse(1n << 52n, q));
        if (limb === own) {
          modulus.apply("mul_scalar", mask, secret.values[number], q - ((settings.keys.special << BigInt(shift)) % q));
          if (isFirst) modulus.apply("mul", mask, mask, secret.values[number]);
          modulus.apply("add", sum, sum, mask);
        }
        const found = centered(sum, modulus);
        errors ??= found;
        if (limb === 0) requireErrors(found);
        else assert.deepEqual(found, errors);
        for (const pointer of [mask, other]) kernels.call.free(pointer);
      }
      requireNew(errors);
    }
  }
  assert.equal(offset, file.length - 32);
});
