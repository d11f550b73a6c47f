// SPDX-License-Identifier: Apache-2.0

/** What all errors of this library are. No message holds anything secret. */
export class BlindsightError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

/** Bytes that are not the file that they should be. */
export class FormatError extends BlindsightError {}

/** A file of another plan, key set or request. */
export class MismatchError extends BlindsightError {}

/** A plan that is right, but needs what this library doesn't have. */
export class UnsupportedError extends BlindsightError {}

/** A sample that the plan doesn't take. */
export class DataError extends BlindsightError {}

/**
 * A reply that was refused for what only the secret key tells. Never let a server know that there was one, neither by a
 * message nor by asking again.
 */
export class DecryptionError extends BlindsightError {}

/** What a service answered instead of what was asked for. */
export class ServiceError extends BlindsightError {
  /**
   * @param {string} message
   * @param {number} status of HTTP; 0 where there was no answer, or none that can be read.
   */
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

const known = { FormatError, MismatchError, UnsupportedError, DataError, DecryptionError, ServiceError };

/**
 * An error as a message between threads.
 * @param {unknown} error
 * @returns {{ name: string, message: string }}
 */
export function describe(error) {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "Error", message: String(error) };
}

/**
 * The error that `describe` was given.
 * @param {{ name: string, message: string }} description
 * @returns {Error}
 */
export function revive({ name, message }) {
  const constructor = Object.entries(known).find(([own]) => own === name)?.[1];
  return constructor ? new constructor(message) : new Error(message);
}
