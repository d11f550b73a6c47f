// SPDX-License-Identifier: Apache-2.0

import Lattice
import Ring

extension Evaluator {
    /// The ciphertext with its slots permuted.
    public func permute(_ a: Ciphertext, by permutation: SlotPermutation) throws -> Ciphertext {
        try sumOfPermutations(a, [permutation], includingIdentity: false)
    }

    /// sum over `permutations` of the permuted ciphertext, plus the ciphertext itself if asked.
    public func sumOfPermutations(
        _ a: Ciphertext, _ permutations: [SlotPermutation], includingIdentity: Bool
    ) throws -> Ciphertext {
        try sumOfPermutations([a], permutations, includingIdentity: includingIdentity)[0]
    }

    /// As for one ciphertext, for one of each t_i: keys are read once for all, with one decomposition and one division
    /// by P (hoisting).
    package func sumOfPermutations(
        _ channels: [Ciphertext], _ permutations: [SlotPermutation], includingIdentity: Bool
    ) throws -> [Ciphertext] {
        _ = try commonLevel(channels)
        let degree = context.degree
        let moved = permutations.filter { !$0.isIdentity(degree: degree) }
        let copies = permutations.count - moved.count + (includingIdentity ? 1 : 0)
        let totals = try switcher.sumOfAutomorphisms(
            channels.map { $0.polynomials[0] }, channels.map { $0.polynomials[1] },
            elements: moved.map { $0.galoisElement(degree: degree) }, copies: copies)
        return dividedPairs(totals, channels)
    }

    /// Each pair divided by P, as ciphertexts for the plaintext moduli of `channels`; two of `extras` added to each, where
    /// there are some.
    func dividedPairs(
        _ pairs: [ExtendedPair], _ channels: [Ciphertext],
        adding extras: [Polynomial<NTTValues>] = []
    ) -> [Ciphertext] {
        zip(switcher.divideBySpecial(pairs, adding: extras), channels).map { divided, ciphertext in
            Ciphertext(
                polynomials: [divided.0, divided.1], plaintextIndex: ciphertext.plaintextIndex)
        }
    }

    /// Throws unless all ciphertexts have two polynomials and one level, which it returns.
    func commonLevel(_ channels: [Ciphertext]) throws -> Int {
        guard let level = channels.first?.level else {
            throw EvaluationError.mismatch("no ciphertext")
        }
        guard channels.allSatisfy({ $0.polynomials.count == 2 && $0.level == level }) else {
            throw EvaluationError.mismatch("ciphertexts must be relinearized, of one level")
        }
        return level
    }
}
