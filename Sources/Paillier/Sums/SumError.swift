// SPDX-License-Identifier: Apache-2.0

/// Why vectors can't be summed under encryption.
package enum SumError: Error, Hashable, CustomStringConvertible {
    /// What parties were to agree on can't be.
    case invalidLayout(String)
    /// Another number of integers than the layout has.
    case countMismatch(expected: Int, found: Int)
    /// An integer beyond the magnitude that was agreed on: the sum could leave its slot.
    case valueOutOfRange(index: Int, value: Int64, magnitude: Int64)
    /// Bytes of another length or kind.
    case malformed(String)
    /// Of another key, count, magnitude or number of clients.
    case otherLayout(String)
    /// More vectors in one sum than slots were made for.
    case tooManyTerms(found: Int, most: Int)
    /// Fewer vectors in a sum than who decrypts it asks for.
    case tooFewTerms(found: Int, least: Int)
    /// A sum that so many honest vectors can't have: one of them was none, or the bytes are of another sum.
    case sumOutOfRange(ciphertext: Int)

    package var description: String {
        switch self {
        case .invalidLayout(let what): what
        case .countMismatch(let expected, let found):
            "\(found) integers, where a vector has \(expected)"
        case .valueOutOfRange(let index, let value, let magnitude):
            "integer \(index) is \(value), and -\(magnitude) to \(magnitude) were agreed on"
        case .malformed(let what): "malformed bytes: \(what)"
        case .otherLayout(let what): "the vector is of another sum: \(what)"
        case .tooManyTerms(let found, let most):
            "a sum of \(found) vectors, and slots have room for \(most)"
        case .tooFewTerms(let found, let least):
            "a sum of \(found) vectors, and at least \(least) are asked for"
        case .sumOutOfRange(let ciphertext):
            "ciphertext \(ciphertext) holds what no sum of vectors within the agreed range is"
        }
    }
}
