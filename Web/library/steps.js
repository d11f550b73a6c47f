// SPDX-License-Identifier: Apache-2.0

// The steps of programs: what a client makes of samples before they are quantized, and of outputs, in 32-bit floating
// point like every other client. docs/Formats.md lists them.

import { roundedToEven } from "./quantize.js";

/**
 * A step that was read.
 * @typedef {object} Step
 * @property {(counts: number[]) => number} count elements of its result; 0 where it doesn't fit what it reads.
 * @property {(inputs: Float32Array[]) => Float32Array} apply
 */
/**
 * Gives nothing for lists that no step has.
 * @typedef {(integers: number[], reals: number[]) => Step | undefined} Maker
 */

const f = Math.fround;
const limit = 1 << 20;

/**
 * The larger; the first where one is no number.
 * @param {number} x
 * @param {number} y
 */
const larger = (x, y) => (y >= x ? y : x);
/**
 * @param {number} x
 * @param {number} y
 */
const smaller = (x, y) => (y < x ? y : x);

/** @param {number[]} values */
const areFinite = (values) => values.every(Number.isFinite);

/**
 * Functions of one real, in 64-bit floating point.
 * @type {Record<string, [number, (...constants: number[]) => (x: number) => number]>}
 */
const functions = {
  relu: [0, () => (x) => (x < 0 ? 0 : x)],
  leakyRelu: [1, (slope) => (x) => (x < 0 ? slope * x : x)],
  sigmoid: [0, () => (x) => 1 / (1 + Math.exp(-x))],
  tanh: [0, () => Math.tanh],
  softplus: [0, () => (x) => larger(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))],
  clip: [2, (low, high) => (x) => smaller(larger(x, low), high)],
  hardSigmoid: [2, (alpha, beta) => (x) => smaller(larger(alpha * x + beta, 0), 1)],
  exponential: [0, () => Math.exp],
  logarithm: [0, () => Math.log],
  squareRoot: [0, () => Math.sqrt],
  absolute: [0, () => Math.abs],
  negative: [0, () => (x) => -x],
  reciprocal: [0, () => (x) => 1 / x],
  step: [0, () => (x) => (x > 0 ? 1 : 0)],
  sign: [0, () => (x) => (x > 0 ? 1 : x < 0 ? -1 : x)],
  round: [0, () => roundedToEven],
  floor: [0, () => Math.floor],
  ceiling: [0, () => Math.ceil],
  truncate: [0, () => Math.trunc],
  isZero: [0, () => (x) => (x === 0 ? 1 : 0)],
  isNaN: [0, () => (x) => (Number.isNaN(x) ? 1 : 0)],
  isInfinite: [0, () => (x) => (Math.abs(x) === Infinity ? 1 : 0)],
};

/**
 * Two values of as many elements.
 * @param {(a: number, b: number) => number} operation
 * @returns {Maker}
 */
const pairwise = (operation) => (integers, reals) => integers.length + reals.length > 0 ? undefined : {
  count: ([a, b, ...rest]) => (rest.length === 0 && a === b ? a : 0),
  apply: ([a, b]) => a.map((x, i) => f(operation(x, b[i]))),
};

/**
 * One value, element by element.
 * @param {(x: number, i: number) => number} operation
 * @param {(count: number) => boolean} fits
 * @returns {Step}
 */
const elementwise = (operation, fits) => ({
  count: ([count, ...rest]) => (rest.length === 0 && fits(count) ? count : 0),
  apply: ([x]) => x.map((value, i) => f(operation(value, i))),
});

/**
 * Lists of places for each element of a result.
 * @param {number[]} integers their number and one, where each begins, then places.
 * @param {(x: Float32Array, from: number, to: number, places: number[]) => number} body
 * @returns {Step | undefined}
 */
function windows(integers, body) {
  const count = integers[0];
  if (!(count >= 1 && count < integers.length)) return undefined;
  const [starts, places] = [integers.slice(1, count + 1), integers.slice(count + 1)];
  const areInOrder = starts[0] === 0 && starts[count - 1] === places.length &&
    starts.every((start, i) => i === 0 || starts[i - 1] <= start);
  return {
    count: ([elements, ...rest]) =>
      rest.length === 0 && areInOrder && places.every((place) => place >= 0 && place < elements) ? count - 1 : 0,
    apply: ([x]) => Float32Array.from({ length: count - 1 }, (_, i) => body(x, starts[i], starts[i + 1], places)),
  };
}

