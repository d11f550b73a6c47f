// SPDX-License-Identifier: Apache-2.0

import { FormatError } from "./errors.js";
import { fillRandom } from "./random.js";

/**
 * |p(zeta)| at N/2 complex roots of X^N + 1, one of each conjugate pair: the largest of them, squared.
 * @param {Float64Array} coefficients wiped.
 */
function largestEmbedding(coefficients) {
  const half = coefficients.length / 2;
  const bits = Math.log2(half);
  const [re, im] = [new Float64Array(half), new Float64Array(half)];
  // X^(N/2) is i at these roots. A twist by exp(i pi k / N) makes an ordinary transform of it.
  for (let k = 0; k < half; k++) {
    const [a, b] = [coefficients[k], coefficients[half + k]];
    const [c, s] = [Math.cos((Math.PI * k) / (2 * half)), Math.sin((Math.PI * k) / (2 * half))];
    let place = 0;
    for (let bit = 0; bit < bits; bit++) place = place * 2 + ((k >> bit) & 1);
    re[place] = a * c - b * s;
    im[place] = a * s + b * c;
  }
  for (let step = 1; step < half; step *= 2) {
    for (let k = 0; k < step; k++) {
      const [c, s] = [Math.cos((Math.PI * k) / step), Math.sin((Math.PI * k) / step)];
      for (let i = k; i < half; i += 2 * step) {
        const j = i + step;
        const [xr, xi] = [re[i], im[i]];
        const [yr, yi] = [re[j] * c - im[j] * s, re[j] * s + im[j] * c];
        re[i] = xr + yr;
        im[i] = xi + yi;
        re[j] = xr - yr;
        im[j] = xi - yi;
      }
    }
  }
  let largest = 0;
  for (let k = 0; k < half; k++) largest = Math.max(largest, re[k] ** 2 + im[k] ** 2);
  for (const values of [coefficients, re, im]) values.fill(0);
  return largest;
}

/**
 * What noise certificates count on: key generation draws again otherwise, about one time in 50.
 * @param {BigInt64Array} coefficients
 */
function areBoundsKept(coefficients) {
  const n = coefficients.length;
  const reals = Float64Array.from(coefficients, Number);
  const squares = reals.reduce((sum, x) => sum + x * x, 0);
  const squaredNorm = Math.min(n, (2 * n) / 3 + 3 * Math.sqrt((2 * n) / 9));
  const largest = ((Math.log(n / 2) + Math.log(100)) * 2 * n) / 3;
  return largestEmbedding(reals) * (1 + 2 ** -29) <= largest && squares <= squaredNorm;
}

/** A uniform ternary secret in the kernels' memory: signed coefficients, and values modulo every q_i and P. */
export class Secret {
  /**
   * A fresh one of the browser's generator.
   * @param {import("./kernels.js").Kernels} kernels
   * @param {import("./ring.js").Modulus[]} moduli of ciphertexts, then P.
   */
  static generate(kernels, moduli) {
    const degree = moduli[0].degree;
    const coefficients = kernels.words(degree);
    const drawn = kernels.words(degree);
    do {
      fillRandom(kernels.bytesAt(drawn, degree * 8));
      kernels.call.bsk_portable_ternary(coefficients, drawn, degree);
      kernels.wipe(drawn, degree);
    } while (!areBoundsKept(kernels.signedAt(coefficients, degree)));
    kernels.call.free(drawn);
    return new Secret(kernels, moduli, coefficients);
  }

  /**
   * From the bytes of a secret key: 2 bits a coefficient, 2 for -1.
   * @param {import("./kernels.js").Kernels} kernels
   * @param {import("./ring.js").Modulus[]} moduli
   * @param {Uint8Array} bytes
   */
  static read(kernels, moduli, bytes) {
    const degree = moduli[0].degree;
    if (bytes.length !== degree / 4) {
      throw new FormatError(`${bytes.length} secret key bytes; the plan needs ${degree / 4}`);
    }
    const coefficients = kernels.words(degree);
    const values = kernels.signedAt(coefficients, degree);
    let isTernary = true;
    for (let i = 0; i < degree; i++) {
      const field = (bytes[i >> 2] >> (2 * (i & 3))) & 3;
      isTernary = isTernary && field < 3;
      values[i] = BigInt((field & 1) - (field >> 1));
    }
    if (!isTernary || !areBoundsKept(values)) {
      kernels.wipe(coefficients, degree);
      throw new FormatError("out of range: a secret key that key generation never gives");
    }
    return new Secret(kernels, moduli, coefficients);
  }

  /**
   * @private
   * @param {import("./kernels.js").Kernels} kernels
   * @param {import("./ring.js").Modulus[]} moduli
   * @param {number} coefficients
   */
  constructor(kernels, moduli, coefficients) {
    this.kernels = kernels;
    this.degree = moduli[0].degree;
    this.coefficients = coefficients;
    /**
     * Nothing may be computed with a key of zeros: it would hide nothing.
     * @private
     */
    this.isWiped = false;
    /** @private */
    this.ownValues = moduli.map((modulus) => {
      const values = kernels.words(modulus.degree);
      modulus.values(values, coefficients);
      return values;
    });
    /** @private */
    this.ownNegated = moduli.map((modulus, i) => {
      const values = kernels.words(modulus.degree);
      modulus.apply("neg", values, this.ownValues[i]);
      return values;
    });
  }

  /** @private */
  requireOpen() {
    if (this.isWiped) throw new Error("the client was closed");
  }

  /** Of each modulus s. */
  get values() {
    this.requireOpen();
    return this.ownValues;
  }

  /** Of each modulus -s. */
  get negated() {
    this.requireOpen();
    return this.ownNegated;
  }

  /** The bytes of the secret key. Wipe them after use. */
  bytes() {
    this.requireOpen();
    const out = new Uint8Array(this.degree / 4);
    this.kernels.signedAt(this.coefficients, this.degree).forEach((value, i) => {
      const field = value === -1n ? 2 : Number(value);
      out[i >> 2] = out[i >> 2] | (field << (2 * (i & 3)));
    });
    return out;
  }

  /** Nothing can be encrypted or decrypted after it. */
  wipe() {
    this.isWiped = true;
    for (const pointer of [this.coefficients, ...this.ownValues, ...this.ownNegated]) {
      this.kernels.wipe(pointer, this.degree);
    }
  }
}
