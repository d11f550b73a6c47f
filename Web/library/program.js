// SPDX-License-Identifier: Apache-2.0

// What a client makes of samples before they are quantized, and of outputs after they were decrypted: sections of a
// plan.

import { FormatError, UnsupportedError } from "./errors.js";
import { makeStep } from "./steps.js";

/** @typedef {import("./protobuf.js").Message} Message */
/**
 * @typedef {object} ProgramOutput
 * @property {string} name
 * @property {number} value
 * @property {number[]} shape
 * @property {string[]} names of classes, whose places its elements are; none for reals and whole numbers.
 * @property {boolean} isInteger
 */
/**
 * @typedef {object} Program
 * @property {{ reads: number[], step: import("./steps.js").Step }[]} steps
 * @property {ProgramOutput[]} outputs
 * @property {number} label the output that says the class: the first of one element that is no real; -1: none.
 * @property {number} scores the first output of reals; -1: none.
 */
/**
 * An output as a model names it.
 * @typedef {object} NamedOutput
 * @property {string} name
 * @property {number[]} shape without the batch.
 * @property {number[]} values reals, whole numbers, or places among labels.
 * @property {string[]} texts of labels their names; else none.
 */

const maximumElements = 1 << 20;

/**
 * @param {Message} message
 * @param {number} inputs elements of the value that it begins with.
 * @param {string} what by which errors name it.
 * @returns {Program}
 */
export function readProgram(message, inputs, what) {
  /**
   * @param {boolean} holds
   * @param {string} why
   */
  const require = (holds, why) => {
    if (!holds) throw new FormatError(`out of range: ${what}: ${why}`);
  };
  require(message.steps.length <= 4096, `${message.steps.length} steps`);
  const counts = [inputs];
  let elements = inputs;
  const steps = message.steps.map((/** @type {Message} */ each) => {
    const step = makeStep(each.step, each.integers.map(Number), each.reals);
    if (!step) throw new UnsupportedError(`${what} has a step '${each.step}', which this library doesn't do`);
    require(each.reads.length >= 1 && each.reads.every((/** @type {number} */ read) => read < counts.length),
      "a step reads what no step before it makes");
    const count = step.count(each.reads.map((/** @type {number} */ read) => counts[read]));
    elements += count + each.integers.length + each.reals.length;
    require(count > 0 && elements <= maximumElements, "a step that doesn't fit what it reads");
    counts.push(count);
    return { reads: each.reads, step };
  });
  const outputs = message.outputs.map((/** @type {Message} */ { name, value, outputShape, names, isInteger }) => {
    const size = outputShape.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1);
    require(value < counts.length && outputShape.length <= 8 && size === counts[value],
      `the sizes of output '${name}'`);
    require(names.length <= 1 << 18 && !(names.length > 0 && isInteger), `the labels of output '${name}'`);
    require([name, ...names].every((text) => text.length <= 1024 && !/\p{Cc}/u.test(text)), "a text");
    return { name, value, shape: outputShape, names, isInteger };
  });
  require(outputs.length >= 1 && outputs.length <= 64, `${outputs.length} outputs`);
  const isReal = (/** @type {ProgramOutput} */ output) => output.names.length === 0 && !output.isInteger;
  return {
    steps,
    outputs,
    label: outputs.findIndex((/** @type {ProgramOutput} */ output) => !isReal(output) && counts[output.value] === 1),
    scores: outputs.findIndex(isReal),
  };
}

/**
 * The values of all outputs.
 * @param {Program} program
 * @param {Float32Array} input
 * @returns {Float32Array[]}
 */
export function evaluate(program, input) {
  const values = [input];
  for (const { reads, step } of program.steps) values.push(step.apply(reads.map((read) => values[read])));
  return program.outputs.map(({ value }) => values[value]);
}

/**
 * @param {ProgramOutput} output
 * @param {Float32Array} values
 * @returns {NamedOutput}
 */
export function named({ name, shape, names }, values) {
  const texts = names.length > 0 ? Array.from(values, (x) => names[x] ?? String(x)) : [];
  return { name, shape, values: Array.from(values), texts };
}