/**
 * @param {number[]} sizes
 * @param {number} elements
 */
const isProduct = (sizes, elements) =>
  sizes.every((size) => size >= 1 && size <= limit) && sizes.reduce((a, b) => a * b, 1) === elements;

/**
 * Rows along the middle of three sizes.
 * @param {number[]} sizes outer, count, inner.
 * @param {number} kept elements of each row that are left.
 * @param {(row: Float32Array) => ArrayLike<number>} body
 * @returns {Step}
 */
function along([outer, count, inner], kept, body) {
  return {
    count: ([elements, ...rest]) =>
      rest.length === 0 && isProduct([outer, count, inner], elements) && kept >= 1 && kept <= count
        ? outer * kept * inner : 0,
    apply: ([x]) => {
      const out = new Float32Array(outer * kept * inner);
      for (let row = 0; row < outer * inner; row++) {
        const [first, column] = [Math.floor(row / inner), row % inner];
        const place = (/** @type {number} */ i, /** @type {number} */ size) => (first * size + i) * inner + column;
        const found = body(Float32Array.from({ length: count }, (_, i) => x[place(i, count)]));
        for (let i = 0; i < kept; i++) out[place(i, kept)] = found[i];
      }
      return out;
    },
  };
}

/**
 * @param {boolean} isLogarithm
 * @returns {Maker}
 */
const softmax = (isLogarithm) => (sizes, reals) => sizes.length !== 3 || reals.length > 0 ? undefined
  : along(sizes, sizes[1], (row) => {
    const high = row.reduce(larger, -Infinity);
    const shifted = Array.from(row, (x) => f(x - high));
    const sum = shifted.reduce((total, x) => total + Math.exp(x), 0);
    return shifted.map((x) => (isLogarithm ? x - Math.log(sum) : Math.exp(x) / sum));
  });

