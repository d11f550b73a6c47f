// SPDX-License-Identifier: Apache-2.0

import { Client, DecryptionError, Service } from "../library/blindsight.js";
import { Drawing } from "./drawing.js";
import { strokesOf } from "./strokes.js";
import {
  element, hexadecimal, showAnswer, showBytes, showComparison, showFacts, showSample, showTimes, size, time,
} from "./views.js";

/** What stands before a request's and a reply's ciphertext. */
const headLength = 136;
/** The least time between two encryptions of what is being drawn. */
const pause = 120;
const model = new URLSearchParams(location.search).get("model") ?? "mnist";

/** @typedef {import("../library/service.js").Exchange} Exchange */

const where = {
  plan: ["Read the plan", "here"],
  setup: ["Load, make the secret key", "here"],
  keys: ["Make evaluation keys", "here, once"],
  upload: ["Send evaluation keys", "once"],
  encrypt: ["Encrypt", "here"],
  predict: ["Compute on ciphertext", "server"],
  decrypt: ["Decrypt", "here"],
};

/** One visit: a client with its key, and what was drawn and asked last. */
class Demonstration {
  constructor() {
    this.service = new Service(location.origin, model);
    this.drawing = new Drawing(element("drawing"), () => this.changed());
    /** @type {Client | undefined} */
    this.client = undefined;
    /** @type {unknown} */
    this.network = undefined;
    /**
     * The last answer, and what was asked.
     * @type {{ sample: Float32Array, milliseconds: number, exchange: Exchange } | undefined}
     */
    this.last = undefined;
    /**
     * @private
     * @type {Record<string, number>}
     */
    this.once = {};
    /** @private */
    this.isBusy = false;
    /**
     * @private
     * @type {number | undefined}
     */
    this.frame = undefined;
    /**
     * @private
     * @type {ReturnType<typeof setTimeout> | undefined}
     */
    this.preview = undefined;
    element("clear").addEventListener("click", () => this.drawing.clear());
    element("example").addEventListener("click", () => this.drawExample());
    element("ask").addEventListener("click", () => this.ask());
    element("verify").addEventListener("click", () => this.verify());
  }

  /** Reads the plan, and makes keys while the visitor draws. Nothing is sent. */
  async start() {
    let start = performance.now();
    const lap = (/** @type {string} */ step) => {
      const now = performance.now();
      this.once[step] = now - start;
      start = now;
    };
    // The client's thread starts meanwhile.
    const plan = this.service.plan();
    plan.then(() => lap("plan"), () => {});
    this.client = await Client.create(plan);
    lap("setup");
    const { shape, labels } = this.client.plan;
    if (shape.reduce((a, b) => a * b, 1) !== 784 || labels.length !== 10) {
      throw new Error(`this page draws digits of 28 by 28 pixels, which the model '${model}' does not take`);
    }
    this.describe();
    this.changed();
    element("status").textContent = "Your keys are being made";
    await this.client.evaluationKeys((done, all) => {
      if (!this.isBusy) element("status").textContent = `Your keys are being made: ${done} of ${all}`;
    });
    lap("keys");
    if (!this.isBusy) element("status").textContent = "Your keys are ready. Nothing was sent yet.";
    // Now, not when somebody verifies: that would tell the server that something was odd.
    this.network = await this.service.network().catch(() => undefined);
    element("verification").hidden = !this.network;
  }

  /** @private */
  describe() {
    const plan = this.client?.plan;
    if (!plan) return;
    const privacy = plan.functionPrivacyBits ? `${plan.functionPrivacyBits} bits` : "none; replies are re-randomized";
    element("parameters").textContent =
      `BFV with ring degree ${plan.degree.toLocaleString("en")}, log2 QP ${plan.keyModulusBits}, ` +
      `${plan.securityBits}-bit security, function privacy ${privacy}. ` +
      `Plan ${plan.digest.slice(0, 16)}, key set ${plan.keySet.slice(0, 16)}.`;
  }

