// SPDX-License-Identifier: Apache-2.0

import { inverse, reconstruct, reduce } from "./arithmetic.js";
import { DecryptionError } from "./errors.js";
import { Modulus, slotPlaces } from "./ring.js";

/** @typedef {import("./plan.js").Plan} Plan */
/** @typedef {import("./kernels.js").Kernels} Kernels */

/** Decrypts replies. What it finds of the key is judged after all of a reply was decrypted. */
export class Decryptor {
  /**
   * @param {Kernels} kernels
   * @param {Plan} plan
   * @param {Modulus[]} moduli of ciphertexts, then P.
   * @param {import("./secret.js").Secret} secret
   */
  constructor(kernels, plan, moduli, secret) {
    const { degree } = plan.keys;
    this.kernels = kernels;
    this.plan = plan;
    this.secret = secret;
    this.first = moduli[0];
    this.special = moduli[moduli.length - 1];
    this.specialIndex = moduli.length - 1;
    this.plaintexts = plan.plaintexts.map(({ prime, root, generator }) => ({
      modulus: new Modulus(kernels, prime, degree, root),
      generator: kernels.constants(generator),
      index: generator.length,
      places: kernels.indices(slotPlaces(degree, generator.length)),
    }));
    /** @private */
    this.room = Array.from({ length: 6 }, () => kernels.words(degree));
  }

  /**
   * The integer outputs of a reply.
   * @param {Uint8Array} body of the plan's length.
   * @returns {bigint[]}
   * @throws {DecryptionError}
   */
  outputs(body) {
    const { plan } = this;
    const each = plan.outputLayouts.length;
    const length = plan.replyLength / (each * this.plaintexts.length);
    const margins = this.plaintexts.map(() => Infinity);
    const sums = this.plaintexts.map(({ modulus }, place) => {
      const totals = plan.outputs.bounds.map(() => 0n);
      plan.outputLayouts.forEach((layout, number) => {
        const start = (place * each + number) * length;
        const { slots, margin } = this.slots(body.subarray(start, start + length), place);
        margins[place] = Math.min(margins[place], margin);
        layout.forEach((output, slot) => {
          if (output >= 0) totals[output] += slots[slot];
        });
        slots.fill(0n);
      });
      return totals.map((total) => total % modulus.value);
    });
    const logits = this.integers(sums);
    const areQuiet = margins.map((margin, place) => margin >= plan.noiseMarginBits[place] - 2 ** -20);
    if (areQuiet.includes(false)) {
      throw new DecryptionError(
        "the reply holds more noise than the plan allows: made with other keys, or changed on the way; " +
        "never tell the server of this");
    }
    const { bounds, rangeIsProven } = plan.outputs;
    if (rangeIsProven && !logits.every((x, i) => bounds[i].lowest <= x && x <= bounds[i].highest)) {
      throw new DecryptionError(
        "a decrypted output is outside the range that the plan proves: made with another key or model, or changed on " +
        "the way; never tell the server of this");
    }
    return logits;
  }

  /**
   * From residues modulo each t_i to the one integer of an output's range.
   * @private
   * @param {bigint[][]} sums of each t_i.
   */
  integers(sums) {
    const { outputUnits, outputs } = this.plan;
    const primes = this.plaintexts.map(({ modulus }) => modulus.value);
    const product = primes.reduce((a, b) => a * b, 1n);
    const inverses = primes.map((prime, i) => inverse(outputUnits[i], prime));
    return outputs.bounds.map(({ lowest }, output) => {
      const residues = primes.map((prime, i) => (sums[i][output] * inverses[i]) % prime);
      return lowest + reduce(reconstruct(residues, primes) - lowest, product);
    });
  }

