// SPDX-License-Identifier: Apache-2.0

// An integer network in the clear, of a JSON that its owner published on purpose: what an encrypted result must equal.

import { FormatError, MismatchError, UnsupportedError } from "./errors.js";

/**
 * @typedef {object} Operation
 * @property {string} kind
 * @property {number[]} sources values that it reads: 0 is the input, i + 1 the result of operation i.
 * @property {number[]} sizes
 * @property {bigint[]} weights
 * @property {bigint[]} bias
 * @property {number} columns
 * @property {number[]} rowCounts
 * @property {number[]} columnIndices
 */

/** In the order of their numbers in plans.proto. */
export const operationKinds = ["unspecified", "convolution", "dense", "affine", "square", "product", "forest"];

/**
 * @param {unknown} value
 * @param {string} what
 * @returns {bigint[]}
 */
function integers(value, what) {
  const isInteger = (/** @type {unknown} */ x) =>
    Number.isSafeInteger(x) || (typeof x === "string" && /^-?[0-9]{1,19}$/.test(x));
  if (!Array.isArray(value) || !value.every(isInteger)) throw new FormatError(`the network's ${what} are no integers`);
  return value.map(BigInt);
}

/**
 * @param {any} operation as JSON has it.
 * @param {number} place
 * @returns {Operation}
 */
function readOperation(operation, place) {
  const list = (/** @type {string} */ name) => integers(operation?.[name] ?? [], name);
  const out = {
    kind: String(operation?.kind),
    sources: list("sources").map(Number),
    sizes: list("sizes").map(Number),
    weights: list("weights"),
    bias: list("bias"),
    columns: Number(operation?.columns ?? 0),
    rowCounts: list("rowCounts").map(Number),
    columnIndices: list("columnIndices").map(Number),
  };
  if (out.sources.length === 0 || !out.sources.every((source) => source >= 0 && source <= place)) {
    throw new FormatError(`operation ${place} of the network reads a value that is not made before it`);
  }
  return out;
}

/** @param {boolean} holds */
function require(holds) {
  if (!holds) throw new FormatError("an operation of the network that doesn't fit what it reads");
}

/**
 * @param {Operation} operation
 * @param {bigint[]} x
 */
function convolution({ sizes, weights, bias }, x) {
  const [channels, height, width, kernelHeight, kernelWidth, down, right, top, left, bottom, end] = sizes;
  const rows = Math.floor((height + top + bottom - kernelHeight) / down) + 1;
  const columns = Math.floor((width + left + end - kernelWidth) / right) + 1;
  const taps = channels * kernelHeight * kernelWidth;
  require(sizes.length === 11 && down > 0 && right > 0 && rows > 0 && columns > 0);
  require(x.length === channels * height * width && weights.length === taps * bias.length);
  const out = [];
  for (let map = 0; map < bias.length; map++) {
    for (let position = 0; position < rows * columns; position++) {
      let sum = bias[map];
      const [row, column] = [Math.floor(position / columns) * down - top, (position % columns) * right - left];
      for (let tap = 0; tap < taps; tap++) {
        const inKernel = tap % (kernelHeight * kernelWidth);
        const y = row + Math.floor(inKernel / kernelWidth);
        const z = column + (inKernel % kernelWidth);
        if (y < 0 || y >= height || z < 0 || z >= width) continue;
        const channel = Math.floor(tap / (kernelHeight * kernelWidth));
        sum += weights[map * taps + tap] * x[(channel * height + y) * width + z];
      }
      out.push(sum);
    }
  }
  return out;
}

/**
 * @param {Operation} operation
 * @param {bigint[]} x
 */
function affine({ weights, bias, columns, rowCounts, columnIndices }, x) {
  require(columns === x.length && rowCounts.length === bias.length && columnIndices.length === weights.length);
  require(rowCounts.reduce((a, b) => a + b, 0) === weights.length);
  require(columnIndices.every((column) => column >= 0 && column < columns));
  let entry = 0;
  return rowCounts.map((count, row) => {
    let sum = bias[row];
    for (const end = entry + count; entry < end; entry++) sum += weights[entry] * x[columnIndices[entry]];
    return sum;
  });
}

/**
 * @param {Operation} operation
 * @param {bigint[][]} sources
 * @returns {bigint[]}
 */
function apply(operation, sources) {
  const { kind, weights, bias } = operation;
  const [x] = sources;
  switch (kind) {
    case "convolution":
      require(sources.length === 1);
      return convolution(operation, x);
    case "dense":
      require(sources.length === 1 && weights.length === bias.length * x.length);
      return bias.map((start, row) => x.reduce((sum, value, i) => sum + weights[row * x.length + i] * value, start));
    case "affine":
      return affine(operation, sources.flat());
    case "square":
      require(sources.length === 1);
      return x.map((value) => value * value);
    case "product":
      require(sources.length === 2 && sources[1].length === x.length);
      return x.map((value, i) => value * sources[1][i]);
    default:
      throw new UnsupportedError(`the network has an operation '${kind}', which this library doesn't evaluate`);
  }
}

/**
 * The integer outputs of a network.
 * @param {any} network what network.json holds.
 * @param {Int32Array} input
 * @param {{ digest: string, outputs: number }} plan whose it must be.
 * @returns {bigint[]}
 */
export function evaluateNetwork(network, input, plan) {
  if (network?.format !== "blindsight network" || network.version !== 1 || !Array.isArray(network.operations)) {
    throw new FormatError("not a network that a model's owner published");
  }
  if (network.plan !== plan.digest) throw new MismatchError("a network of another plan");
  const values = [Array.from(input, BigInt)];
  network.operations.forEach((/** @type {unknown} */ each, /** @type {number} */ place) => {
    const operation = readOperation(each, place);
    values.push(apply(operation, operation.sources.map((source) => values[source])));
  });
  const outputs = values[values.length - 1];
  if (outputs.length !== plan.outputs) throw new FormatError("a network of another number of outputs than the plan's");
  return outputs;
}