/** @type {Record<string, Maker>} */
const makers = {
  gather: (indices, reals) => reals.length !== 1 ? undefined : {
    count: (counts) => {
      const total = counts.reduce((a, b) => a + b, 0);
      const fits = counts.length >= 1 && counts.length <= 64 && Number.isFinite(reals[0]) &&
        indices.every((index) => index >= -1 && index < total);
      return fits ? indices.length : 0;
    },
    apply: (inputs) => {
      const all = inputs.flatMap((input) => Array.from(input));
      return Float32Array.from(indices, (index) => (index < 0 ? reals[0] : all[index]));
    },
  },
  scale: (integers, reals) => {
    const half = reals.length / 2;
    if (integers.length > 0 || !Number.isInteger(half)) return undefined;
    return elementwise((x, i) => f(x * reals[i]) + reals[half + i], (count) => count === half && areFinite(reals));
  },
  quotient: (integers, reals) => integers.length > 0 ? undefined
    : elementwise((x, i) => x / reals[i],
      (count) => count === reals.length && areFinite(reals) && reals.every((x) => x !== 0)),
  weightedSum: (integers, weights) => {
    const step = windows(integers, (x, from, to, places) => {
      let sum = 0;
      for (let i = from; i < to; i++) sum = f(sum + f(x[places[i]] * weights[i]));
      return sum;
    });
    const fits = step && areFinite(weights) && weights.length === integers.length - 1 - integers[0];
    return fits ? step : undefined;
  },
  maximum: (integers, reals) => reals.length > 0 ? undefined : windows(integers, (x, from, to, places) =>
    places.slice(from, to).reduce((best, place) => larger(best, x[place]), -Infinity)),
  add: pairwise((a, b) => a + b),
  subtract: pairwise((a, b) => a - b),
  multiply: pairwise((a, b) => a * b),
  divide: pairwise((a, b) => a / b),
  mask: pairwise((a, b) => (b === 0 ? 0 : a * b)),
  equal: pairwise((a, b) => (a === b ? 1 : 0)),
  lookUp: (integers, reals) => integers.length > 0 ? undefined
    : elementwise((place) => reals[place] ?? NaN, () => reals.length > 0 && areFinite(reals)),
  impute: (integers, [missing, ...values]) => integers.length > 0 || missing === undefined ? undefined
    : elementwise((x, i) => (x === missing || (Number.isNaN(x) && Number.isNaN(missing)) ? values[i] : x),
      (count) => count === values.length && areFinite(values)),
  encode: (integers, [otherwise, ...lists]) => {
    const half = lists.length / 2;
    if (integers.length > 0 || otherwise === undefined || !Number.isInteger(half)) return undefined;
    const table = new Map(lists.slice(0, half).map((key, i) => [key, lists[half + i]]));
    const fits = table.size === half && areFinite([otherwise, ...lists]);
    return elementwise((x) => table.get(x) ?? otherwise, () => fits);
  },
  softmax: softmax(false),
  logSoftmax: softmax(true),
  argMax: (sizes, reals) => sizes.length !== 4 || reals.length > 0 || ![0, 1].includes(sizes[3]) ? undefined
    : along(sizes, 1, (row) => {
      const takesLast = sizes[3] === 1;
      return [row.reduce((best, x, i) => (x > row[best] || (takesLast && x === row[best]) ? i : best), 0)];
    }),
  top: (sizes, reals) => sizes.length !== 5 || reals.length > 0 || ![0, 1].includes(sizes[4]) ? undefined
    : along(sizes, sizes[3], (row) => {
      // What is no number comes first.
      const order = Array.from(row.keys()).sort((a, b) => {
        const [x, y] = [row[a], row[b]];
        if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(y)) - Number(Number.isNaN(x)) || a - b;
        return y - x || a - b;
      });
      return sizes[4] === 1 ? order : order.map((place) => row[place]);
    }),
  vote: ([classes, ...others], reals) => {
    if (others.length + reals.length > 0 || !(classes >= 2 && classes <= 4096)) return undefined;
    const pairs = (classes * (classes - 1)) / 2;
    return {
      count: ([elements, ...rest]) => (rest.length === 0 && elements % pairs === 0 ? elements / pairs : 0),
      apply: ([x]) => Float32Array.from({ length: x.length / pairs }, (_, row) => {
        const votes = new Array(classes).fill(0);
        let pair = row * pairs;
        for (let i = 0; i < classes; i++) for (let j = i + 1; j < classes; j++) votes[x[pair++] > 0 ? i : j] += 1;
        return votes.reduce((best, count, i) => (count > votes[best] ? i : best), 0);
      }),
    };
  },
};

/**
 * @param {string} kind
 * @returns {Maker}
 */
const normalize = (kind) => ([size, ...more], reals) => !(size > 0) || more.length + reals.length > 0 ? undefined : {
  count: ([elements, ...rest]) => (rest.length === 0 && elements % size === 0 ? elements : 0),
  apply: ([x]) => {
    const out = x.slice();
    for (let start = 0; start < x.length; start += size) {
      const row = out.subarray(start, start + size);
      const norms = {
        MAX: () => row.reduce(larger, -Infinity),
        L1: () => row.reduce((sum, each) => f(sum + Math.abs(each)), 0),
        L2: () => f(Math.sqrt(row.reduce((sum, each) => f(sum + f(each * each)), 0))),
      };
      const norm = norms[/** @type {"MAX" | "L1" | "L2"} */ (kind)]();
      if (norm !== 0) row.forEach((each, i) => (row[i] = f(each / norm)));
    }
    return out;
  },
};

/**
 * The step of a name and its lists; undefined where there is none, or none that this library has.
 * @param {string} name
 * @param {number[]} integers
 * @param {number[]} reals
 * @returns {Step | undefined}
 */
export function makeStep(name, integers, reals) {
  if (!integers.every((x) => Math.abs(x) <= limit)) return undefined;
  const [kind, detail] = name.split(":", 2);
  if (kind === "function" && Object.hasOwn(functions, detail ?? "")) {
    const [constants, make] = functions[detail];
    if (integers.length > 0 || reals.length !== constants || reals.some(Number.isNaN)) return undefined;
    return elementwise(make(...reals), () => true);
  }
  if (kind === "normalize" && ["L1", "L2", "MAX"].includes(detail)) return normalize(detail)(integers, reals);
  return Object.hasOwn(makers, name) ? makers[name](integers, reals) : undefined;
}