  /**
   * After a change of the drawing, once a frame.
   * @private
   */
  changed() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.update();
    });
  }

  /** @private */
  update() {
    const { sample } = this.drawing;
    element("hint").hidden = Boolean(sample);
    showSample(element("sample"), sample);
    element("ask").disabled = !sample || !this.client || this.isBusy;
    this.preview ??= setTimeout(() => this.showPreview(), pause);
  }

  /**
   * What the server would see; it stays here.
   * @private
   */
  async showPreview() {
    try {
      const { sample } = this.drawing;
      if (!sample || !this.client || this.isBusy) return;
      const request = await this.client.encrypt(sample);
      if (!this.isBusy) this.showRequest(request, "not sent yet");
    } finally {
      this.preview = undefined;
    }
  }

  /**
   * @private
   * @param {Uint8Array} request
   * @param {string} label
   */
  showRequest(request, label) {
    showBytes(element("request"), request.subarray(headLength));
    element("request-bytes").textContent = hexadecimal(request.subarray(headLength, headLength + 48));
    element("request-label").textContent = `${size(request.length)}, ${label}`;
  }

  /** @private */
  async drawExample() {
    this.drawing.clear();
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    await this.drawing.play(strokesOf(Math.floor(Math.random() * 10)), !isStill);
  }

  /** Has the drawing predicted. A reply that is refused is not asked for again: that would tell the server of it. */
  async ask() {
    const { sample } = this.drawing;
    if (!sample || !this.client || this.isBusy) return;
    this.isBusy = true;
    element("ask").disabled = true;
    const status = element("status");
    status.className = "";
    const start = performance.now();
    try {
      const exchange = await this.service.exchange(this.client, sample, (step) => {
        status.textContent = `${where[/** @type {keyof typeof where} */ (step)][0]}…`;
      });
      this.show(exchange);
      const milliseconds = performance.now() - start;
      this.last = { sample, milliseconds, exchange };
      status.textContent = `Answered in ${time(milliseconds)}. The server saw noise.`;
    } catch (error) {
      status.className = "bad";
      status.textContent = error instanceof DecryptionError
        ? `The reply was refused: ${error.message}. This page told nobody.`
        : `${error instanceof Error ? error.message : error}`;
    } finally {
      this.isBusy = false;
      element("ask").disabled = !this.drawing.sample;
    }
  }

  /**
   * @private
   * @param {import("../library/service.js").Exchange} exchange
   */
  show({ prediction, request, reply, milliseconds }) {
    const plan = /** @type {Client} */ (this.client).plan;
    element("results").hidden = false;
    this.showRequest(request, "as it was sent");
    showBytes(element("reply"), reply.subarray(headLength));
    showAnswer(prediction, plan.labels);
    showFacts([
      ["Ciphertext in", size(request.length)],
      ["Ciphertext out", size(reply.length)],
      ["Evaluation keys", `${size(plan.evaluationKeyBytes)}, once`],
      ["Your address, the time", "known"],
      ["Your digit", "unknown"],
      ["The answer", "unknown"],
      ["Whether it was right", "unknown"],
    ]);
    /** @type {Record<string, number>} */
    const all = { ...this.once, ...milliseconds, keys: this.once.keys ?? milliseconds.keys };
    showTimes(Object.entries(where).filter(([step]) => step in all).map(([step, [name, place]]) =>
      ({ step: name, where: place, milliseconds: all[step] })));
    element("verdict").textContent = "";
    element("comparison").hidden = true;
  }

  /** Computes the published network in the clear. Nothing is sent. */
  async verify() {
    if (!this.last || !this.client || !this.network) return;
    const { sample, exchange } = this.last;
    try {
      const { logits } = await this.client.evaluate(this.network, sample);
      showComparison(exchange.prediction.logits, logits, this.client.plan.labels);
    } catch (error) {
      element("verdict").className = "bad";
      element("verdict").textContent = `${error instanceof Error ? error.message : error}`;
    }
  }
}

export const demonstration = new Demonstration();

demonstration.start().catch((error) => {
  element("status").className = "bad";
  element("status").textContent = `${error instanceof Error ? error.message : error}`;
});
