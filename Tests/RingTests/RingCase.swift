// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring
import TestSupport
import Testing

/// A ring of one degree over a few prime sizes: the largest NTT primes of the given bits.
struct RingCase: Sendable, CustomTestStringConvertible {
    let degree: Int
    let bits: [Int]

    var testDescription: String { "N \(degree), q \(bits)" }

    static let small = [
        RingCase(degree: 8, bits: [11]), RingCase(degree: 16, bits: [50, 20, 49]),
        RingCase(degree: 64, bits: [49, 13, 36]), RingCase(degree: 256, bits: [30, 50]),
    ]
    static let large = RingCase(degree: 8192, bits: [50, 36])
    static let all = small + [large]

    func basis() throws -> RNSBasis {
        var used: Set<UInt64> = []
        let tables = try bits.map { bits in
            let prime = try #require(
                Primes.nttPrimes(
                    bits: bits, count: 1, congruentTo1Modulo: UInt64(2 * degree), excluding: used
                ).first, "no prime of \(bits) bits for N = \(degree)")
            used.insert(prime)
            return try NTTTable(modulus: prime, degree: degree)
        }
        return try RNSBasis(tables: tables)
    }

    var seed: UInt64 { UInt64(degree) << 16 | UInt64(bits[0]) }

    /// Coefficients to look at: all of a small ring, some of a large one.
    var samples: [Int] {
        degree <= 256
            ? Array(0..<degree)
            : [0, 1, 2, 17, degree / 2 - 1, degree / 2, degree / 2 + 1, degree - 2, degree - 1]
    }
}

extension RNSBasis {
    /// Uniform residues, limb by limb, with the extremes among them.
    func random(_ generator: inout SplitMix64) -> Polynomial<Coefficients> {
        var out = Polynomial<Coefficients>(uninitialized: self)
        for (i, q) in moduli.enumerated() {
            let limb = out.mutableLimb(i)
            for j in 0..<degree { limb[j] = generator.next() % q }
            limb[0] = q - 1
            limb[degree - 1] = q - 1
            limb[degree / 2] = 0
        }
        return out
    }
}

extension Polynomial {
    var limbs: [[UInt64]] { (0..<limbCount).map { words(ofLimb: $0) } }
}

/// Z_q[X]/(X^N+1) by its definition.
enum NaiveRing {
    /// Coefficient k of a b.
    static func product(
        _ a: [UInt64], _ b: [UInt64], coefficient k: Int, modulo q: UInt64
    ) -> UInt64 {
        let n = a.count
        return (0..<n).reduce(0) { sum, i in
            let term = ModularArithmetic.multiply(a[i], b[(k - i + n) % n], modulo: q)
            return i <= k
                ? ModularArithmetic.add(sum, term, modulo: q)
                : ModularArithmetic.subtract(sum, term, modulo: q)
        }
    }

    /// a(x), by Horner's rule.
    static func value(_ a: [UInt64], at x: UInt64, modulo q: UInt64) -> UInt64 {
        a.reversed().reduce(0) {
            ModularArithmetic.add(ModularArithmetic.multiply($0, x, modulo: q), $1, modulo: q)
        }
    }

    /// a(X^k).
    static func automorphism(_ a: [UInt64], _ k: Int, modulo q: UInt64) -> [UInt64] {
        let n = a.count
        var out = a
        for (i, c) in a.enumerated() {
            let exponent = i * k % (2 * n)
            out[exponent % n] = exponent < n ? c : ModularArithmetic.negate(c, modulo: q)
        }
        return out
    }
}
