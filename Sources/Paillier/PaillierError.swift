// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with keys, ciphertexts and numbers that come from outside.
public struct PaillierError: Error, Hashable, CustomStringConvertible {
    public let description: String

    private init(_ description: String) { self.description = description }

    /// Bytes of another length, kind or version than they should have.
    package static func malformed(_ what: String) -> PaillierError {
        PaillierError("malformed bytes: \(what)")
    }

    /// A key whose numbers can't be a key's.
    package static func invalidKey(_ what: String) -> PaillierError {
        PaillierError("not a Paillier key: \(what)")
    }

    /// A ciphertext that is none of this key.
    package static func invalidCiphertext(index: Int) -> PaillierError {
        PaillierError("ciphertext \(index) is not invertible modulo n^2, or out of range")
    }

    /// Ciphertexts of different keys, or of another key than asked for.
    package static let otherKey = PaillierError("the ciphertexts belong to another key")

    /// A number outside (-n/2, n/2).
    package static func plaintextOutOfRange(index: Int) -> PaillierError {
        PaillierError("number \(index) is not within half of n of 0")
    }

    /// Counts that don't fit together.
    package static func countMismatch(expected: Int, found: Int) -> PaillierError {
        PaillierError("expected \(expected) numbers, found \(found)")
    }

    /// Sums could leave their slot.
    package static func slotOverflow(needed: Int, available: Int) -> PaillierError {
        PaillierError("sums need \(needed) bits, a slot has \(available)")
    }

    /// A decryption whose check failed: the processor made a mistake, or was made to. Nothing is released.
    package static let faultDetected = PaillierError(
        "a decryption failed its check; nothing of it is given out")
}
