// SPDX-License-Identifier: Apache-2.0

// What the integer outputs mean: their ranges, and how they become values and a label.

import { FormatError } from "./errors.js";
import { evaluate, named, readProgram } from "./program.js";

/**
 * @typedef {object} Outputs
 * @property {{ lowest: bigint, highest: bigint }[]} bounds the range of each.
 * @property {boolean} rangeIsProven
 * @property {number[]} units what one unit of each output stands for.
 * @property {string[]} labels
 * @property {"largest" | "smallest" | "sign" | "vote" | "regression"} decision
 * @property {"none" | "sigmoid" | "softmax" | "logSoftmax"} transform
 * @property {import("./program.js").Program | undefined} program what is made of the outputs in place of the transform,
 *   and of the decision where it says a label.
 */
/**
 * @typedef {object} Prediction
 * @property {bigint[]} logits the network's integer outputs, exact.
 * @property {number[]} values what the model shows: probabilities, scores or quantities.
 * @property {number} index of the label among the plan's; 0 for a regression.
 * @property {string} label what the model calls the class; empty for a regression.
 * @property {boolean} isCertified whether it is proven that the result can't have wrapped.
 * @property {import("./program.js").NamedOutput[]} outputs all that the model puts out, by its names; none where scores
 *   and a label are all.
 */

const maximumOutputs = 1 << 18;

/**
 * How many labels a decision has; undefined where there can't be as many outputs.
 * @param {Outputs["decision"]} decision
 * @param {number} outputs
 */
function labelCount(decision, outputs) {
  if (decision === "sign") return outputs === 1 ? 2 : undefined;
  if (decision !== "vote") return outputs;
  const classes = Math.floor((Math.sqrt(8 * outputs + 1) + 1) / 2);
  return classes >= 2 && (classes * (classes - 1)) / 2 === outputs ? classes : undefined;
}

/** @param {string} text */
function isText(text) {
  // No control characters.
  return new TextEncoder().encode(text).length <= 1024 && !/\p{Cc}/u.test(text);
}

/** @param {string} text */
function decimal(text) {
  if (text.length > 1000 || !/^(0|-?[1-9][0-9]*)$/.test(text)) throw new FormatError("malformed: an output bound");
  return BigInt(text);
}

/**
 * @param {import("./protobuf.js").Message} message
 * @param {import("./protobuf.js").Message} [suffix]
 * @returns {Outputs}
 */
export function readOutputs(message, suffix) {
  const { labels = [], exponents = [], scale = 0 } = message;
  const bounds = (message.bounds ?? []).map((/** @type {{ lowest: string, highest: string }} */ bound) => {
    const [lowest, highest] = [decimal(bound.lowest), decimal(bound.highest)];
    if (lowest > highest) throw new FormatError("malformed: an output bound");
    return { lowest, highest };
  });
  const decision = message.decision === "" ? "largest" : message.decision;
  const transform = message.transform === "" ? "none" : message.transform;
  /**
   * @param {boolean} holds
   * @param {string} what
   */
  const require = (holds, what) => {
    if (!holds) throw new FormatError(`out of range: ${what}`);
  };
  require(["largest", "smallest", "sign", "vote", "regression"].includes(decision) && message.decision !== "largest",
    "the decision");
  require(["none", "sigmoid", "softmax", "logSoftmax"].includes(transform) && message.transform !== "none",
    "the output's transform");
  require(bounds.length >= 1 && bounds.length <= maximumOutputs, `${bounds.length} outputs`);
  const program = suffix && readProgram(suffix, bounds.length, "the suffix");
  const saysLabel = program !== undefined && program.label >= 0;
  const expected = labelCount(decision, bounds.length);
  require(expected !== undefined && labels.length === (saysLabel ? 0 : expected),
    `${labels.length} labels for ${bounds.length} outputs`);
  require(Number.isFinite(scale) && scale >= 2 ** -1022, "the outputs' unit");
  const areUnits = exponents.length === 0 ||
    (exponents.length === bounds.length && decision === "regression" && scale * 2 ** -64 >= 2 ** -1022 &&
      exponents.every((/** @type {number} */ e) => e >= -64 && e <= 0) && Math.min(...exponents) < 0);
  require(areUnits, "the outputs' units");
  require(labels.every(isText) && isText(message.boundMethod), "a text of the plan");
  const units = bounds.map((/** @type {unknown} */ _, /** @type {number} */ i) => scale * 2 ** (exponents[i] ?? 0));
  const names = saysLabel ? program.outputs[program.label].names : labels;
  return { bounds, rangeIsProven: !message.rangeIsCalibrated, units, labels: names, decision, transform, program };
}

/**
 * The nearest number that isn't farther from zero.
 * @param {bigint} value
 */
function towardZero(value) {
  const magnitude = value < 0n ? -value : value;
  const extra = BigInt(Math.max(magnitude.toString(2).length - 53, 0));
  const number = Number((magnitude >> extra) << extra);
  return value < 0n ? -number : number;
}

/**
 * Place of the first of the largest.
 * @param {(bigint | number)[]} values
 */
function largest(values) {
  return values.reduce((/** @type {number} */ best, value, i) => (value > values[best] ? i : best), 0);
}

/**
 * @param {Outputs["decision"]} decision
 * @param {bigint[]} logits
 */
function decide(decision, logits) {
  switch (decision) {
    case "largest":
      return largest(logits);
    case "smallest":
      return largest(logits.map((x) => -x));
    case "sign":
      return logits[0] > 0n ? 1 : 0;
    case "regression":
      return 0;
    case "vote": {
      const classes = labelCount(decision, logits.length) ?? 0;
      const votes = Array.from({ length: classes }, () => 0);
      let pair = 0;
      for (let i = 0; i < classes; i++) {
        for (let j = i + 1; j < classes; j++) {
          const winner = logits[pair++] > 0n ? i : j;
          votes[winner] = votes[winner] + 1;
        }
      }
      return largest(votes);
    }
  }
}

/**
 * @param {Outputs["transform"]} transform
 * @param {number[]} reals
 */
function transformed(transform, reals) {
  if (transform === "none") return reals;
  if (transform === "sigmoid") return reals.map((x) => 1 / (1 + Math.exp(-x)));
  const most = Math.max(...reals);
  const powers = reals.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return transform === "softmax" ? powers.map((x) => x / sum) : reals.map((x) => x - most - Math.log(sum));
}

/**
 * @param {Outputs} outputs
 * @param {bigint[]} logits
 * @returns {Prediction}
 */
export function prediction(outputs, logits) {
  const { program, decision, labels, rangeIsProven: isCertified } = outputs;
  const reals = logits.map((logit, i) => towardZero(logit) * outputs.units[i]);
  const index = decide(decision, logits);
  const label = decision === "regression" ? "" : labels[index];
  if (!program) {
    return { logits, values: transformed(outputs.transform, reals), index, label, isCertified, outputs: [] };
  }
  const results = evaluate(program, Float32Array.from(reals)).map((values, i) => named(program.outputs[i], values));
  const [scores, found] = [results[program.scores], results[program.label]];
  return {
    logits,
    values: scores ? scores.values : reals,
    index: found ? found.values[0] : index,
    label: found ? (found.texts[0] ?? String(found.values[0])) : label,
    isCertified,
    outputs: results,
  };
}
