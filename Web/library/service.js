// SPDX-License-Identifier: Apache-2.0

// A service of encrypted predictions by HTTP: plans and keys, and the Open Inference Protocol with its binary
// extension. Only keys for evaluation and requests are ever sent.

import { concatenate, integer, littleEndian, utf8 } from "./bytes.js";
import { ServiceError } from "./errors.js";

/** @typedef {import("./blindsight.js").Client} Client */
/**
 * What a prediction was made of, for those who want to look at it.
 * @typedef {object} Exchange
 * @property {import("./outputs.js").Prediction} prediction
 * @property {Uint8Array} request
 * @property {Uint8Array} reply
 * @property {Record<string, number>} milliseconds of each step.
 */

/** One model of a service. */
export class Service {
  /**
   * @param {string} base where the service is, such as "https://example.org".
   * @param {string} model
   */
  constructor(base, model) {
    /** @private */
    this.base = base.replace(/\/+$/, "");
    /** @private */
    this.model = encodeURIComponent(model);
    /**
     * Keys that the service was seen to have.
     * @private
     * @type {Set<string>}
     */
    this.known = new Set();
  }

  /** The bytes of client.plan. */
  async plan() {
    const response = await this.request(`/v1/models/${this.model}/client.plan`);
    return new Uint8Array(await response.arrayBuffer());
  }

  /**
   * What network.json holds; undefined where the model's owner published none.
   * @returns {Promise<unknown>}
   */
  async network() {
    const response = await this.request(`/v1/models/${this.model}/network.json`, {}, [404]);
    return response.status === 404 ? undefined : response.json();
  }

  /**
   * Encrypts a sample, has it predicted, and decrypts the answer. Keys are made and sent where the service lacks them.
   * @param {Client} client
   * @param {ArrayLike<number>} sample
   * @param {(step: string) => void} [progress] called as a step begins: keys, upload, encrypt, predict, decrypt.
   * @returns {Promise<Exchange>}
   */
  async exchange(client, sample, progress = () => {}) {
    /** @type {Record<string, number>} */
    const milliseconds = {};
    /**
     * @template T
     * @param {string} step
     * @param {() => Promise<T>} body
     * @returns {Promise<T>}
     */
    const timed = async (step, body) => {
      progress(step);
      const start = performance.now();
      const value = await body();
      milliseconds[step] = (milliseconds[step] ?? 0) + performance.now() - start;
      return value;
    };
    const keys = await timed("keys", () => client.evaluationKeys());
    const request = await timed("encrypt", () => client.encrypt(sample));
    // Nobody can know keys that were just made.
    if (!this.known.has(keys.digest)) await timed("upload", () => this.putKeys(keys));
    let reply = await timed("predict", () => this.infer(request, keys.digest));
    if (!reply) {
      // Forgotten since.
      await timed("upload", () => this.putKeys(keys));
      reply = await timed("predict", () => this.infer(request, keys.digest));
    }
    if (!reply) throw new ServiceError("the service answers 404: it has no such model, or forgets keys at once", 404);
    const answer = reply;
    const prediction = await timed("decrypt", () => client.decrypt(answer, request));
    return { prediction, request, reply: answer, milliseconds };
  }

  /**
   * The same, for those who want the answer alone.
   * @param {Client} client
   * @param {ArrayLike<number>} sample
   */
  async predict(client, sample) {
    return (await this.exchange(client, sample)).prediction;
  }

  /**
   * Asks whether the service has keys, and sends them where it hasn't: for those who keep keys for longer than a page.
   * @param {import("./session.js").EvaluationKeys} keys
   */
  async ensureKeys(keys) {
    const { status } = await this.request(`/v1/keys/${keys.digest}`, { method: "HEAD" }, [404]);
    if (status === 404) await this.putKeys(keys);
    this.known.add(keys.digest);
  }

  /**
   * @private
   * @param {import("./session.js").EvaluationKeys} keys
   */
  async putKeys({ digest, bytes }) {
    await this.request(`/v1/keys/${digest}?model=${this.model}`, {
      method: "PUT",
      headers: { "Content-Type": "application/octet-stream" },
      body: bytes,
    });
    this.known.add(digest);
  }

  /**
   * The reply to a request.
   * @param {Uint8Array} request
   * @param {string} key the keys' digest.
   * @returns {Promise<Uint8Array | undefined>} undefined where the service doesn't know the keys.
   */
  async infer(request, key) {
    const head = utf8(JSON.stringify({
      inputs: [{
        name: "request", shape: [1], datatype: "BYTES", parameters: { binary_data_size: request.length + 4 },
      }],
      outputs: [{ name: "reply", parameters: { binary_data: true } }],
      parameters: { key_id: key },
    }));
    const response = await this.request(`/v2/models/${this.model}/infer`, {
      method: "POST",
      headers: {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": String(head.length),
      },
      body: concatenate([head, littleEndian(request.length, 4), request]),
    }, [404]);
    if (response.status === 404) return undefined;
    return readInference(response.headers, new Uint8Array(await response.arrayBuffer()));
  }

  /**
   * @private
   * @param {string} path
   * @param {RequestInit} [options]
   * @param {number[]} [expected] other answers than a success that are no errors.
   */
  async request(path, options = {}, expected = []) {
    let response;
    try {
      response = await fetch(this.base + path, { credentials: "omit", referrerPolicy: "no-referrer", ...options });
    } catch (error) {
      throw new ServiceError(`the service can't be reached: ${error instanceof Error ? error.message : error}`);
    }
    if (response.ok || expected.includes(response.status)) return response;
    const text = await response.text().catch(() => "");
    throw new ServiceError(`the service answers ${response.status}: ${errorText(text)}`, response.status);
  }
}

/** @param {string} text */
function errorText(text) {
  try {
    return String(JSON.parse(text).error).slice(0, 500);
  } catch {
    return text.slice(0, 500);
  }
}

/**
 * The reply in an answer of the protocol.
 * @param {Headers} headers
 * @param {Uint8Array} bytes
 */
function readInference(headers, bytes) {
  const length = headers.get("Inference-Header-Content-Length");
  const count = length !== null && /^[0-9]{1,9}$/.test(length) ? Number(length) : NaN;
  let output;
  try {
    const { outputs } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, count)));
    output = outputs.find((/** @type {any} */ each) => each.name === "reply");
  } catch {
    output = undefined;
  }
  const tensor = bytes.subarray(count || 0);
  if (!output || output.datatype !== "BYTES" || output.parameters?.binary_data_size !== tensor.length ||
    tensor.length < 4 || integer(tensor.subarray(0, 4)) !== tensor.length - 4) {
    throw new ServiceError("the service's answer holds no reply");
  }
  return tensor.slice(4);
}
