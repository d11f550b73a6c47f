// SPDX-License-Identifier: Apache-2.0

/**
 * @param {Uint8Array[]} parts
 * @returns {Uint8Array}
 */
export function concatenate(parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
export function areEqual(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** @param {Uint8Array} bytes */
export function areZero(bytes) {
  return bytes.every((byte) => byte === 0);
}

/**
 * Lower-case digits.
 * @param {Uint8Array} bytes
 */
export function hexadecimal(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} text */
export function utf8(text) {
  return new TextEncoder().encode(text);
}

/**
 * A little-endian integer.
 * @param {number | bigint} value not negative.
 * @param {number} count of bytes.
 */
export function littleEndian(value, count) {
  const out = new Uint8Array(count);
  let rest = BigInt(value);
  for (let index = 0; index < count; index++) {
    out[index] = Number(rest & 255n);
    rest >>= 8n;
  }
  return out;
}

/**
 * A little-endian integer as a number; Infinity where it is above what numbers hold exactly.
 * @param {Uint8Array} bytes
 */
export function integer(bytes) {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Infinity;
}

/**
 * WebCrypto's half that browsers give to secure pages only.
 * @returns {SubtleCrypto}
 */
export function subtle() {
  const found = globalThis.crypto?.subtle;
  if (!found) throw new Error("WebCrypto is missing: pages have it by https, or from localhost");
  return found;
}

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<Uint8Array>}
 */
export async function sha256(bytes) {
  return new Uint8Array(await subtle().digest("SHA-256", bytes));
}
