// SPDX-License-Identifier: Apache-2.0

import { littleEndian, subtle } from "./bytes.js";

/** What one call of the browser's generator gives at most. */
const most = 65536;

/**
 * Fills memory with random bytes of the browser's generator.
 * @param {Uint8Array} bytes
 */
export function fillRandom(bytes) {
  for (let start = 0; start < bytes.length; start += most) {
    crypto.getRandomValues(bytes.subarray(start, start + most));
  }
}

/** @returns {Uint8Array} 32 fresh bytes, which are public: never errors or secrets come from one. */
export function newSeed() {
  return crypto.getRandomValues(new Uint8Array(32));
}

/** Public randomness: AES-256 in counter mode under a seed. */
export class Expander {
  /** @param {Uint8Array} seed */
  static async from(seed) {
    return new Expander(await subtle().importKey("raw", seed, "AES-CTR", false, ["encrypt"]));
  }

  /** @param {CryptoKey} key */
  constructor(key) {
    /** @private */
    this.key = key;
  }

  /**
   * The first bytes of a stream.
   * @param {number} stream
   * @param {number} length
   */
  async bytes(stream, length) {
    // The stream's number, then the block's, which counts up from 0.
    const counter = new Uint8Array(16);
    counter.set(littleEndian(stream, 8));
    const zeros = new Uint8Array(length);
    return new Uint8Array(await subtle().encrypt({ name: "AES-CTR", counter, length: 64 }, this.key, zeros));
  }

  /**
   * Uniform residues of one limb: fields of the modulus's bits, those not below it rejected.
   * @param {import("./ring.js").Modulus} modulus
   * @param {number} stream
   * @returns {Promise<BigUint64Array>} one for each coefficient.
   */
  async uniform(modulus, stream) {
    const { kernels, degree, bits } = modulus;
    // A little more than the expected number of fields, and a whole number of blocks.
    const density = 2 ** bits / Number(modulus.value);
    let fields = Math.ceil((degree * density * 1.03 + 256) / 128) * 128;
    for (;;) {
      const bytes = await this.bytes(stream, (fields / 8) * bits);
      // No other code runs until the residues are copied out.
      const place = kernels.words(degree + 1 + bytes.length / 8);
      const packed = place + (degree + 1) * 8;
      kernels.bytesAt(packed, bytes.length).set(bytes);
      const found = kernels.call.bsk_portable_uniform(
        modulus.pointer, place, degree, packed, fields, place + degree * 8);
      const residues = kernels.wordsAt(place, degree).slice();
      kernels.call.free(place);
      if (found === degree) return residues;
      fields *= 2;
    }
  }
}
