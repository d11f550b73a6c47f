// SPDX-License-Identifier: Apache-2.0

import { power } from "./arithmetic.js";
import { concatenate } from "./bytes.js";
import { inverseGenerator } from "./parameters.js";
import { Expander, fillRandom, newSeed } from "./random.js";
import { Modulus, slotPlaces } from "./ring.js";

/** @typedef {import("./plan.js").Plan} Plan */
/** @typedef {import("./kernels.js").Kernels} Kernels */

/** Slots as polynomials, for one plaintext modulus, and the way into a ciphertext. Made once. */
class Encoder {
  /**
   * @param {Kernels} kernels
   * @param {Plan} plan
   * @param {import("./parameters.js").Plaintext} plaintext
   * @param {Modulus[]} moduli of ciphertexts.
   */
  constructor(kernels, plan, plaintext, moduli) {
    const { degree } = plan.keys;
    const t = plaintext.prime;
    this.kernels = kernels;
    this.prime = t;
    this.index = plaintext.generator.length;
    this.slotCount = plan.slotCount;
    const places = slotPlaces(degree, this.index);
    const slots = new Uint32Array(this.slotCount);
    places.forEach((place, slot) => (slots[place] = slot));
    /**
     * The slot of each value.
     * @private
     */
    this.slots = kernels.indices(slots);
    /**
     * Modulo X^(N/k) - r.
     * @private
     */
    this.inner = new Modulus(kernels, t, this.slotCount, power(plaintext.root, BigInt(this.index), t));
    // X = c Y makes that Y^(N/k) + 1, c = root^(1 - k).
    const step = power(plaintext.root, BigInt(this.index - 1), t);
    let last = 1n;
    /** @private */
    this.twist = kernels.constants(Array.from({ length: this.slotCount }, (_, i) => {
      if (i > 0) last = (last * step) % t;
      return last;
    }));
    /** @private */
    this.generator = kernels.constants(plaintext.generator);
    /** @private */
    this.reciprocal = kernels.constants(plaintext.reciprocal);
    /**
     * -Q modulo t.
     * @private
     */
    this.factor = t - moduli.reduce((product, { value }) => (product * value) % t, 1n);
    /** 1 / pi modulo each q_i. */
    this.inverses = moduli.map((modulus) => {
      const coefficients = kernels.words(degree);
      const words = kernels.wordsAt(coefficients, degree).fill(0n);
      inverseGenerator(plaintext, modulus.value).forEach((c, i) => (words[(i * degree) / this.index] = c));
      modulus.forward(coefficients);
      return coefficients;
    });
  }

  /**
   * pi (round(Q m / pi) + e) in N small coefficients.
   * @param {BigUint64Array} values of slots, below t.
   * @param {number} out
   * @param {number} errors small coefficients.
   * @param {number} scratch
   */
  encode(values, out, errors, scratch) {
    const { kernels, slotCount, inner, index } = this;
    kernels.wordsAt(out, slotCount).set(values);
    kernels.call.bsk_portable_permute(scratch, out, this.slots, slotCount);
    inner.inverse(scratch);
    inner.apply("mul", scratch, scratch, this.twist);
    inner.apply("mul_scalar", scratch, scratch, this.factor);
    kernels.call.bsk_portable_reduce_ideal(out, scratch, this.generator, this.reciprocal, index, slotCount);
    kernels.call.bsk_portable_multiply_add_ideal(out, errors, this.generator, index, slotCount);
  }
}

/** Encrypts samples under a secret key. */
export class Encryptor {
  /**
   * @param {Kernels} kernels
   * @param {Plan} plan
   * @param {Modulus[]} moduli of ciphertexts, then P.
   * @param {import("./secret.js").Secret} secret
   */
  constructor(kernels, plan, moduli, secret) {
    this.kernels = kernels;
    this.plan = plan;
    this.moduli = moduli.slice(0, -1);
    this.secret = secret;
    this.encoders = plan.plaintexts.map((plaintext) => new Encoder(kernels, plan, plaintext, this.moduli));
    /** @private */
    this.room = Array.from({ length: 5 }, () => kernels.words(plan.keys.degree));
    // A list of two pointers for each side of a sum of products.
    /** @private */
    this.lists = kernels.words(2);
  }

  /**
   * The body of a request: for each layout and plaintext modulus a seed and c_0.
   * @param {Int32Array} integers
   */
  async body(integers) {
    const parts = [];
    for (const layout of this.plan.inputLayouts) {
      for (const encoder of this.encoders) {
        const seed = newSeed();
        const expander = await Expander.from(seed);
        const masks = await Promise.all(this.moduli.map((modulus, limb) => expander.uniform(modulus, limb)));
        parts.push(seed, this.ciphertext(integers, layout, encoder, masks));
      }
    }
    return concatenate(parts);
  }

  /**
   * c_0 = round(Q m / pi) + e - a s, packed limb by limb.
   * @private
   * @param {Int32Array} integers
   * @param {Int32Array} layout
   * @param {Encoder} encoder
   * @param {BigUint64Array[]} masks a of each limb.
   */
  ciphertext(integers, layout, encoder, masks) {
    const { kernels, room } = this;
    const degree = this.plan.keys.degree;
    const [errors, random, small, mask, out] = room;
    fillRandom(kernels.bytesAt(random, degree * 8));
    kernels.call.bsk_portable_centered_binomial(errors, random, degree);
    // Each possible value once: of a few levels there are fewer than slots.
    /** @type {Map<number, bigint>} */
    const known = new Map();
    const slots = BigUint64Array.from(layout, (feature) => {
      const value = feature < 0 ? 0 : integers[feature];
      let residue = known.get(value);
      if (residue === undefined) {
        residue = BigInt(value) < 0n ? encoder.prime - (BigInt(-value) % encoder.prime) : BigInt(value) % encoder.prime;
        known.set(value, residue === encoder.prime ? 0n : residue);
      }
      return known.get(value) ?? 0n;
    });
    encoder.encode(slots, small, errors, random);
    slots.fill(0n);
    const parts = this.moduli.map((modulus, limb) => {
      modulus.values(out, small);
      kernels.wordsAt(mask, degree).set(masks[limb]);
      this.sumOfProducts(modulus, out, [out, mask], [encoder.inverses[limb], this.secret.negated[limb]]);
      return modulus.packed(out, mask).slice();
    });
    for (const pointer of [errors, random, small]) kernels.wipe(pointer, degree);
    return concatenate(parts);
  }

  /**
   * @private
   * @param {Modulus} modulus
   * @param {number} out
   * @param {number[]} a
   * @param {number[]} b
   */
  sumOfProducts(modulus, out, a, b) {
    const view = this.kernels.bytesAt(this.lists, 16);
    new Uint32Array(view.buffer, view.byteOffset, 4).set([...a, ...b]);
    modulus.apply("inner_product", out, this.lists, this.lists + 8, 2);
  }
}
