// SPDX-License-Identifier: Apache-2.0

/// Why an evaluation can't be done: a key that is missing, or operands that don't fit.
package enum EvaluationError: Error, Equatable, CustomStringConvertible {
    case missingRelinearizationKey
    /// For the automorphism X -> X^element.
    case missingGaloisKey(element: Int)
    case keyCoversLevel(Int, needed: Int)
    case level(Int, maximum: Int)
    case mismatch(String)

    package var description: String {
        switch self {
        case .missingRelinearizationKey:
            return "the evaluation keys hold no relinearization key; multiplications need one"
        case .missingGaloisKey(let element):
            return
                "the evaluation keys hold no Galois key for X -> X^\(element); rotations need one each"
        case .keyCoversLevel(let has, let needed):
            return "a key for level \(has) cannot serve a ciphertext at level \(needed)"
        case .level(let level, let maximum):
            return "level \(level) is outside 1...\(maximum)"
        case .mismatch(let what):
            return "the operands don't belong together: \(what)"
        }
    }
}
