// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Tests/Vectors/bigint.json.
struct KnownAnswers: Decodable {
    struct Arithmetic: Decodable, Sendable {
        let a, b, hex, sum, difference, product, quotient, remainder, floor, modulo, rounded: String
        let left, right, gcd, root: String
        let bits: Int
    }
    struct Power: Decodable, Sendable {
        let a, e, m, power: String
        let inverse: String?
    }
    struct Mersenne: Decodable, Sendable {
        let prime, composite: [Int]
    }
    struct NTT: Decodable, Sendable {
        let bits: Int
        let step: UInt64
        let primes: [String]
    }
    let arithmetic: [Arithmetic]
    let powers: [Power]
    let mersenne: Mersenne
    let pseudoprimes: [String]
    let ntt: [NTT]

    static func load(file: String = #filePath) throws -> KnownAnswers {
        let vectors = URL(fileURLWithPath: file).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Vectors/bigint.json")
        return try JSONDecoder().decode(KnownAnswers.self, from: Data(contentsOf: vectors))
    }
}
