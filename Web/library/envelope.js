// SPDX-License-Identifier: Apache-2.0

// What surrounds every file: docs/Formats.md.

import { areEqual, areZero, concatenate, integer, littleEndian, sha256, utf8 } from "./bytes.js";
import { FormatError } from "./errors.js";

export const version = 6;
export const headerLength = 56;
export const checksumLength = 32;
const sectionHeadLength = 16;
const magic = utf8("BLNDSGHT");

/** @typedef {"serverPlan" | "clientPlan" | "secretKey" | "evaluationKeys" | "request" | "reply"} Kind */
/** @type {Record<Kind, number>} */
const kinds = { serverPlan: 1, clientPlan: 2, secretKey: 3, evaluationKeys: 4, request: 5, reply: 6 };

export const section = { method: 1, plan: 2, network: 3, key: 6, protectedKey: 8, prefix: 9, suffix: 10 };

/** @type {Partial<Record<Kind, Record<number, number>>>} the sections of each kind that are read, and their limits. */
const limits = {
  serverPlan: { 1: 4 << 20, 2: 4 << 20, 3: 64 << 20, 4: 64 << 20, 5: 64, 9: 4 << 20, 10: 4 << 20 },
  clientPlan: { 1: 4 << 20, 2: 4 << 20, 9: 4 << 20, 10: 4 << 20 },
  secretKey: { 1: 256, 6: 1 << 16, 8: 1 << 17 },
};

/**
 * @param {Kind} kind
 * @param {Uint8Array} digest
 * @param {number} payloadLength
 */
export function header(kind, digest, payloadLength) {
  return concatenate([
    magic,
    littleEndian(version, 2),
    littleEndian(kinds[kind], 2),
    new Uint8Array(4),
    digest,
    littleEndian(payloadLength, 8),
  ]);
}

/**
 * Checks the header that bytes begin with.
 * @param {Uint8Array} bytes
 * @param {Kind} kind what it must be of.
 * @returns {{ digest: Uint8Array, payloadLength: number }}
 */
export function readHeader(bytes, kind) {
  if (!areEqual(bytes.subarray(0, 8), magic)) {
    throw new FormatError("not a Blindsight file: it must begin with BLNDSGHT");
  }
  if (bytes.length < headerLength + checksumLength) throw new FormatError(`${bytes.length} bytes: the file is cut off`);
  const found = integer(bytes.subarray(8, 10));
  if (found !== version) throw new FormatError(`format version ${found}; this library reads version ${version}`);
  const code = integer(bytes.subarray(10, 12));
  if (code !== kinds[kind]) throw new FormatError(`a file of kind ${code} where one of kind ${kinds[kind]} is needed`);
  if (!areZero(bytes.subarray(12, 16))) throw new FormatError("malformed: reserved bytes of the header are not zero");
  return { digest: bytes.slice(16, 48), payloadLength: integer(bytes.subarray(48, 56)) };
}

/**
 * Compares the checksum that an envelope ends with.
 * @param {Uint8Array} bytes all of it.
 */
export async function requireChecksum(bytes) {
  const end = bytes.length - checksumLength;
  if (!areEqual(await sha256(bytes.subarray(0, end)), bytes.subarray(end))) {
    throw new FormatError("the checksum does not match: the file was damaged or changed");
  }
}

/**
 * Checks everything but the payload's meaning.
 * @param {Uint8Array} bytes
 * @param {Kind} kind
 * @returns {Promise<{ digest: Uint8Array, payload: Uint8Array, sections: Map<number, Uint8Array> }>}
 */
export async function open(bytes, kind) {
  const { digest, payloadLength } = readHeader(bytes, kind);
  const present = bytes.length - headerLength - checksumLength;
  if (payloadLength !== present) throw new FormatError(`${present} bytes; the header announces ${payloadLength}`);
  await requireChecksum(bytes);
  const payload = bytes.subarray(headerLength, bytes.length - checksumLength);
  return { digest, payload, sections: split(payload, limits[kind] ?? {}) };
}

/**
 * @param {Uint8Array} payload
 * @param {Record<number, number>} rules
 */
function split(payload, rules) {
  /** @type {Map<number, Uint8Array>} */
  const out = new Map();
  let [done, last] = [0, -1];
  while (done < payload.length) {
    const head = payload.subarray(done, done + sectionHeadLength);
    if (head.length < sectionHeadLength) throw new FormatError("malformed: a section's head that is cut off");
    const [number, flags] = [integer(head.subarray(0, 2)), integer(head.subarray(2, 4))];
    const length = integer(head.subarray(8, 16));
    if (flags > 1 || !areZero(head.subarray(4, 8))) {
      throw new FormatError(`malformed: unknown flags of section ${number}`);
    }
    done += sectionHeadLength;
    if (length > payload.length - done) throw new FormatError(`malformed: section ${number} is cut off`);
    if (number <= last) throw new FormatError(`malformed: section ${number} after section ${last}`);
    last = number;
    const limit = rules[number];
    if (limit === undefined) {
      // Unknown, and its writer allows to leave it out.
      if (flags !== 1 || length > 1 << 20) throw new FormatError(`section ${number} is unknown to this library`);
    } else {
      if (flags !== 0) throw new FormatError(`malformed: section ${number} must not be optional`);
      if (length > limit) throw new FormatError(`section ${number} has ${length} bytes; at most ${limit} are read`);
      out.set(number, payload.subarray(done, done + length));
    }
    done += length;
  }
  return out;
}

/**
 * What stands before a section's bytes.
 * @param {number} number
 * @param {number} length
 */
export function sectionHead(number, length) {
  return concatenate([littleEndian(number, 2), new Uint8Array(6), littleEndian(length, 8)]);
}

/**
 * A file of sections.
 * @param {[number, Uint8Array][]} sections their numbers ascend.
 * @param {Kind} kind
 * @param {Uint8Array} digest
 */
export async function seal(sections, kind, digest) {
  const payload = sections.flatMap(([number, bytes]) => [sectionHead(number, bytes.length), bytes]);
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  const body = concatenate([header(kind, digest, length), ...payload]);
  return concatenate([body, await sha256(body)]);
}
