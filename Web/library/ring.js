// SPDX-License-Identifier: Apache-2.0

import { bitLength, primitiveRoot, reverseBits } from "./arithmetic.js";

/** A prime with the tables of its number-theoretic transform of one degree, and the kernels modulo it. */
export class Modulus {
  /**
   * @param {import("./kernels.js").Kernels} kernels
   * @param {bigint} value a prime below 2^50, 1 modulo 2 `degree`.
   * @param {number} degree a power of two from 8.
   * @param {bigint} root a primitive root of unity of order 2 `degree`.
   */
  constructor(kernels, value, degree, root = primitiveRoot(2 * degree, value)) {
    this.kernels = kernels;
    this.value = value;
    this.degree = degree;
    this.root = root;
    this.bits = bitLength(value);
    /** @private */
    this.table = kernels.call.bsk_ntt_create(value, Math.log2(degree), root) >>> 0;
    if (this.table === 0) throw new Error("the browser gives no more memory");
    /** The constants that kernels take. */
    this.pointer = kernels.call.bsk_ntt_modulus(this.table) >>> 0;
    /** Packed bytes of a polynomial. */
    this.packedBytes = (degree / 8) * this.bits;
  }

  /**
   * Coefficients to values, in place.
   * @param {number} x
   */
  forward(x) {
    this.kernels.call.bsk_portable_ntt_forward(this.table, x);
  }

  /**
   * Values to coefficients, in place.
   * @param {number} x
   */
  inverse(x) {
    this.kernels.call.bsk_portable_ntt_inverse(this.table, x);
  }

  /**
   * A kernel on polynomials: `bsk_portable_NAME(modulus, ...operands, degree)`.
   * @param {string} name
   * @param {(number | bigint)[]} operands
   */
  apply(name, ...operands) {
    this.kernels.call[`bsk_portable_${name}`](this.pointer, ...operands, this.degree);
  }

  /**
   * The values of signed coefficients.
   * @param {number} out
   * @param {number} coefficients magnitudes below 2^62.
   */
  values(out, coefficients) {
    this.apply("reduce_signed", out, coefficients);
    this.forward(out);
  }

  /**
   * Packs residues at the modulus's bits.
   * @param {number} x
   * @param {number} scratch room for as many words.
   * @returns {Uint8Array} a view: copy it.
   */
  packed(x, scratch) {
    this.kernels.call.bsk_portable_pack(scratch, x, this.bits, this.degree);
    return this.kernels.bytesAt(scratch, this.packedBytes);
  }
}

/**
 * The automorphism X -> X^element as a permutation of values: new value j is old value `indices[j]`.
 * @param {number} element odd, below 2 `degree`.
 * @param {number} degree
 */
export function permutation(element, degree) {
  const bits = Math.log2(degree);
  return Uint32Array.from({ length: degree }, (_, j) => {
    const exponent = 2 * reverseBits(j, bits) + 1;
    const image = (exponent * element) % (2 * degree);
    return reverseBits((image - 1) / 2, bits);
  });
}

/**
 * Of each slot the place of its value: docs/Scheme.md, "Slots".
 * @param {number} degree N.
 * @param {number} index k.
 */
export function slotPlaces(degree, index) {
  const modulus = 2 * degree;
  const columns = index === 1 ? degree / 2 : degree / index;
  // What a rotation by one column maps X to a power of.
  let step = index === 2 ? modulus - 3 : 3;
  for (let count = 1; count < index / 2; count++) step = (step * 3) % modulus;
  const row = [];
  for (let i = 0, element = 1; i < columns; i++) {
    row.push(element);
    element = (element * step) % modulus;
  }
  const elements = index === 1 ? [...row, ...row.map((element) => modulus - element)] : row;
  return Uint32Array.from(elements, (element) => reverseBits((element - 1) / 2, Math.log2(degree)));
}