  /**
   * The slots of one ciphertext: with v = 2^(k1 - k0) c_0 + c_1 s modulo 2^k1 and nu = pi v, they are those of
   * nu / (-2^k1).
   * @private
   * @param {Uint8Array} packed c_0, then c_1.
   * @param {number} place of its plaintext modulus.
   */
  slots(packed, place) {
    const { kernels, plan } = this;
    const { degree } = plan.keys;
    const { modulus, generator, index, places } = this.plaintexts[place];
    const [c0, c1, phase, noise, message, slots] = this.room;
    const { replyC0Bits: k0, replyC1Bits: k1 } = plan;
    this.unpack(packed.subarray(0, (degree / 8) * k0), c0, message, k0);
    this.unpack(packed.subarray((degree / 8) * k0), c1, message, k1);
    kernels.call.bsk_portable_sign_extend(c1, c1, k1, degree);
    if (k1 + Math.log2(degree) < this.first.bits) {
      this.timesSecret(phase, c1, this.first, 0);
      this.first.apply("center_add", phase, phase, c0, k1 - k0);
    } else {
      this.widePhase(phase, c1, c0, k1 - k0);
    }
    kernels.signedAt(noise, degree).fill(0n);
    kernels.call.bsk_portable_multiply_add_ideal(noise, phase, generator, index, degree / index);
    kernels.call.bsk_portable_sign_extend(noise, noise, k1, degree);
    const magnitude = kernels.call.bsk_portable_largest_magnitude(noise, degree);
    const largest = Math.max(Number(BigInt.asUintN(64, magnitude)), 1);
    const t = modulus.value;
    modulus.apply("reduce_signed", message, noise);
    modulus.apply("mul_scalar", message, message, inverse(t - ((1n << BigInt(k1)) % t), t));
    modulus.forward(message);
    kernels.call.bsk_portable_permute(slots, message, places, plan.slotCount);
    const found = kernels.wordsAt(slots, plan.slotCount).slice();
    for (const pointer of [phase, noise, message, slots]) kernels.wipe(pointer, degree);
    return { slots: found, margin: k1 - 1 - Math.log2(largest) };
  }

  /**
   * @private
   * @param {Uint8Array} packed
   * @param {number} out
   * @param {number} scratch
   * @param {number} bits
   */
  unpack(packed, out, scratch, bits) {
    const { degree } = this.plan.keys;
    this.kernels.bytesAt(scratch, packed.length).set(packed);
    this.kernels.call.bsk_portable_unpack(out, scratch, bits, degree);
  }

  /**
   * out = c s modulo one prime, in coefficients.
   * @private
   * @param {number} out
   * @param {number} c signed.
   * @param {Modulus} modulus
   * @param {number} place of its values of s.
   */
  timesSecret(out, c, modulus, place) {
    modulus.values(out, c);
    modulus.apply("mul", out, out, this.secret.values[place]);
    modulus.inverse(out);
  }

  /**
   * phase = c_1 s + 2^lift c_0 modulo 2^64, where q_0 alone is too small: x = x_0 + q_0 y with
   * y = (x_P - x_0) / q_0 modulo P, both centered.
   * @private
   * @param {number} phase
   * @param {number} c1
   * @param {number} c0
   * @param {number} lift
   */
  widePhase(phase, c1, c0, lift) {
    const { kernels, first, special } = this;
    const { degree } = this.plan.keys;
    const [, , , second, lifted] = this.room;
    this.timesSecret(phase, c1, first, 0);
    this.timesSecret(second, c1, special, this.specialIndex);
    kernels.call.bsk_portable_lift_centered(first.pointer, special.pointer, lifted, phase, degree);
    special.apply("sub_mul_scalar", second, second, lifted, inverse(first.value, special.value));
    special.apply("center", second, second);
    // x_0 + 2^lift c_0, then q_0 y: pi with one coefficient.
    first.apply("center_add", phase, phase, c0, lift);
    const q = kernels.constants([first.value]);
    kernels.call.bsk_portable_multiply_add_ideal(phase, second, q, 1, degree);
    kernels.call.free(q);
  }
}
