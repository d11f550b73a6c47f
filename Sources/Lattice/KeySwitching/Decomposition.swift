// SPDX-License-Identifier: Apache-2.0

import Ring

/// A polynomial taken apart for key switching: its residues as coefficients (of a digit of several, its mixed-radix
/// digits: x = y_0 + q_0 (y_1 + q_1 (y_2 + ...)), each centered), of which the digits are made limb by limb
/// where they are used, so that they never leave the cache.
package struct Decomposition: Sendable {
    package let coefficients: Polynomial<Coefficients>
    package let original: Polynomial<NTTValues>
    package let slices: [Gadget.Slice]
    package let gadget: Gadget
    package let level: Int

    package var digitCount: Int { slices.count }
}

/// A ciphertext modulo Q_l P whose phase is P times the one it stands for.
package typealias ExtendedPair = (Polynomial<NTTValues>, Polynomial<NTTValues>)

/// A Galois or relinearization key with the permutation of NTT values that comes after it: none after relinearization.
package struct HoistedJob {
    /// Among the elements that were asked for.
    package let position: Int
    package let key: KeySwitchingKey
    package let indices: [UInt32]

    package init(position: Int, key: KeySwitchingKey, indices: [UInt32]) {
        self.position = position
        self.key = key
        self.indices = indices
    }
}

/// Key switches of the same polynomials with digits of one width.
package struct HoistedGroup {
    package let decompositions: [Decomposition]
    package var jobs: [HoistedJob]

    package init(decompositions: [Decomposition], jobs: [HoistedJob]) {
        self.decompositions = decompositions
        self.jobs = jobs
    }

    package var level: Int { decompositions[0].level }
    /// Of all decompositions.
    package var digitCount: Int { decompositions.reduce(0) { $0 + $1.digitCount } }
}
