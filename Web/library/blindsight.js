// SPDX-License-Identifier: Apache-2.0

// Blindsight's client for web pages and Node: encrypts samples for a server that never sees them, and decrypts what it
// answers.
//
//     import { Client, Service } from "./blindsight.js";
//     const service = new Service("https://example.org", "mnist");
//     const client = await Client.create(await service.plan());
//     const { label } = await service.predict(client, pixels);

import { revive } from "./errors.js";

export * from "./errors.js";
export { Service } from "./service.js";

/** @typedef {import("./session.js").EvaluationKeys} EvaluationKeys */
/** @typedef {import("./outputs.js").Prediction} Prediction */
/** @typedef {import("./plan.js").PlanDescription} PlanDescription */
/**
 * @typedef {object} ClientOptions
 * @property {boolean} [worker] whether the client gets a thread of its own, in which its key stays; by default where
 *   there are Web Workers.
 * @property {Uint8Array} [secretKey] the bytes of secret.key without a passphrase; else a fresh key is made.
 */

/** Who owns the samples and the secret key. */
export class Client {
  /**
   * Reads client.plan, and makes a secret key.
   * @param {Uint8Array | Promise<Uint8Array>} planBytes
   * @param {ClientOptions} [options]
   * @returns {Promise<Client>}
   */
  static async create(planBytes, options = {}) {
    const { worker = "Worker" in globalThis, secretKey } = options;
    if (!worker) {
      const { Session } = await import("./session.js");
      const session = await Session.create(await planBytes, secretKey);
      return new Client(session.plan, (name, values, progress) => call(session, name, values, progress));
    }
    const thread = new Thread();
    try {
      return new Client(await thread.call("create", [await planBytes, secretKey]), thread.call.bind(thread));
    } catch (error) {
      thread.end();
      throw error;
    }
  }

  /**
   * @private
   * @param {PlanDescription} plan
   * @param {(name: string, values: any[], progress?: Progress) => Promise<any>} send
   */
  constructor(plan, send) {
    /** What may be told of the plan. */
    this.plan = plan;
    /** @private */
    this.send = send;
    /**
     * They are many bytes: a thread hands them over, and keeps none.
     * @private
     * @type {Promise<EvaluationKeys> | undefined}
     */
    this.keys = undefined;
  }

  /**
   * The bytes of evaluation.key, which a server needs once, and their SHA-256. Made at the first call, and the same
   * from then on.
   * @param {(done: number, all: number) => void} [progress]
   * @returns {Promise<EvaluationKeys>}
   */
  evaluationKeys(progress) {
    this.keys ??= this.send("evaluationKeys", [], progress);
    return this.keys;
  }

  /**
   * Quantizes and encrypts one sample.
   * @param {ArrayLike<number>} sample as many reals as the plan's shape has.
   * @returns {Promise<Uint8Array>} a request's file. Keep it: `decrypt` asks for it.
   */
  encrypt(sample) {
    return this.send("encrypt", [Float32Array.from(sample)]);
  }

  /**
   * Decrypts a reply.
   * @param {Uint8Array} reply a reply's file.
   * @param {Uint8Array} request what it must answer.
   * @returns {Promise<Prediction>}
   * @throws {import("./errors.js").DecryptionError} of which a server must never learn.
   */
  decrypt(reply, request) {
    return this.send("decrypt", [reply, request]);
  }

  /**
   * The integers that a sample is encrypted as.
   * @param {ArrayLike<number>} sample
   * @returns {Promise<Int32Array>}
   */
  quantize(sample) {
    return this.send("quantize", [Float32Array.from(sample)]);
  }

  /**
   * What the plan's network gives for a sample in the clear: an encrypted result must equal it, integer by integer.
   * @param {unknown} network what network.json holds, of a model whose owner published it.
   * @param {ArrayLike<number>} sample
   * @returns {Promise<Prediction>}
   */
  evaluate(network, sample) {
    return this.send("evaluate", [network, Float32Array.from(sample)]);
  }

  /**
   * The bytes of secret.key, without a passphrase: whoever has them decrypts. Wipe them after use.
   * @returns {Promise<Uint8Array>}
   */
  secretKey() {
    return this.send("secretKey", []);
  }

  /** Wipes the secret key, and ends the thread. */
  async close() {
    await this.send("close", []);
  }
}

/** @typedef {(done: number, all: number) => void} Progress */

/**
 * @param {import("./session.js").Session} session
 * @param {string} name
 * @param {any[]} values
 * @param {Progress | undefined} progress
 */
async function call(session, name, values, progress) {
  const target = /** @type {any} */ (session);
  return name === "evaluationKeys" ? session.evaluationKeys(progress) : target[name](...values);
}

/** The thread of a client. */
class Thread {
  constructor() {
    /** @private */
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    /**
     * @private
     * @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void, progress?: Progress }>}
     */
    this.calls = new Map();
    /** @private */
    this.last = 0;
    /**
     * Why it takes no more calls.
     * @private
     * @type {Error | undefined}
     */
    this.reason = undefined;
    this.worker.addEventListener("message", ({ data }) => this.receive(data));
    // A script that can't be loaded, or memory that ran out.
    this.worker.addEventListener("error", (event) => this.fail(new Error(event.message || "the worker ended")));
    this.worker.addEventListener("messageerror", () => this.fail(new Error("the worker's answer can't be read")));
  }

  /**
   * @param {string} name
   * @param {any[]} values
   * @param {Progress} [progress]
   * @returns {Promise<any>}
   */
  async call(name, values, progress) {
    if (this.reason) throw this.reason;
    const id = ++this.last;
    const value = await new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject, progress });
      this.worker.postMessage({ id, call: name, arguments: values });
    });
    if (name === "close") this.end();
    return value;
  }

  /**
   * @private
   * @param {any} message
   */
  receive({ id, value, error, progress }) {
    const waiting = this.calls.get(id);
    if (progress) {
      waiting?.progress?.(progress[0], progress[1]);
      return;
    }
    this.calls.delete(id);
    if (error) waiting?.reject(revive(error));
    else waiting?.resolve(value);
  }

  /**
   * @private
   * @param {Error} error
   */
  fail(error) {
    this.reason ??= error;
    for (const { reject } of this.calls.values()) reject(error);
    this.calls.clear();
  }

  end() {
    this.worker.terminate();
    this.fail(new Error("the client was closed"));
  }
}
