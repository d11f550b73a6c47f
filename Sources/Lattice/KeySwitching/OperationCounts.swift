// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Exact counts of what an evaluation did or would do; the same on every machine.
public struct OperationCounts: Sendable, Hashable {
    /// Forward and inverse NTTs of one limb.
    package var forwardNTTs = 0
    package var inverseNTTs = 0
    /// Digit decompositions (one serves all rotations of a hoisted group).
    package var decompositions = 0
    /// Inner products with a key: one a rotation or relinearization.
    package var keySwitches = 0
    /// Divisions of a polynomial by P.
    package var specialDivisions = 0
    /// Multiplications of a ciphertext by an encoded plaintext.
    package var plaintextMultiplications = 0
    /// Ciphertext by ciphertext.
    package var multiplications = 0
    /// Moduli dropped from a ciphertext.
    package var modulusSwitches = 0
    /// Multiply-accumulates of one limb by one limb in key switches.
    package var keyProducts = 0
    /// The same by encoded plaintexts.
    package var plaintextProducts = 0
    /// The same where residues are joined to a number of several, of digits and of what P divides.
    package var joinProducts = 0
    /// Multiply-accumulates of one limb by a small integer weight.
    package var smallProducts = 0
    /// Limbs of tensor products of two ciphertexts, where they are evaluated tile by tile.
    package var tensorProducts = 0
    /// Limbs of c_1 expanded from a seed, where they are expanded tile by tile.
    package var expansions = 0
    /// Encryptions of zero that were made for replies.
    package var rerandomizations = 0
    /// Ciphertexts whose noise was flooded.
    package var floods = 0
    /// Polynomials of weights that were drawn anew, to be added to.
    package var ditheredTerms = 0

    package init() {}

    /// Name and count of each field, in a fixed order; of what not all plans do, where it is done.
    public var dictionary: [(name: String, count: Int)] {
        [
            ("forward_ntts", forwardNTTs), ("inverse_ntts", inverseNTTs),
            ("decompositions", decompositions), ("key_switches", keySwitches),
            ("special_divisions", specialDivisions),
            ("plaintext_multiplications", plaintextMultiplications),
            ("multiplications", multiplications), ("modulus_switches", modulusSwitches),
            ("key_products", keyProducts), ("plaintext_products", plaintextProducts),
            ("small_products", smallProducts), ("tensor_products", tensorProducts),
            ("expansions", expansions), ("rerandomizations", rerandomizations),
        ]
            + [
                ("join_products", joinProducts), ("floods", floods),
                ("dithered_terms", ditheredTerms),
            ].filter { $0.1 > 0 }
    }

    package static func += (a: inout OperationCounts, b: OperationCounts) {
        a.forwardNTTs += b.forwardNTTs
        a.inverseNTTs += b.inverseNTTs
        a.decompositions += b.decompositions
        a.keySwitches += b.keySwitches
        a.specialDivisions += b.specialDivisions
        a.plaintextMultiplications += b.plaintextMultiplications
        a.multiplications += b.multiplications
        a.modulusSwitches += b.modulusSwitches
        a.keyProducts += b.keyProducts
        a.plaintextProducts += b.plaintextProducts
        a.joinProducts += b.joinProducts
        a.smallProducts += b.smallProducts
        a.tensorProducts += b.tensorProducts
        a.expansions += b.expansions
        a.rerandomizations += b.rerandomizations
        a.floods += b.floods
        a.ditheredTerms += b.ditheredTerms
    }
}

/// Counts shared by the threads of one evaluation.
public final class OperationCounter: Sendable {
    private let counts = Mutex(OperationCounts())

    /// From zero.
    package init() {}

    /// All that was counted so far.
    public var value: OperationCounts { counts.withLock { $0 } }

    package func add(_ update: (inout OperationCounts) -> Void) {
        counts.withLock { update(&$0) }
    }
}
