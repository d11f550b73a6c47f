// SPDX-License-Identifier: Apache-2.0

import Lattice

/// Which keys a computation needs: nothing is generated beyond it.
public struct EvaluationKeySpecification: Sendable, Hashable {
    /// The gadget of the relinearization key, if there are multiplications.
    package let relinearization: Gadget?
    /// The gadget of each slot permutation's Galois key.
    package let rotations: [SlotPermutation: Gadget]

    /// - Parameters:
    ///   - relinearization: the gadget of the key for products; nil: there are none.
    ///   - rotations: the gadget of each permutation's key.
    public init(relinearization: Gadget?, rotations: [SlotPermutation: Gadget]) {
        self.relinearization = relinearization
        self.rotations = rotations
    }

    /// Keys for every level, each residue one digit.
    /// - Parameters:
    ///   - multiplies: whether ciphertexts are multiplied by each other.
    ///   - permutations: all that slots are permuted by.
    public init(
        parameters: BFVParameters, multiplies: Bool, permutations: [SlotPermutation] = []
    ) {
        let gadget = Gadget(level: parameters.maximumLevel)
        let moved = permutations.map { $0.normalized(degree: parameters.degree) }
            .filter { !$0.isIdentity(degree: parameters.degree) }
        self.init(
            relinearization: multiplies ? gadget : nil,
            rotations: Dictionary(moved.map { ($0, gadget) }) { first, _ in first })
    }
}

extension KeyGenerator {
    /// Exactly the keys of `specification`.
    /// - Parameter progress: called with (keys done, keys in all).
    /// - Throws: an error where a gadget covers a level that doesn't exist.
    public func evaluationKeys(
        _ specification: EvaluationKeySpecification,
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> EvaluationKeys {
        try evaluationKeys(
            relinearization: specification.relinearization,
            galois: Dictionary(
                specification.rotations.map { ($0.galoisElement(degree: degree), $1) },
                uniquingKeysWith: { $0.level >= $1.level ? $0 : $1 }), progress: progress)
    }
}
