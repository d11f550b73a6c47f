// SPDX-License-Identifier: Apache-2.0

// evaluation.key: what a server computes with.

import { inverse, power } from "./arithmetic.js";
import { concatenate, sha256, utf8 } from "./bytes.js";
import { checksumLength, header, headerLength, section, sectionHead } from "./envelope.js";
import { digits, evaluationKeyBytes } from "./parameters.js";
import { method } from "./plan.js";
import { Expander, fillRandom, newSeed } from "./random.js";
import { permutation } from "./ring.js";

/** @typedef {import("./parameters.js").Gadget} Gadget */
/** @typedef {import("./ring.js").Modulus} Modulus */
/**
 * A key of its list: from s' to s'', of which it has the values modulo every q_i and P.
 * @typedef {object} Task
 * @property {number} level
 * @property {{ limb: number, shift: number }[]} digits one for the public key.
 * @property {() => { source?: number[], negatedTarget: number[] }} ends s' (none of the public key) and -s''.
 */

/** Makes the keys of one client. */
export class KeyMaker {
  /**
   * @param {import("./kernels.js").Kernels} kernels
   * @param {import("./plan.js").Plan} plan
   * @param {Modulus[]} moduli of ciphertexts, then P.
   * @param {import("./secret.js").Secret} secret
   */
  constructor(kernels, plan, moduli, secret) {
    this.kernels = kernels;
    this.plan = plan;
    this.moduli = moduli;
    this.secret = secret;
    this.degree = plan.keys.degree;
    /** Room for a polynomial of errors, random words, and two of residues. */
    this.room = Array.from({ length: 4 }, () => kernels.words(this.degree));
    /**
     * Room for s'' and s'.
     * @private
     */
    this.ends = moduli.map(() => [kernels.words(this.degree), kernels.words(this.degree)]);
  }

  /**
   * The file's bytes.
   * @param {(done: number, all: number) => void} progress
   */
  async file(progress) {
    const { plan } = this;
    const keyBytes = evaluationKeyBytes(plan.keys);
    const name = utf8(method);
    const sections = concatenate([
      sectionHead(section.method, name.length), name, sectionHead(section.key, keyBytes),
    ]);
    const length = headerLength + sections.length + keyBytes;
    const file = new Uint8Array(length + checksumLength);
    file.set(header("evaluationKeys", plan.keySetDigest, sections.length + keyBytes));
    file.set(sections, headerLength);
    let offset = headerLength + sections.length;
    const tasks = this.tasks();
    try {
      // The next key's randomness is expanded while this one's is used.
      let next = this.expand(tasks[0]);
      for (const [index, task] of tasks.entries()) {
        const { seed, masks } = await next;
        if (index + 1 < tasks.length) next = this.expand(tasks[index + 1]);
        file.set(seed, offset);
        offset = this.write(task, masks, file, offset + seed.length);
        progress(index + 1, tasks.length);
      }
    } finally {
      this.wipe();
    }
    file.set(await sha256(file.subarray(0, length)), length);
    return file;
  }

  /**
   * In the order of a file.
   * @returns {Task[]}
   */
  tasks() {
    const { keys } = this.plan;
    /**
     * @param {Gadget} gadget
     * @param {Task["ends"]} ends
     */
    const task = (gadget, ends) => ({ level: gadget.level, digits: digits(keys, gadget), ends });
    // The secret is asked for when it is needed: it may be wiped by then, which is an error.
    const relinearization = keys.relinearization && task(keys.relinearization, () => {
      const { values, negated } = this.secret;
      const source = this.each((modulus, i, [, square]) => {
        modulus.apply("mul", square, values[i], values[i]);
        return square;
      });
      return { source, negatedTarget: negated };
    });
    const galois = keys.galois.map(({ element, gadget }) => task(gadget, () => {
      const { values, negated } = this.secret;
      const back = Number(inverse(BigInt(element), BigInt(2 * this.degree)));
      const indices = this.kernels.indices(permutation(back, this.degree));
      const negatedTarget = this.each((_, i, [image]) => {
        this.kernels.call.bsk_portable_permute(image, negated[i], indices, this.degree);
        return image;
      });
      this.kernels.call.free(indices);
      return { source: values, negatedTarget };
    }));
    const publicKey = {
      level: keys.rerandomizationLevel,
      digits: [{ limb: -1, shift: 0 }],
      ends: () => ({ negatedTarget: this.secret.negated }),
    };
    return [...(relinearization ? [relinearization] : []), ...galois, publicKey];
  }

  /**
   * @private
   * @param {(modulus: Modulus, index: number, room: number[]) => number} body
   */
  each(body) {
    return this.moduli.map((modulus, i) => body(modulus, i, this.ends[i]));
  }

  /**
   * Of a level: the numbers of its moduli, then of P.
   * @private
   * @param {number} level
   */
  limbs(level) {
    return [...Array.from({ length: level }, (_, i) => i), this.moduli.length - 1];
  }

  /**
   * A new seed, and a of every digit and limb.
   * @private
   * @param {Task} task
   */
  async expand(task) {
    const seed = newSeed();
    const expander = await Expander.from(seed);
    const masks = await Promise.all(task.digits.map((_, digit) =>
      Promise.all(this.limbs(task.level).map((number, limb) =>
        expander.uniform(this.moduli[number], digit * 65536 + limb)))));
    return { seed, masks };
  }

  /**
   * Writes b = e + P B^j s' - a s'' of every digit, limb by limb. But for the public key's, what is written is v 2^52
   * modulo q for every v, and a is in this form too.
   * @private
   * @param {Task} task
   * @param {BigUint64Array[][]} masks
   * @param {Uint8Array} file
   * @param {number} offset
   * @returns {number} where the next key begins.
   */
  write(task, masks, file, offset) {
    const { kernels, degree } = this;
    const [errors, random, mask, out] = this.room;
    const { source, negatedTarget } = task.ends();
    for (const [digit, { limb: own, shift }] of task.digits.entries()) {
      fillRandom(kernels.bytesAt(random, degree * 8));
      kernels.call.bsk_portable_centered_binomial(errors, random, degree);
      for (const [limb, number] of this.limbs(task.level).entries()) {
        const modulus = this.moduli[number];
        const montgomery = source ? (1n << 52n) % modulus.value : 1n;
        modulus.values(out, errors);
        if (source) modulus.apply("mul_scalar", out, out, montgomery);
        kernels.wordsAt(mask, degree).set(masks[digit][limb]);
        modulus.apply("mul_add", out, mask, negatedTarget[number]);
        if (source && limb === own) {
          const special = this.plan.keys.special % modulus.value;
          const factor = special * power(2n, BigInt(shift), modulus.value) * montgomery;
          modulus.apply("mul_scalar", mask, source[number], factor % modulus.value);
          modulus.apply("add", out, out, mask);
        }
        file.set(modulus.packed(out, mask), offset);
        offset += modulus.packedBytes;
      }
    }
    return offset;
  }

  /** @private */
  wipe() {
    for (const pointer of [...this.room, ...this.ends.flat()]) {
      this.kernels.wipe(pointer, this.degree);
      this.kernels.call.free(pointer);
    }
  }
}
