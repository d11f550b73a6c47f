// SPDX-License-Identifier: Apache-2.0

// Protocol Buffers, as much as plans need. A message has one form: fields ascend, defaults are left out, repeated
// numbers are packed. `decode` takes no other, so that a digest of bytes is one of what they say.

import { areEqual, concatenate, utf8 } from "./bytes.js";
import { FormatError } from "./errors.js";

/** @typedef {"uint32" | "sint32" | "sint64" | "fixed64" | "float" | "double" | "string" | "bool" | "enum"} Scalar */
/**
 * Field numbers with names and types; `[]` is repeated.
 * @typedef {{ [number: number]: { name: string, type: Scalar | Schema, repeated?: boolean } }} Schema
 */
/** @typedef {Record<string, any>} Message */

const wireTypes = { uint32: 0, sint32: 0, sint64: 0, enum: 0, bool: 0, fixed64: 1, double: 1, float: 5, string: 2 };

/**
 * @param {Scalar | Schema} type
 * @returns {0 | 1 | 2 | 5}
 */
function wireType(type) {
  return /** @type {0 | 1 | 2 | 5} */ (typeof type === "string" ? wireTypes[type] : 2);
}

class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.offset = 0;
  }

  get isAtEnd() {
    return this.offset >= this.bytes.length;
  }

  /** @param {number} count */
  take(count) {
    if (count > this.bytes.length - this.offset) throw new FormatError("a message that is cut off");
    this.offset += count;
    return this.bytes.subarray(this.offset - count, this.offset);
  }

  varint() {
    // Most are of one byte.
    if (this.bytes[this.offset] < 128) return BigInt(this.bytes[this.offset++]);
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = this.take(1)[0] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new FormatError("a number of too many bytes");
  }

  /** @param {number} count */
  view(count) {
    const bytes = this.take(count);
    return new DataView(bytes.buffer, bytes.byteOffset, count);
  }

  /**
   * @param {Scalar | Schema} type
   * @returns {any}
   */
  value(type) {
    if (typeof type !== "string") return decodeFields(type, this.take(Number(this.varint())));
    switch (type) {
      case "uint32":
      case "enum":
        return Number(BigInt.asUintN(32, this.varint()));
      case "bool":
        return this.varint() !== 0n;
      case "sint32":
        return Number(BigInt.asIntN(32, zigzag(this.varint())));
      case "sint64":
        return zigzag(this.varint());
      case "fixed64":
        return this.view(8).getBigUint64(0, true);
      case "double":
        return this.view(8).getFloat64(0, true);
      case "float":
        return this.view(4).getFloat32(0, true);
      case "string":
        try {
          const bytes = this.take(Number(this.varint()));
          return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
        } catch (error) {
          throw error instanceof FormatError ? error : new FormatError("a text that is not UTF-8");
        }
    }
  }
}

/** @param {bigint} value */
function zigzag(value) {
  return value & 1n ? -(value >> 1n) - 1n : value >> 1n;
}

/**
 * @param {Schema} schema
 * @param {Uint8Array} bytes
 * @returns {Message}
 */
function decodeFields(schema, bytes) {
  /** @type {Message} */
  const out = {};
  for (const { name, type, repeated } of Object.values(schema)) {
    out[name] = repeated ? [] : typeof type === "string" ? defaultOf(type) : undefined;
  }
  const reader = new Reader(bytes);
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const field = schema[Number(tag >> 3n)];
    if (!field) throw new FormatError(`an unknown field ${tag >> 3n}`);
    const { name, type, repeated } = field;
    const packs = repeated && typeof type === "string" && type !== "string";
    if (Number(tag & 7n) !== (packs ? 2 : wireType(type))) throw new FormatError(`the field ${name} of another type`);
    if (packs) {
      const inner = new Reader(reader.take(Number(reader.varint())));
      while (!inner.isAtEnd) out[name].push(inner.value(type));
    } else if (repeated) {
      out[name].push(reader.value(type));
    } else {
      out[name] = reader.value(type);
    }
  }
  return out;
}

/** @param {Scalar} type */
function defaultOf(type) {
  if (type === "string") return "";
  if (type === "bool") return false;
  return type === "sint64" || type === "fixed64" ? 0n : 0;
}

/**
 * The message of bytes, which must be what `encode` gives for it.
 * @param {Schema} schema
 * @param {Uint8Array} bytes
 * @param {string} what by which errors name it.
 * @returns {Message}
 */
export function decode(schema, bytes, what) {
  let message;
  try {
    message = decodeFields(schema, bytes);
  } catch (error) {
    throw error instanceof FormatError ? new FormatError(`malformed: ${what}: ${error.message}`) : error;
  }
  if (!areEqual(encode(schema, message), bytes)) {
    throw new FormatError(`malformed: ${what} is not in canonical form`);
  }
  return message;
}

/** @param {bigint | number} value */
function varint(value) {
  if (value < 128) return Uint8Array.of(Number(value));
  const out = [];
  let rest = BigInt(value);
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

/** @param {Uint8Array} bytes */
function delimited(bytes) {
  return concatenate([varint(bytes.length), bytes]);
}

/**
 * @param {Scalar | Schema} type
 * @param {any} value
 * @returns {Uint8Array}
 */
function encodeValue(type, value) {
  if (typeof type !== "string") return delimited(encode(type, value));
  const view = new DataView(new ArrayBuffer(type === "float" ? 4 : 8));
  switch (type) {
    case "string":
      return delimited(utf8(value));
    case "sint32":
    case "sint64": {
      const wide = BigInt(value);
      return varint(wide < 0n ? -2n * wide - 1n : 2n * wide);
    }
    case "float":
      view.setFloat32(0, value, true);
      break;
    case "double":
      view.setFloat64(0, value, true);
      break;
    case "fixed64":
      view.setBigUint64(0, value, true);
      break;
    default:
      return varint(BigInt(value));
  }
  return new Uint8Array(view.buffer);
}

/**
 * @param {Schema} schema
 * @param {Message} message
 * @returns {Uint8Array}
 */
export function encode(schema, message) {
  const parts = [];
  // Keys that are numbers ascend.
  for (const [number, { name, type, repeated }] of Object.entries(schema)) {
    const value = message[name];
    /** @param {0 | 1 | 2 | 5} wire */
    const tag = (wire) => varint((Number(number) << 3) | wire);
    if (repeated && typeof type === "string" && type !== "string") {
      if (value.length === 0) continue;
      const values = value.map((/** @type {any} */ each) => encodeValue(type, each));
      parts.push(tag(2), delimited(concatenate(values)));
    } else if (repeated) {
      for (const each of value) parts.push(tag(2), encodeValue(type, each));
    } else if (typeof type === "string" ? !Object.is(value, defaultOf(type)) : value !== undefined) {
      parts.push(tag(wireType(type)), encodeValue(type, value));
    }
  }
  return concatenate(parts);
}
