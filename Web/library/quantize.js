// SPDX-License-Identifier: Apache-2.0

// From a sample's reals to the integers that are encrypted, in 32-bit floating point like every other client.

import { DataError, FormatError } from "./errors.js";

/**
 * @typedef {object} Input
 * @property {number[]} shape
 * @property {number} count values of a sample.
 * @property {number} lowest
 * @property {number} highest
 * @property {number[]} offsets of each feature; none where empty.
 * @property {number[]} steps of each feature, or one for all.
 * @property {"" | "L1" | "L2" | "MAX"} normalization
 * @property {number[]} reach how many steps outside the range a feature may lie, or one number for all.
 */

const largest = 2 ** 24;
const f = Math.fround;

/** The smallest positive normal number of 32 bits. */
const smallestNormal = 2 ** -126;

/**
 * @param {import("./protobuf.js").Message} message
 * @returns {Input}
 */
export function readInput(message) {
  const { shape = [], offsets = [], scales = [], scale = 0, normalization = "" } = message;
  const [lowest, highest, zero] = [message.lowest, message.highest, message.zeroPoint].map(Number);
  const count = shape.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1);
  const isStep = (/** @type {number} */ x) => Number.isFinite(x) && x >= smallestNormal;
  const isCounted = shape.length >= 1 && shape.length <= 8 && count >= 1 && count <= largest;
  const isBox = lowest !== undefined && highest !== undefined && zero !== undefined &&
    lowest >= -largest && lowest <= highest && highest <= largest && Math.abs(zero) <= largest;
  if (!isCounted || !isBox || !isStep(scale) || !scales.every(isStep) || !offsets.every(Number.isFinite) ||
    ![0, count].includes(offsets.length) || ![0, count].includes(scales.length) ||
    !["", "L1", "L2", "MAX"].includes(normalization)) {
    throw new FormatError("out of range: the plan's input");
  }
  const steps = scales.length > 0 ? scales : [scale];
  const reach = reachOf(lowest, highest, offsets, scales);
  return { shape, count, lowest, highest, offsets, steps, normalization, reach };
}

/**
 * How far outside its box a value may lie: as far as the box is wide. Where features are of one kind, such as pixels or
 * standardized values, the widest box counts.
 * @param {number} lowest
 * @param {number} highest
 * @param {number[]} offsets
 * @param {number[]} scales
 */
function reachOf(lowest, highest, offsets, scales) {
  const width = Math.max(highest - lowest, 1);
  if (scales.length === 0) return [width];
  const ends = scales.map((scale, i) => {
    const offset = offsets[i] ?? 0;
    return { low: f(offset + f(scale * lowest)), high: f(offset + f(scale * highest)) };
  });
  const widest = scales.reduce((best, scale, i) => (scale > scales[best] ? i : best), 0);
  const [scale, box] = [scales[widest], ends[widest] ?? { low: 0, high: 0 }];
  const wide = scales.filter((each) => each >= f(scale / 4)).length;
  const areInside = ends.every(({ low, high }) => {
    const middle = f(f(low / 2) + f(high / 2));
    return box.low <= middle && middle <= box.high;
  });
  return 2 * wide >= scales.length && areInside
    ? scales.map((each) => f(width * f(scale / each)))
    : scales.map(() => width);
}

/**
 * @param {Float32Array} sample
 * @param {Input["normalization"]} kind
 */
function normalized(sample, kind) {
  if (kind === "") return sample;
  let norm = 0;
  if (kind === "L1") norm = sample.reduce((sum, x) => f(sum + Math.abs(x)), 0);
  if (kind === "L2") norm = f(Math.sqrt(sample.reduce((sum, x) => f(sum + f(x * x)), 0)));
  if (kind === "MAX") norm = sample.reduce((best, x) => Math.max(best, x), -Infinity);
  return norm === 0 ? sample : sample.map((x) => f(x / norm));
}

/**
 * The nearest whole number, halves to the even one.
 * @param {number} x
 */
export function roundedToEven(x) {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * The integers of a sample.
 * @param {Input} input
 * @param {ArrayLike<number>} sample
 * @returns {Int32Array}
 */
export function quantize(input, sample) {
  if (sample.length !== input.count) {
    throw new DataError(`a sample of ${sample.length} values; the plan has ${input.count}`);
  }
  const reals = Float32Array.from(sample);
  const odd = reals.findIndex((x) => !Number.isFinite(x));
  if (odd >= 0) throw new DataError(`feature ${odd} of the sample is not a finite number`);
  const { lowest, highest, offsets, steps, reach } = input;
  return Int32Array.from(normalized(reals, input.normalization), (value, i) => {
    const centered = offsets.length > 0 ? f(value - (offsets[i] ?? 0)) : value;
    const whole = roundedToEven(f(centered / steps[steps.length === 1 ? 0 : i]));
    const inside = Math.min(Math.max(whole, lowest), highest);
    // Not a number neither.
    if (!(Math.abs(whole - inside) <= reach[reach.length === 1 ? 0 : i])) {
      throw new DataError(`feature ${i} of the sample is far outside the range that the plan was made for`);
    }
    return inside;
  });
}
