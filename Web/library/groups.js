// SPDX-License-Identifier: Apache-2.0

// Requests and replies of one sample: one group in an envelope of its own.

import { areEqual, areZero, concatenate, integer, littleEndian, sha256 } from "./bytes.js";
import { checksumLength, header, headerLength, readHeader, requireChecksum } from "./envelope.js";
import { FormatError, MismatchError } from "./errors.js";

const ownLength = 80;
export const headLength = headerLength + ownLength;

/** Bytes of a file around its body. */
export const overhead = headLength + checksumLength;

/**
 * @param {Uint8Array} plan digest.
 * @param {Uint8Array} body
 */
export async function sealRequest(plan, body) {
  const bytes = concatenate([
    header("request", plan, ownLength + body.length),
    crypto.getRandomValues(new Uint8Array(32)),
    new Uint8Array(32),
    // One sample, group 0 of 1.
    littleEndian(1, 4),
    littleEndian(0, 4),
    littleEndian(1, 4),
    new Uint8Array(4),
    body,
  ]);
  return concatenate([bytes, await sha256(bytes)]);
}

/**
 * Checks the head of a file of one group of one sample.
 * @param {Uint8Array} bytes
 * @param {"request" | "reply"} kind
 * @param {Uint8Array} plan digest.
 * @param {number} bodyLength
 */
function readHead(bytes, kind, plan, bodyLength) {
  const { digest, payloadLength } = readHeader(bytes, kind);
  if (!areEqual(digest, plan)) throw new MismatchError(`a ${kind} of another plan`);
  const expected = ownLength + bodyLength;
  const present = bytes.length - headerLength - checksumLength;
  if (payloadLength !== expected || present !== expected) {
    throw new FormatError(`a ${kind} of ${present} bytes that announces ${payloadLength}; the plan needs ${expected}`);
  }
  /**
   * @param {number} offset
   * @param {number} count
   */
  const field = (offset, count) => bytes.subarray(headerLength + offset, headerLength + offset + count);
  const unused = kind === "request" ? field(32, 32) : field(0, 32);
  if (!areZero(field(76, 4)) || !areZero(unused)) {
    throw new FormatError("malformed: reserved bytes of a group are not zero");
  }
  const [samples, index, count] = [field(64, 4), field(68, 4), field(72, 4)].map(integer);
  if (samples !== 1 || index !== 0 || count !== 1) {
    throw new FormatError(`group ${index} of ${count} with ${samples} samples; one sample was asked for`);
  }
  return { request: field(32, 32) };
}

/**
 * The body of a reply to a request.
 * @param {Uint8Array} reply
 * @param {Uint8Array} request as it was sent; its head is enough.
 * @param {{ plan: Uint8Array, requestLength: number, replyLength: number }} form the plan's digest, and lengths of
 *   bodies.
 */
export async function openReply(reply, request, form) {
  const { request: answered } = readHead(reply, "reply", form.plan, form.replyLength);
  readHead(request, "request", form.plan, form.requestLength);
  if (!areEqual(answered, await sha256(request.subarray(0, headLength)))) {
    throw new MismatchError("the reply answers another request");
  }
  await requireChecksum(reply);
  return reply.subarray(headLength, reply.length - checksumLength);
}
