// SPDX-License-Identifier: Apache-2.0

import { areEqual, hexadecimal, sha256, utf8 } from "./bytes.js";
import { Decryptor } from "./decrypt.js";
import { Encryptor } from "./encrypt.js";
import { open, seal, section } from "./envelope.js";
import { DecryptionError, MismatchError, UnsupportedError } from "./errors.js";
import { openReply, sealRequest } from "./groups.js";
import { Kernels } from "./kernels.js";
import { KeyMaker } from "./keys.js";
import { evaluateNetwork } from "./network.js";
import { prediction } from "./outputs.js";
import { describePlan, method, readPlan } from "./plan.js";
import { prepare } from "./prefix.js";
import { quantize } from "./quantize.js";
import { Modulus } from "./ring.js";
import { Secret } from "./secret.js";

/** @typedef {import("./outputs.js").Prediction} Prediction */
/** @typedef {{ bytes: Uint8Array, digest: string }} EvaluationKeys */

/** After so many replies that were refused for what only the key tells, keys are worn out. */
const refusalLimit = 16;

/** A client in the thread that calls. */
export class Session {
  /**
   * @param {Uint8Array} planBytes
   * @param {Uint8Array} [secretKey] the bytes of secret.key; else a fresh one is made.
   */
  static async create(planBytes, secretKey) {
    const plan = await readPlan(planBytes);
    const kernels = await Kernels.load();
    const moduli = [...plan.keys.moduli, plan.keys.special].map(
      (value) => new Modulus(kernels, value, plan.keys.degree));
    const secret = secretKey
      ? Secret.read(kernels, moduli, await secretSection(secretKey, plan.keySetDigest))
      : Secret.generate(kernels, moduli);
    return new Session(kernels, plan, moduli, secret);
  }

  /**
   * @private
   * @param {Kernels} kernels
   * @param {import("./plan.js").Plan} plan
   * @param {Modulus[]} moduli
   * @param {Secret} secret
   */
  constructor(kernels, plan, moduli, secret) {
    /** @private */
    this.kernels = kernels;
    /** @private */
    this.settings = plan;
    /** @private */
    this.moduli = moduli;
    /** @private */
    this.secret = secret;
    /** @private */
    this.encryptor = new Encryptor(kernels, plan, moduli, secret);
    /** @private */
    this.decryptor = new Decryptor(kernels, plan, moduli, secret);
    /**
     * @private
     * @type {Promise<EvaluationKeys> | undefined}
     */
    this.keys = undefined;
    /** @private */
    this.refusals = 0;
    this.plan = describePlan(plan);
  }

  /**
   * Made at the first call, and the same from then on.
   * @param {(done: number, all: number) => void} [progress]
   * @returns {Promise<EvaluationKeys>}
   */
  evaluationKeys(progress = () => {}) {
    this.keys ??= this.makeKeys(progress);
    return this.keys;
  }

  /**
   * @private
   * @param {(done: number, all: number) => void} progress
   */
  async makeKeys(progress) {
    const maker = new KeyMaker(this.kernels, this.settings, this.moduli, this.secret);
    const bytes = await maker.file(progress);
    return { bytes, digest: hexadecimal(await sha256(bytes)) };
  }

  /**
   * @param {ArrayLike<number>} sample
   * @returns {Int32Array}
   */
  quantize(sample) {
    const { input, prefix } = this.settings;
    return quantize(input, prefix ? prepare(prefix, sample) : sample);
  }

  /**
   * @param {ArrayLike<number>} sample
   * @returns {Promise<Uint8Array>}
   */
  async encrypt(sample) {
    const body = await this.encryptor.body(this.quantize(sample));
    return sealRequest(this.settings.digest, body);
  }

  /**
   * @param {Uint8Array} reply
   * @param {Uint8Array} request
   * @returns {Promise<Prediction>}
   */
  async decrypt(reply, request) {
    const { digest, requestLength, replyLength, outputs } = this.settings;
    const body = await openReply(reply, request, { plan: digest, requestLength, replyLength });
    if (this.refusals >= refusalLimit) {
      throw new DecryptionError(
        `${refusalLimit} replies held too much noise or outputs out of range; whoever made them may be learning the ` +
        "key bit by bit: make new keys");
    }
    try {
      return prediction(outputs, this.decryptor.outputs(body));
    } catch (error) {
      if (error instanceof DecryptionError) this.refusals += 1;
      throw error;
    }
  }

  /**
   * The outputs of a published network in the clear.
   * @param {unknown} network
   * @param {ArrayLike<number>} sample
   * @returns {Promise<Prediction>}
   */
  async evaluate(network, sample) {
    return prediction(this.settings.outputs, evaluateNetwork(network, this.quantize(sample), this.plan));
  }

  /** The bytes of secret.key, without a passphrase. */
  async secretKey() {
    const bytes = this.secret.bytes();
    try {
      const { keySetDigest } = this.settings;
      return await seal([[section.method, utf8(method)], [section.key, bytes]], "secretKey", keySetDigest);
    } finally {
      bytes.fill(0);
    }
  }

  /** Wipes the secret key. */
  async close() {
    this.secret.wipe();
  }
}

/**
 * @param {Uint8Array} file
 * @param {Uint8Array} keySetDigest
 */
async function secretSection(file, keySetDigest) {
  const { digest, sections } = await open(file, "secretKey");
  const name = new TextDecoder().decode(sections.get(section.method));
  if (name !== method) throw new MismatchError(`a key of the method '${name}'; the plan has '${method}'`);
  if (!areEqual(digest, keySetDigest)) throw new MismatchError("a key of another key set than the plan's");
  const bytes = sections.get(section.key);
  if (!bytes) throw new UnsupportedError("a secret key under a passphrase, which this library doesn't read");
  return bytes;
}
