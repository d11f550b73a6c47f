// SPDX-License-Identifier: Apache-2.0

// The messages of plans, as plans.proto has them.

/** @typedef {import("./protobuf.js").Schema} Schema */
/** @typedef {import("./protobuf.js").Scalar} Scalar */

/**
 * @param {string} name
 * @param {Scalar | Schema} type
 */
const one = (name, type) => ({ name, type });
/**
 * @param {string} name
 * @param {Scalar | Schema} type
 */
const many = (name, type) => ({ name, type, repeated: true });

/** @type {Schema} */
export const inputMessage = {
  1: many("shape", "uint32"),
  2: one("lowest", "sint64"),
  3: one("highest", "sint64"),
  4: one("scale", "float"),
  5: one("zeroPoint", "sint64"),
  6: many("offsets", "float"),
  7: many("scales", "float"),
  8: one("normalization", "string"),
};

/** @type {Schema} */
const rangeMessage = { 1: one("lowest", "string"), 2: one("highest", "string") };

/** @type {Schema} */
const outputsMessage = {
  1: many("bounds", rangeMessage),
  2: one("boundMethod", "string"),
  3: one("rangeIsCalibrated", "bool"),
  4: one("scale", "double"),
  5: many("labels", "string"),
  6: one("decision", "string"),
  7: one("transform", "string"),
  8: many("exponents", "sint32"),
};

/** @type {Schema} */
export const planMessage = {
  1: one("input", inputMessage),
  2: one("outputs", outputsMessage),
  4: many("identity", "fixed64"),
};

/** @type {Schema} */
const latticeMessage = {
  1: one("degree", "uint32"),
  2: many("ciphertextModuli", "fixed64"),
  3: one("specialModulus", "fixed64"),
  4: one("securityBits", "uint32"),
};

/** @type {Schema} */
const gadgetMessage = { 1: one("level", "uint32"), 2: one("digitBits", "uint32") };

/** @type {Schema} */
const galoisKeyMessage = { 1: one("element", "uint32"), 2: one("gadget", gadgetMessage) };

/** @type {Schema} */
export const keySetMessage = {
  1: one("lattice", latticeMessage),
  2: one("relinearization", gadgetMessage),
  3: many("galois", galoisKeyMessage),
  4: one("rerandomizationLevel", "uint32"),
};

/** @type {Schema} */
export const bfvMessage = {
  1: one("keys", keySetMessage),
  2: one("plaintexts", { 1: many("moduli", "fixed64"), 2: many("generators", "sint64") }),
  3: many("outputUnits", "fixed64"),
  4: one("replyC0Bits", "uint32"),
  5: one("replyC1Bits", "uint32"),
  6: many("noiseMarginBits", "double"),
  7: many("inputLayout", "uint32"),
  8: many("outputLayout", "uint32"),
  9: one("outputCount", "uint32"),
  10: one("functionPrivacyBits", "uint32"),
  11: one("factorPairs", "uint32"),
  12: one("samples", "uint32"),
};

/** @type {Schema} */
const operationMessage = {
  1: one("kind", "enum"),
  2: many("sources", "uint32"),
  3: many("sizes", "sint32"),
  4: many("weights", "sint64"),
  5: many("bias", "sint64"),
  6: one("columns", "uint32"),
  7: many("rowCounts", "uint32"),
  8: many("columnIndices", "uint32"),
};

/** @type {Schema} */
export const networkMessage = {
  1: one("input", inputMessage),
  2: many("operations", operationMessage),
  3: one("outputScale", "double"),
  4: many("labels", "string"),
  5: one("decision", "string"),
  6: one("transform", "string"),
  7: many("outputExponents", "sint32"),
};

/** @type {Schema} */
export const programMessage = {
  1: many("steps", {
    1: one("step", "string"),
    2: many("reads", "uint32"),
    3: many("integers", "sint64"),
    4: many("reals", "float"),
  }),
  2: many("outputs", {
    1: one("name", "string"),
    2: one("value", "uint32"),
    3: many("outputShape", "uint32"),
    4: many("names", "string"),
    5: one("isInteger", "bool"),
  }),
};

/** @type {Schema} */
export const inputProgramMessage = {
  1: many("columns", {
    1: one("column", "string"),
    2: one("elements", "uint32"),
    3: one("isWhole", "bool"),
    4: many("texts", "string"),
  }),
  2: one("program", programMessage),
};
