// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// An ordered set of distinct NTT primes of one degree; an element of the ring is kept as its
/// residues modulo each ("limbs").
package final class RNSBasis: Sendable {
    package let degree: Int
    package let tables: [NTTTable]

    package init(tables: [NTTTable]) throws {
        guard let first = tables.first else { throw RingError.unsupportedDegree(0) }
        var seen = Set<UInt64>()
        for table in tables {
            guard table.degree == first.degree else {
                throw RingError.unsupportedDegree(table.degree)
            }
            guard seen.insert(table.value).inserted else {
                throw RingError.repeatedModulus(table.value)
            }
        }
        degree = first.degree
        self.tables = tables
    }

    package var count: Int { tables.count }
    package var moduli: [UInt64] { tables.map(\.value) }

    /// The exact product of the moduli.
    package var product: BigInt { tables.reduce(BigInt(1)) { $0 * BigInt($1.value) } }
}

extension RNSBasis {
    /// Products of one limb by a number that join residues of so many moduli to a number, modulo so many others: each
    /// residue's mixed-radix digit from those below it, then their sum in each.
    package static func joinProducts(_ limbs: Int, to others: Int) -> Int {
        limbs < 2 ? 0 : limbs * (limbs - 1) / 2 + limbs * others
    }
}
