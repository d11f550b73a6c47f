// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Foundation
import Paillier
import TestSupport
import Testing

/// How rings compute: by GMP, or eight numbers at a time.
enum Path: CaseIterable, CustomTestStringConvertible, Sendable {
    case scalar, lanes

    var testDescription: String { "\(self)" }

    static var here: [Path] {
        if bsk_nadic_supported() == 0 {
            print("PaillierTests: no AVX-512 IFMA on this machine, lanes skipped")
        }
        return bsk_nadic_supported() != 0 ? [.scalar, .lanes] : [.scalar]
    }

    /// Rings and keys that are made in `body` compute this way.
    func run<R>(_ body: () throws -> R) rethrows -> R {
        try NadicRing.$forcedLanes.withValue(self == .lanes) { try body() }
    }
}

extension SplitMix64 {
    /// Uniform below 2^bits.
    mutating func bigInt(bits: Int) -> BigInt {
        var value = BigInt()
        for _ in 0..<(bits + 63) / 64 { value = (value << 64) + BigInt(next()) }
        return value.modulo(BigInt(1) << bits)
    }

    mutating func bigInt(below bound: BigInt) -> BigInt {
        bigInt(bits: bound.bitLength + 64).modulo(bound)
    }

    mutating func int(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }
}

/// One of Tests/Vectors/paillier.json.
struct KeyVectors: Decodable, Sendable {
    struct Encryption: Decodable, Sendable {
        let m, r, c: String
    }
    struct Ours: Decodable, Sendable {
        let m, c: String
    }
    let bits: Int
    let p, q, n, mask, sum, product, dot: String
    let encryptions: [Encryption]
    let weights: [String]
    let ours: [Ours]

    private struct File: Decodable {
        let keys: [KeyVectors]
    }

    static let all: [KeyVectors] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Vectors/paillier.json")
        return try! JSONDecoder().decode(File.self, from: Data(contentsOf: file)).keys
    }()

    static func of(bits: Int) -> KeyVectors { all.first { $0.bits == bits }! }

    var size: PaillierKeySize {
        switch bits {
        case 2048: .bits2048
        case 3072: .bits3072
        default: .insecure(bits: bits)
        }
    }

    func secretKey() throws -> PaillierSecretKey {
        try PaillierSecretKey(size: size, p: hex(p), q: hex(q), mask: hex(mask))
    }
}

func hex(_ text: String) -> BigInt { BigInt(text, radix: 16)! }

extension BigInt {
    /// As a plaintext mod n, in (-n/2, n/2).
    func plaintext(_ n: BigInt) -> BigInt { centered(modulo: n) }
}
