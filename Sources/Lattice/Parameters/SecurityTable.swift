// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// Classical security levels of "Security Guidelines for Implementing Homomorphic Encryption"
/// (Bossuat et al., IACR eprint 2024/463), table 5.2, ternary secrets.
package enum SecurityLevel: Int, Sendable, CaseIterable, Comparable {
    /// No claim. Only reachable through names that say `insecure`.
    case insecure = 0
    case bits128 = 128
    case bits192 = 192
    case bits256 = 256

    package static func < (a: SecurityLevel, b: SecurityLevel) -> Bool { a.rawValue < b.rawValue }
}

/// The largest allowed log2(QP) per ring degree.
package enum SecurityTable {
    private static let rows: [Int: [SecurityLevel: Int]] = [
        1024: [.bits128: 26],
        2048: [.bits128: 53, .bits192: 36, .bits256: 27],
        4096: [.bits128: 106, .bits192: 73, .bits256: 56],
        8192: [.bits128: 214, .bits192: 147, .bits256: 114],
        16384: [.bits128: 430, .bits192: 297, .bits256: 230],
        32768: [.bits128: 868, .bits192: 597, .bits256: 462],
        65536: [.bits128: 1747, .bits192: 1199, .bits256: 929],
    ]

    /// The bound on log2(QP) in bits, or nil where the table has no entry.
    package static func maximumBits(degree: Int, level: SecurityLevel) -> Int? {
        rows[degree]?[level]
    }

    /// Whether QP <= 2^bound, compared as exact integers.
    package static func allows(modulus: BigInt, degree: Int, level: SecurityLevel) -> Bool {
        guard level != .insecure else { return true }
        guard let bits = maximumBits(degree: degree, level: level) else { return false }
        return modulus <= BigInt(1) << bits
    }

    /// The strongest level whose bound holds.
    package static func level(modulus: BigInt, degree: Int) -> SecurityLevel {
        SecurityLevel.allCases.reversed().first {
            allows(modulus: modulus, degree: degree, level: $0)
        } ?? .insecure
    }
}
