// SPDX-License-Identifier: Apache-2.0

// client.plan: what a client needs to know of a model. No weights.

import { bitLength } from "./arithmetic.js";
import { areEqual, concatenate, hexadecimal, sha256, utf8 } from "./bytes.js";
import { open, section, sectionHead } from "./envelope.js";
import { FormatError, MismatchError, UnsupportedError } from "./errors.js";
import { overhead } from "./groups.js";
import { bfvMessage, inputProgramMessage, keySetMessage, planMessage, programMessage } from "./messages.js";
import { readOutputs } from "./outputs.js";
import { evaluationKeyBytes, keySet, plaintexts } from "./parameters.js";
import { readPrefix } from "./prefix.js";
import { decode, encode } from "./protobuf.js";
import { readInput } from "./quantize.js";

/** @typedef {import("./protobuf.js").Message} Message */
/**
 * @typedef {object} Plan
 * @property {Uint8Array} digest
 * @property {Uint8Array} keySetDigest
 * @property {import("./quantize.js").Input} input
 * @property {import("./prefix.js").Prefix | undefined} prefix what is made of a sample before it is quantized.
 * @property {import("./outputs.js").Outputs} outputs
 * @property {import("./parameters.js").KeySet} keys
 * @property {import("./parameters.js").Plaintext[]} plaintexts
 * @property {number} slotCount
 * @property {bigint[]} outputUnits
 * @property {number} replyC0Bits
 * @property {number} replyC1Bits
 * @property {number[]} noiseMarginBits
 * @property {number} functionPrivacyBits
 * @property {Int32Array[]} inputLayouts of each ciphertext of a sample the feature in each slot, -1 where there is
 *   none.
 * @property {Int32Array[]} outputLayouts the same of a reply's and outputs.
 * @property {number} requestLength of a request's body.
 * @property {number} replyLength
 */
/**
 * What may be told of a plan.
 * @typedef {object} PlanDescription
 * @property {string} digest
 * @property {string} keySet
 * @property {number[]} shape of a sample.
 * @property {import("./prefix.js").Column[]} columns of a sample that the client makes something of before; else none.
 * @property {number} outputs
 * @property {string[]} labels
 * @property {number} securityBits
 * @property {number} degree
 * @property {number} slots
 * @property {number} keyModulusBits log2 of Q P.
 * @property {number} functionPrivacyBits
 * @property {boolean} isCertified whether it is proven that no result can wrap.
 * @property {number} requestBytes
 * @property {number} replyBytes
 * @property {number} evaluationKeyBytes around which an envelope comes.
 */

export const method = "slots";
const maximumInputLayouts = 16;
const maximumOutputLayouts = 64;

/**
 * Reads client.plan; all is checked.
 * @param {Uint8Array} bytes
 * @returns {Promise<Plan>}
 */
export async function readPlan(bytes) {
  const { digest, sections } = await open(bytes, "clientPlan");
  const [first, second] = [sections.get(section.method), sections.get(section.plan)];
  if (!first || !second) throw new FormatError("malformed: a section is missing");
  const known = [...sections].flatMap(([number, part]) => [sectionHead(number, part.length), part]);
  if (!areEqual(digest, await sha256(concatenate(known)))) {
    throw new MismatchError("the plan's digest is not that of its sections");
  }
  const nameLength = first[0];
  const name = new TextDecoder().decode(first.subarray(1, 1 + nameLength));
  if (name !== method) {
    throw new UnsupportedError(`the plan's method is '${name}'; this library has '${method}': plan --method ${method}`);
  }
  const message = decode(bfvMessage, first.subarray(1 + nameLength), "the method's section");
  const plan = decode(planMessage, second, "the plan's section");
  if (plan.identity.length !== 2) throw new FormatError("out of range: the plan's identity");
  const keySetBytes = message.keys ? encode(keySetMessage, message.keys) : new Uint8Array();
  const keySetDigest = await sha256(concatenate([utf8(`${method}\0montgomery\0`), keySetBytes]));
  const [before, after] = [sections.get(section.prefix), sections.get(section.suffix)];
  const prefix = before && decode(inputProgramMessage, before, "the prefix");
  const suffix = after && decode(programMessage, after, "the suffix");
  return { digest, keySetDigest, ...settings(message, plan, prefix, suffix) };
}

/**
 * @param {Message} message
 * @param {Message} plan
 * @param {Message | undefined} before
 * @param {Message | undefined} after
 * @returns {Omit<Plan, "digest" | "keySetDigest">}
 */
