// SPDX-License-Identifier: Apache-2.0

// The C kernels as WebAssembly, and the memory that they work in. A pointer is a number, valid until `free`.

/** @typedef {Record<string, (...args: any[]) => any>} Calls */

/** @returns {Promise<BufferSource>} */
async function moduleBytes() {
  const url = new URL("kernels.wasm", import.meta.url);
  if (url.protocol === "file:") {
    // @ts-ignore: Node's, where there is a file system.
    const { readFile } = await import("node:fs/promises");
    return readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`kernels.wasm: ${response.status}`);
  return response.arrayBuffer();
}

export class Kernels {
  /** @returns {Promise<Kernels>} */
  static async load() {
    const { instance } = await WebAssembly.instantiate(await moduleBytes(), {});
    return new Kernels(instance);
  }

  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    const { memory, ...calls } = instance.exports;
    /** @private */
    this.memory = /** @type {WebAssembly.Memory} */ (memory);
    /** All functions of exports.txt. */
    this.call = /** @type {Calls} */ (/** @type {unknown} */ (calls));
  }

  /**
   * Memory for so many 64-bit words, aligned for them.
   * @param {number} count
   * @returns {number}
   */
  words(count) {
    const pointer = this.call.malloc(count * 8) >>> 0;
    if (pointer === 0) throw new Error("the browser gives no more memory");
    return pointer;
  }

  /**
   * A view, for as long as no memory is taken.
   * @param {number} pointer
   * @param {number} count of bytes.
   */
  bytesAt(pointer, count) {
    return new Uint8Array(this.memory.buffer, pointer, count);
  }

  /**
   * The same of words.
   * @param {number} pointer
   * @param {number} count
   */
  wordsAt(pointer, count) {
    return new BigUint64Array(this.memory.buffer, pointer, count);
  }

  /**
   * The same of signed words.
   * @param {number} pointer
   * @param {number} count
   */
  signedAt(pointer, count) {
    return new BigInt64Array(this.memory.buffer, pointer, count);
  }

  /**
   * @param {number} pointer
   * @param {number} count of words.
   */
  wipe(pointer, count) {
    this.call.bsk_wipe(pointer, count * 8);
  }

  /**
   * Copies numbers in.
   * @param {ArrayLike<number>} values of 32 bits.
   * @returns {number}
   */
  indices(values) {
    const pointer = this.words(Math.ceil(values.length / 2));
    new Uint32Array(this.memory.buffer, pointer, values.length).set(values);
    return pointer;
  }

  /**
   * Copies words in.
   * @param {bigint[]} values below 2^64 and not below -2^63.
   * @returns {number}
   */
  constants(values) {
    const pointer = this.words(values.length);
    this.wordsAt(pointer, values.length).set(values);
    return pointer;
  }
}
