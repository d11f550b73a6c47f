// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Lattice
import Wire

/// What a client's keys depend on, and all that they depend on: the lattice and the list of keys. No plaintext modulus,
/// so that plans of many networks can share it.
package struct BFVKeySet: Sendable, Hashable {
    package let lattice: LatticeParameters
    /// The gadget of the relinearization key, if there are multiplications.
    package let relinearization: Gadget?
    /// The gadget of each Galois key, by its element.
    package let galois: [Int: Gadget]
    /// The level of the public key that replies are re-randomized with.
    package let rerandomizationLevel: Int

    package init(
        lattice: LatticeParameters, relinearization: Gadget?, galois: [Int: Gadget],
        rerandomizationLevel: Int
    ) {
        self.lattice = lattice
        self.relinearization = relinearization
        self.galois = galois
        self.rerandomizationLevel = rerandomizationLevel
    }

    /// (Galois element, gadget) of each key in the order of a file; element 0 stands for relinearization.
    package var list: [(element: Int, gadget: Gadget)] {
        (relinearization.map { [(element: 0, gadget: $0)] } ?? [])
            + galois.map { (element: $0.key, gadget: $0.value) }.sorted { $0.element < $1.element }
    }

    /// Bytes of one key in a file: its seed and packed residues.
    package func byteCount(_ gadget: Gadget) -> Int {
        let bits = lattice.ciphertextModuli[..<gadget.level].map(\.bitWidthUsed)
        let digits = gadget.digits(bits: bits).count
        return 32 + digits
            * bits.reduce(lattice.specialBits, +) * lattice.degree / 8
    }

    /// Bytes of the public key in a file: its seed and packed residues.
    package var publicKeyByteCount: Int {
        32 + lattice.ciphertextModuli[..<rerandomizationLevel].map(\.bitWidthUsed)
            .reduce(lattice.specialBits, +) * lattice.degree / 8
    }

    /// Bytes of all keys in a file. At most 2^16 keys of 2^37 bytes: no overflow.
    package var byteCount: Int {
        list.reduce(publicKeyByteCount) { $0 + byteCount($1.gadget) }
    }

    /// All keys of a plan, packed: what one section holds.
    static let maximumBytes = 1 << 31 - 1 << 20

    /// - Throws: `WireError` where nobody would make the keys.
    package func check() throws {
        guard byteCount <= Self.maximumBytes else {
            throw WireError.outOfRange(
                "evaluation keys of \(byteCount) bytes; at most \(Self.maximumBytes) are made")
        }
    }

    /// Whether keys of this set serve what needs `other`: the same lattice, and each key with the same digits at its
    /// level or above.
    package func serves(_ other: BFVKeySet) -> Bool {
        func covers(_ mine: Gadget?, _ needed: Gadget) -> Bool {
            guard let mine else { return false }
            return mine.digitBits == needed.digitBits && mine.level >= needed.level
        }
        return lattice == other.lattice
            && other.relinearization.map { covers(relinearization, $0) } ?? true
            && other.galois.allSatisfy { covers(galois[$0.key], $0.value) }
            && rerandomizationLevel >= other.rerandomizationLevel
    }
}

extension BFVKeySet {
    /// Bytes of all keys as predictions read them: both halves, packed at the bits of their moduli; of the public key in
    /// words.
    package var packedBytes: Int {
        list.reduce(16 * lattice.degree * (rerandomizationLevel + lattice.specialModuli.count)) {
            $0 + 2 * byteCount($1.gadget)
        }
    }
}
