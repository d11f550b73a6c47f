// SPDX-License-Identifier: Apache-2.0

// What a client makes of a sample before it is quantized.

import { DataError, FormatError } from "./errors.js";
import { evaluate, readProgram } from "./program.js";

/** @typedef {import("./protobuf.js").Message} Message */
/**
 * A part of a sample.
 * @typedef {object} Column
 * @property {string} name
 * @property {number} elements
 * @property {boolean} isWhole whether it takes whole numbers only.
 * @property {string[]} texts where it is a text: those that the model knows. A sample has its place, or -1.
 */
/** @typedef {{ columns: Column[], count: number, program: import("./program.js").Program }} Prefix */

/**
 * @param {Message} message
 * @param {number} quantized values of its first output.
 * @returns {Prefix}
 */
export function readPrefix(message, quantized) {
  const columns = message.columns.map((/** @type {Message} */ { column, elements, isWhole, texts }) =>
    ({ name: column, elements, isWhole, texts }));
  const count = columns.reduce((/** @type {number} */ sum, /** @type {Column} */ each) => sum + each.elements, 0);
  const areSizes = columns.every((/** @type {Column} */ each) => each.elements >= 1);
  if (columns.length < 1 || columns.length > 4096 || !areSizes || count > 1 << 20 || !message.program) {
    throw new FormatError("out of range: the prefix's columns");
  }
  const program = readProgram(message.program, count, "the prefix");
  const [first] = program.outputs;
  const size = first.shape.reduce((a, b) => a * b, 1);
  if (size !== quantized || first.isInteger || first.names.length > 0) {
    throw new FormatError("out of range: what the prefix makes");
  }
  return { columns, count, program };
}

/**
 * What is quantized of a sample.
 * @param {Prefix} prefix
 * @param {ArrayLike<number>} sample of texts their places.
 */
export function prepare({ columns, count, program }, sample) {
  if (sample.length !== count) throw new DataError(`a sample of ${sample.length} values; the plan has ${count}`);
  const values = Float32Array.from(sample);
  let place = 0;
  for (const { name, elements, isWhole } of columns) {
    const own = values.subarray(place, place + elements);
    if (isWhole && own.some((x) => !Number.isNaN(x) && (!Number.isInteger(x) || Math.abs(x) >= 2 ** 24))) {
      throw new DataError(`'${name}' takes whole numbers below 2^24`);
    }
    place += elements;
  }
  const results = evaluate(program, values);
  results.slice(1).forEach((result, i) => {
    if (result.some((x) => x === 0 || Number.isNaN(x))) throw new DataError(program.outputs[i + 1].name);
  });
  return results[0];
}
