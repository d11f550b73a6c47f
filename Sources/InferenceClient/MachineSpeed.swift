// SPDX-License-Identifier: Apache-2.0

/// What the operations of a prediction take on one core of a machine, in nanoseconds: a model of time that is linear in
/// exact counts.
///
/// Permutations go with key products, lifts with transforms; `overhead` stands for all else: other passes over
/// residues, what caches lose between operations, the bookkeeping.
package struct MachineSpeed: Sendable, Equatable, Codable {
    /// A butterfly of a forward NTT; a limb has N/2 log2 N. With the lift of a residue to another modulus before it.
    package var forwardButterfly: Double
    /// The same of an inverse NTT.
    package var inverseButterfly: Double
    /// A residue of a product with a key that comes from memory; a limb has N. With its share of the permutation after
    /// it.
    package var keyResidue: Double
    /// The same of a product with an encoded plaintext.
    package var plaintextResidue: Double
    /// What a whole evaluation takes, as a multiple of its operations.
    package var overhead: Double
    /// A residue's product where several are joined to one number.
    package var joinResidue = 0.3
    /// A residue's product with a small weight, added up.
    package var smallResidue = 0.06
    /// A residue of a tensor product, with the reductions before it and its way through memory.
    package var tensorResidue = 5.0
    /// A residue of c_1 from its seed, with its c_0 unpacked and both written and read.
    package var expandedResidue = 3.0
    /// A residue's share of what is drawn for an encryption of zero.
    package var drawnResidue = 12.0
    /// The same of a flood: some 64 bytes of a keystream.
    package var floodedResidue = 24.0
    /// The same of weights that are drawn anew, in one limb.
    package var ditheredResidue = 6.0

    package init(
        forwardButterfly: Double, inverseButterfly: Double, keyResidue: Double,
        plaintextResidue: Double, overhead: Double
    ) {
        self.forwardButterfly = forwardButterfly
        self.inverseButterfly = inverseButterfly
        self.keyResidue = keyResidue
        self.plaintextResidue = plaintextResidue
        self.overhead = overhead
    }

    /// Measured on an AMD Zen 4 core at 3.7 GHz with AVX-512 IFMA. The planner chooses by these everywhere, so that a
    /// model's plan is the same on every machine.
    package static let reference = MachineSpeed(
        forwardButterfly: 0.20, inverseButterfly: 0.21, keyResidue: 0.30, plaintextResidue: 0.13,
        overhead: 1.4)

    /// One group of samples on one core.
    /// - Parameter degree: of the ring that the counted operations are of.
    package func seconds(_ operations: OperationTally, degree: Int) -> Double {
        func count(_ name: String) -> Double { Double(operations[name] ?? 0) }
        let n = Double(degree)
        let butterflies = n / 2 * Double(degree.trailingZeroBitCount)
        let transforms =
            count("forward_ntts") * forwardButterfly + count("inverse_ntts") * inverseButterfly
        let products =
            count("key_products") * keyResidue + count("plaintext_products") * plaintextResidue
        let tiles =
            count("small_products") * smallResidue + count("tensor_products") * tensorResidue
            + count("expansions") * expandedResidue + count("rerandomizations") * drawnResidue
            + count("floods") * floodedResidue + count("dithered_terms") * ditheredResidue
            + count("join_products") * joinResidue
        return 1e-9 * (overhead * (transforms * butterflies + products * n) + tiles * n)
    }
}
