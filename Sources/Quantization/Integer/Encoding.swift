// SPDX-License-Identifier: Apache-2.0

/// How integers stand for a real tensor: element i is `constants[i]` plus the sum of `factors[i]` times element i of
/// each value.
struct Encoding: Sendable {
    struct Term: Sendable {
        /// 0 is the input, i + 1 the result of integer operation i.
        var value: Int
        var factors: [Double]
    }

    var terms: [Term]
    var constants: [Double]

    /// diag(factors) times this, plus terms.
    func scaled(by factors: [Double], adding offsets: [Double]) -> Encoding {
        Encoding(
            terms: terms.map { term in
                Term(value: term.value, factors: zip(term.factors, factors).map { $0 * $1 })
            }, constants: constants.indices.map { constants[$0] * factors[$0] + offsets[$0] })
    }

    /// The same factor of all elements of a term.
    static func uniform(_ factors: [Double]) -> Double? {
        guard let first = factors.first, factors.allSatisfy({ $0 == first }) else { return nil }
        return first
    }
}
