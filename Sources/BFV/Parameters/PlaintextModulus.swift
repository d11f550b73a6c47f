// SPDX-License-Identifier: Apache-2.0

import BigIntegers

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A plaintext modulus: an element pi of Z[X^(N/k)], inside Z[X]/(X^N+1), in a prime ideal above t.
///
/// With k = 1 it is the number t itself: N slots modulo t. With k = 2, 4, ... the prime t = 1 mod 2N splits in
/// Z[X^(N/k)], a copy of the 2k-th cyclotomic integers, into k ideals (t, X^(N/k) - r); pi is a short element of one of
/// them, of size about t^(1/k). Messages modulo it have N/k slots modulo t, while everything that multiplies noise
/// by t with k = 1 multiplies it by t^(1/k) only (Geelen and Vercauteren, "Fully homomorphic encryption for
/// cyclotomic prime moduli", eprint 2024/1587).
package struct PlaintextModulus: Sendable, Hashable {
    /// t: the prime that slots are taken modulo.
    package let prime: UInt64
    /// c_0 ... c_(k-1) with pi = sum c_i X^(i N/k).
    package let generator: [Int64]

    /// k: slots are N / k.
    package var index: Int { generator.count }

    /// The number t: N slots. Any number at all here; parameters refuse those from 2^50.
    package init(prime: UInt64) {
        self.init(prime: prime, generator: [Int64(truncatingIfNeeded: prime)])
    }

    /// - Parameter generator: checked against a degree by `BFVParameters`.
    package init(prime: UInt64, generator: [Int64]) {
        self.prime = prime
        self.generator = generator
    }

    /// The largest k that parameters may have.
    package static let largestIndex = 32

    /// A short generator of the ideal that slots of degree N are taken modulo; nil where the vectors that were looked
    /// at have a larger norm than t: they would leave a message a part that slots don't see.
    ///
    /// - Precondition: `prime` is a prime, 1 modulo 2 `degree`; `index` a power of two up to `largestIndex` and
    ///   `degree` / 8.
    package static func ideal(prime t: UInt64, index k: Int, degree: Int) -> PlaintextModulus? {
        precondition(k & (k - 1) == 0 && (1...min(largestIndex, degree / 8)).contains(k))
        guard k > 1 else { return PlaintextModulus(prime: t) }
        let r = root(prime: t, index: k, degree: degree)!
        // The lattice of all x with sum x_i r^i = 0 modulo t: (t, 0, ...), then -r^i with 1 at i.
        var rows = [[Int64(t)] + [Int64](repeating: 0, count: k - 1)]
        var power = r
        for i in 1..<k {
            var row = [Int64](repeating: 0, count: k)
            row[0] = -Int64(power)
            row[i] = 1
            rows.append(row)
            power = ModularArithmetic.multiply(power, r, modulo: t)
        }
        ShortVectors.reduce(&rows)
        let roots = RootsOfUnity(index: k)
        func shortest(_ vectors: [[Int64]]) -> PlaintextModulus? {
            vectors.map { ($0, roots.squaredMagnitudes($0)) }
                // The norm is a multiple of t: to tell 1 from 2, floating point will do.
                .filter { log2($0.1.reduce(1, *)) / 2 < log2(Double(t)) + 0.5 }
                .min { $0.1.max()! < $1.1.max()! }
                .map { PlaintextModulus(prime: t, generator: $0.0) }
        }
        return shortest(rows) ?? shortest(ShortVectors.pairs(rows))
    }

    /// r: X^(N/k) in the slots, a primitive 2k-th root of unity modulo t.
    static func root(prime t: UInt64, index k: Int, degree: Int) -> UInt64? {
        ModularArithmetic.primitiveRoot(ofOrder: UInt64(2 * degree), modulo: t)
            .map { ModularArithmetic.power($0, UInt64(degree / k), modulo: t) }
    }

    /// Whether pi generates the ideal of this degree's slots, and is large enough to be divided by.
    func isValid(degree: Int) -> Bool {
        let k = index
        guard k >= 1, k & (k - 1) == 0, k <= min(Self.largestIndex, degree / 8),
            generator.allSatisfy({ $0.magnitude < 1 << 50 }),
            let r = Self.root(prime: prime, index: k, degree: degree)
        else { return false }
        let value = generator.reversed().reduce(UInt64(0)) { sum, c in
            let residue = c.magnitude % prime
            return ModularArithmetic.add(
                ModularArithmetic.multiply(sum, r, modulo: prime),
                c < 0 && residue != 0 ? prime - residue : residue, modulo: prime)
        }
        let adjoint = adjoint
        let norm = norm(adjoint: adjoint)
        return value == 0 && norm == BigInt(prime)
            && Self.reciprocal(adjoint: adjoint, norm: norm) != nil
    }

    // MARK: Embeddings

    /// max |pi(zeta)| over the 2k-th primitive roots of unity zeta, rounded up.
    package var largestEmbedding: Double {
        let largest = RootsOfUnity(index: index).squaredMagnitudes(generator).max()!.squareRoot()
        return largest * (1 + 0x1p-30)
    }

    /// min |pi(zeta)|, rounded down.
    package var smallestEmbedding: Double {
        let smallest = RootsOfUnity(index: index).squaredMagnitudes(generator).min()!.squareRoot()
        return smallest * (1 - 0x1p-30)
    }

    /// The 2-norm of its coefficients, rounded up.
    package var coefficientNorm: Double {
        generator.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() * (1 + 0x1p-30)
    }

    /// sum |c_i|: how much a product with pi can multiply a largest coefficient by.
    package var coefficientSum: Double { generator.reduce(0) { $0 + Double($1.magnitude) } }

    // MARK: Division

    /// norm / pi, an element of Z[X^(N/k)]: the product of the other conjugates.
    package var adjoint: [BigInt] { Self.adjoint(generator.map { BigInt($0) }) }

    /// Down the tower of subfields: with Y for X^(N/k), x(Y) x(-Y) is a y(Y^2), and norm / x = x(-Y) (norm / y)(Y^2).
    private static func adjoint(_ x: [BigInt]) -> [BigInt] {
        let k = x.count
        guard k > 1 else { return [BigInt(1)] }
        let conjugate = x.enumerated().map { $0 % 2 == 0 ? $1 : -$1 }
        let square = product(x, conjugate)
        let below = adjoint(stride(from: 0, to: k, by: 2).map { square[$0] })
        return product(
            conjugate, (0..<k).map { $0 % 2 == 0 ? below[$0 / 2] : BigInt(0) })
    }

    /// The norm of pi over Q(X^(N/k)): t for a generator of the ideal.
    package var norm: BigInt { norm(adjoint: adjoint) }

    private func norm(adjoint: [BigInt]) -> BigInt {
        Self.product(generator.map { BigInt($0) }, adjoint)[0]
    }

    /// round(2^63 / pi), coefficient by coefficient; nil where pi is too small to divide by.
    package var reciprocal: [Int64]? {
        let adjoint = adjoint
        return Self.reciprocal(adjoint: adjoint, norm: norm(adjoint: adjoint))
    }

    private static func reciprocal(adjoint: [BigInt], norm: BigInt) -> [Int64]? {
        guard !norm.isZero else { return nil }
        var out: [Int64] = []
        for c in adjoint {
            let quotient = (c << 63).dividedRounded(by: norm)
            guard quotient.bitLength < 63 else { return nil }
            out.append(Int64(exactly: quotient)!)
        }
        return out
    }

    private static func product(_ a: [BigInt], _ b: [BigInt]) -> [BigInt] {
        let k = a.count
        var out = [BigInt](repeating: BigInt(0), count: k)
        for i in 0..<k where !a[i].isZero {
            for j in 0..<k where !b[j].isZero {
                if i + j < k { out[i + j] += a[i] * b[j] } else { out[i + j - k] -= a[i] * b[j] }
            }
        }
        return out
    }
}

/// The primitive 2k-th roots of unity.
private struct RootsOfUnity {
    private let k: Int
    private let cosines: [Double]

    init(index: Int) {
        k = index
        cosines = (0..<2 * index).map { cos(Double.pi * Double($0) / Double(index)) }
    }

    /// |x(zeta)|^2 at each of them, for x = sum x_i zeta^i.
    func squaredMagnitudes(_ x: [Int64]) -> [Double] {
        stride(from: 1, to: 2 * k, by: 2).map { j in
            var (re, im) = (0.0, 0.0)
            for (i, c) in x.enumerated() {
                let angle = i * j % (2 * k)
                re += Double(c) * cosines[angle]
                // sin(a) = cos(a - pi / 2); k = 1 has real roots only.
                im += k == 1 ? 0 : Double(c) * cosines[(angle + 2 * k - k / 2) % (2 * k)]
            }
            return re * re + im * im
        }
    }
}