function settings(message, plan, before, after) {
  if (message.factorPairs > 0) throw new UnsupportedError("plans of trees are not served by this library");
  if (message.samples > 0) {
    throw new UnsupportedError("plans of several samples side by side are not served by this library");
  }
  const input = readInput(plan.input ?? {});
  const prefix = before && readPrefix(before, input.count);
  const outputs = readOutputs(plan.outputs ?? {}, after);
  const keys = keySet(message.keys);
  const moduli = plaintexts(message.plaintexts, keys);
  /**
   * @param {boolean} holds
   * @param {string} what
   */
  const require = (holds, what) => {
    if (!holds) throw new FormatError(`out of range: ${what}`);
  };
  require(message.outputCount === 0, "an output count beside layouts");
  const units = message.outputUnits;
  require(units.length === moduli.length && moduli.every(({ prime }, i) => units[i] > 0n && units[i] < prime),
    "the output units");
  const { replyC0Bits, replyC1Bits, noiseMarginBits: margins, functionPrivacyBits } = message;
  const [firstBits, specialBits] = [bitLength(keys.moduli[0]), bitLength(keys.special)];
  require(replyC0Bits >= 1 && replyC0Bits <= replyC1Bits && replyC1Bits < firstBits &&
    replyC1Bits + Math.log2(keys.degree) < firstBits + specialBits - 1, `replies of ${replyC1Bits} bits a residue`);
  require(margins.length === moduli.length && margins.every((/** @type {number} */ m) => m > 0 && m < 64),
    "the noise margins");
  require([0, 40, 64, 80].includes(functionPrivacyBits), `function privacy of ${functionPrivacyBits} bits`);
  const product = moduli.reduce((a, { prime }) => a * prime, 1n);
  require(outputs.bounds.every(({ lowest, highest }) => highest - lowest < product), "a range that can wrap");
  const slotCount = keys.degree / moduli[0].generator.length;
  const inputLayouts = layouts(message.inputLayout, slotCount, input.count, maximumInputLayouts, "input layout");
  const outputLayouts =
    layouts(message.outputLayout, slotCount, outputs.bounds.length, maximumOutputLayouts, "output layout");
  requireApart(outputLayouts);
  const freshBytes = keys.moduli.reduce((sum, q) => sum + (keys.degree * bitLength(q)) / 8, 0);
  return {
    input, prefix, outputs, keys, plaintexts: moduli, slotCount, outputUnits: units, replyC0Bits, replyC1Bits,
    noiseMarginBits: margins, functionPrivacyBits, inputLayouts, outputLayouts,
    requestLength: moduli.length * inputLayouts.length * (32 + freshBytes),
    replyLength: moduli.length * outputLayouts.length * ((keys.degree / 8) * (replyC0Bits + replyC1Bits)),
  };
}

/**
 * @param {number[]} values of each slot a feature's number plus 1, or 0.
 * @param {number} slots
 * @param {number} features
 * @param {number} most
 * @param {string} what
 */
function layouts(values, slots, features, most, what) {
  const count = values.length / slots;
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new FormatError(`${what}: ${values.length} slots; the plan needs a multiple of ${slots}`);
  }
  if (!values.every((value) => value <= features)) throw new FormatError(`out of range: ${what}`);
  return Array.from({ length: count }, (_, i) =>
    Int32Array.from(values.slice(i * slots, (i + 1) * slots), (value) => value - 1));
}

/** @param {Int32Array[]} all */
function requireApart(all) {
  /** @type {Map<number, number>} */
  const home = new Map();
  all.forEach((layout, index) => {
    for (const output of layout) {
      if (output < 0) continue;
      if ((home.get(output) ?? index) !== index) {
        throw new FormatError("malformed: an output in several output layouts");
      }
      home.set(output, index);
    }
  });
}

/**
 * @param {Plan} plan
 * @returns {PlanDescription}
 */
export function describePlan(plan) {
  const { keys } = plan;
  return {
    digest: hexadecimal(plan.digest),
    keySet: hexadecimal(plan.keySetDigest),
    shape: plan.prefix ? [plan.prefix.count] : plan.input.shape,
    columns: plan.prefix?.columns ?? [],
    outputs: plan.outputs.bounds.length,
    labels: plan.outputs.labels,
    securityBits: keys.securityBits,
    degree: keys.degree,
    slots: plan.slotCount,
    keyModulusBits: bitLength(keys.moduli.reduce((a, b) => a * b, keys.special)),
    functionPrivacyBits: plan.functionPrivacyBits,
    isCertified: plan.outputs.rangeIsProven,
    requestBytes: plan.requestLength + overhead,
    replyBytes: plan.replyLength + overhead,
    evaluationKeyBytes: evaluationKeyBytes(keys),
  };
}
