// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with keys, ciphertexts and numbers that come from outside.
public enum PaillierError: Error, Hashable, CustomStringConvertible {
    /// Bytes of another length, kind or version than they should have.
    case malformed(String)
    /// A key whose numbers can't be a key's.
    case invalidKey(String)
    /// A ciphertext that is none of this key.
    case invalidCiphertext(index: Int)
    /// Ciphertexts of different keys, or of another key than asked for.
    case otherKey
    /// A number outside (-n/2, n/2).
    case plaintextOutOfRange(index: Int)
    /// Counts that don't fit together.
    case countMismatch(expected: Int, found: Int)
    /// Sums could leave their slot.
    case slotOverflow(needed: Int, available: Int)
    /// A decryption whose check failed: the processor made a mistake, or was made to. Nothing is released.
    case faultDetected

    public var description: String {
        switch self {
        case .malformed(let what): "malformed bytes: \(what)"
        case .invalidKey(let what): "not a Paillier key: \(what)"
        case .invalidCiphertext(let i):
            "ciphertext \(i) is not invertible modulo n^2, or out of range"
        case .otherKey: "the ciphertexts belong to another key"
        case .plaintextOutOfRange(let i): "number \(i) is not within half of n of 0"
        case .countMismatch(let expected, let found): "expected \(expected) numbers, found \(found)"
        case .slotOverflow(let needed, let available):
            "sums need \(needed) bits, a slot has \(available)"
        case .faultDetected: "a decryption failed its check; nothing of it is given out"
        }
    }
}
