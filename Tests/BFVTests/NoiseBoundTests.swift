// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Foundation
import Lattice
import TestSupport
import Testing

/// The algebra of noise bounds by brute force: what holds always, on random and on worst polynomials.
@Suite struct NoiseBoundTests {
    typealias Terms = [(element: Int, weight: [Double])]

    static func gain(_ terms: Terms) -> TransformGain {
        let n = terms[0].weight.count
        let magnitudes = terms.map { Embedding.values($0.weight).map(\.magnitude) }
        let columns = (0..<n).map { j in magnitudes.map { $0[j] } }
        return TransformGain(
            elements: Set(terms.map(\.element)),
            sum: columns.map { $0.reduce(0, +) }.max()!,
            energy: columns.map { $0.reduce(0) { $0 + $1 * $1 } }.max()!,
            largest: columns.map { $0.max()! }.max()!)
    }

    /// sum of w_k sigma_k(x).
    static func apply(_ terms: Terms, to x: [Double]) -> [Double] {
        terms.reduce([Double](repeating: 0, count: x.count)) { sum, term in
            let image = Embedding.product(
                term.weight, Embedding.automorphism(x, term.element))
            return zip(sum, image).map(+)
        }
    }

    static func bound(_ x: [Double]) -> NoiseBound {
        NoiseBound([NoiseComponent(Embedding.norms(x))])
    }

    static func random(_ n: Int, _ generator: inout SplitMix64) -> [Double] {
        switch generator.next() % 5 {
        case 0:
            return (0..<n).map { _ in Double.random(in: -1...1, using: &generator) }
        case 1:
            // One coefficient.
            let place = Int(generator.next() % UInt64(n))
            return (0..<n).map { $0 == place ? 3 : 0 }
        case 2: return [Double](repeating: 1, count: n)
        case 3:
            // A few embeddings.
            let k = (0..<2).map { _ in 2 * Int(generator.next() % UInt64(n)) + 1 }
            return Embedding.indicator(Set(k), degree: n)
        default:
            return (0..<n).map { _ in generator.next() % 2 == 0 ? 1 : -1 }
        }
    }

    static func terms(_ n: Int, _ generator: inout SplitMix64) -> Terms {
        let all = Array(stride(from: 1, to: 2 * n, by: 2)).shuffled(using: &generator)
        let count = 1 + Int(generator.next() % UInt64(min(n, 5)))
        return all[..<count].map { ($0, random(n, &generator)) }
    }

    @Test(arguments: [2, 4, 8, 64, 512]) func embeddingIsTheNaiveOne(n: Int) {
        var generator = SplitMix64(seed: UInt64(n))
        for _ in 0..<10 {
            let p = Self.random(n, &generator)
            let naive = Embedding.values(p).map(\.magnitude)
            let fast = CanonicalEmbedding.magnitudes(of: p)
            #expect(fast.count == n / 2)
            // zeta_j = exp(i pi (4 j + 1) / N).
            for j in 0..<n / 2 {
                #expect(abs(fast[j] - naive[2 * j]) <= 1e-9 * Double(n), "N \(n), zeta_\(j)")
            }
            #expect(CanonicalEmbedding.norm(of: p) == fast.max())
            // Parseval, and no coefficient above the mean.
            let norms = Embedding.norms(p)
            let length = p.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(norms.rootMeanSquare - length) <= 1e-9 * Double(n))
            #expect(p.map(abs).max()! <= norms.mean * (1 + 1e-9))
        }
    }

    @Test(arguments: [4, 8, 16, 32]) func linearMapsStayWithinTheirBounds(n: Int) {
        var generator = SplitMix64(seed: UInt64(n) + 1)
        for trial in 0..<100 {
            let x = Self.random(n, &generator)
            var y = x
            var bound = Self.bound(x)
            // One map, then more: automorphisms meet sooner or later in these small groups.
            for step in 0..<3 {
                let terms = Self.terms(n, &generator)
                y = Self.apply(terms, to: y)
                bound = bound.mapped(by: Self.gain(terms), degree: n)
                let norms = Embedding.norms(y)
                #expect(
                    norms.isWithin(bound.norms),
                    "N \(n), trial \(trial), step \(step): \(norms) over \(bound.norms)")
                #expect(y.map(abs).max()! <= bound.coefficient * (1 + 1e-6))
            }
        }
    }

    /// x(zeta) = 1 at the embeddings that a fold brings to one place, 0 elsewhere: the bound is met.
    @Test(arguments: [[1, 3, 9], [1, 31], [1, 3, 5, 29], [1, 7]])
    func foldsMeetTheirBound(elements: [Int]) {
        let n = 16
        let x = Embedding.indicator(Set(elements), degree: n)
        let one = [1.0] + [Double](repeating: 0, count: n - 1)
        let y = Self.apply(elements.map { ($0, one) }, to: x)
        let bound = Self.bound(x).mapped(by: .fold(Set(elements)), degree: n)
        let found = Embedding.norms(y).largest
        #expect(found <= bound.norms.largest * (1 + 1e-6))
        #expect(found >= bound.norms.largest * (1 - 1e-6), "\(found), \(bound.norms.largest)")
        #expect(Self.gain(elements.map { ($0, one) }) == .fold(Set(elements)))
    }

    @Test(arguments: [4, 16, 32]) func productsSumsAndScales(n: Int) {
        var generator = SplitMix64(seed: UInt64(n) + 2)
        let model = NoiseModel(degree: n, plaintext: PlaintextModulus(prime: 97))
        for trial in 0..<100 {
            let (x, y) = (Self.random(n, &generator), Self.random(n, &generator))
            let (a, b) = (Self.bound(x), Self.bound(y))
            let product = Embedding.norms(Embedding.product(x, y))
            #expect(product.isWithin(model.product(a, b).norms), "N \(n), trial \(trial)")
            let square = Embedding.norms(Embedding.product(x, x))
            #expect(square.isWithin(model.product(a, a).norms), "N \(n), trial \(trial)")
            let sum = Embedding.norms(zip(x, y).map(+))
            #expect(sum.isWithin(model.sum(a, b).norms), "N \(n), trial \(trial)")
            let scaled = Embedding.norms(x.map { $0 * 0.125 })
            #expect(scaled.isWithin(a.scaled(by: 0.125).norms), "N \(n), trial \(trial)")
            // A square's mean and largest are met.
            let bound = model.product(a, a).norms
            #expect(square.mean >= bound.mean * (1 - 1e-6))
            #expect(square.largest >= bound.largest * (1 - 1e-6))
        }
    }

    /// The worst r of a fresh ciphertext, |r_j| = t / 2 with the signs of a fold, is within its linear bound.
    @Test(arguments: [[1], [1, 3], [1, 3, 9, 27], [1, 31], [1, 5, 27, 31]])
    func worstRoundingOfAFreshCiphertext(elements: [Int]) {
        let n = 16
        let t = 97.0
        let model = NoiseModel(degree: n, plaintext: PlaintextModulus(prime: 97))
        let one = [1.0] + [Double](repeating: 0, count: n - 1)
        let bound = model.fresh.mapped(by: .fold(Set(elements)), degree: n)
        for angle in 0..<16 {
            let phase = Double.pi * Double(angle) / 16
            let r = (0..<n).map { j in
                let real = elements.reduce(0) {
                    $0 + cos(Double.pi * Double($1 * j) / Double(n) + phase)
                }
                return real < 0 ? -t / 2 : t / 2
            }
            #expect(Embedding.norms(r).isWithin(model.fresh.norms))
            let y = Self.apply(elements.map { ($0, one) }, to: r)
            #expect(Embedding.norms(y).isWithin(bound.norms), "angle \(angle)")
            // Without errors, the worst case alone: at most N t / 2 sqrt(count).
            let alone = Double(n) * t / 2 * Double(elements.count).squareRoot()
            #expect(Embedding.norms(y).largest <= alone * (1 + 1e-9))
        }
    }

    @Test func normsKeepTheirOrder() {
        let norms = NoiseNorms(mean: 9, rootMeanSquare: 7, largest: 4)
        #expect(norms == NoiseNorms(mean: 4, rootMeanSquare: 4, largest: 4))
        #expect((norms * 0) == .zero && (NoiseNorms.zero + .zero) == .zero)
    }

    /// Every key that is drawn, at every size; and a secret of all ones, which is no good.
    @Test(arguments: [(16, 60), (64, 40), (256, 20), (1024, 10), (8192, 2)])
    func secretsSatisfyTheirBounds(degree: Int, count: Int) throws {
        let primes = Primes.nttPrimes(
            bits: 40, count: 3, congruentTo1Modulo: UInt64(2 * degree))
        let context = try BFVContext(
            BFVParameters.insecure(
                degree: degree, ciphertextModuli: [primes[0]], specialModulus: primes[1],
                plaintextModuli: [primes[2]]))
        let bounds = SecretBounds(degree: degree)
        for _ in 0..<count {
            let s = SecretKey(context: context).coefficients.unprotectedValues()
            #expect(s.allSatisfy { abs($0) <= 1 })
            let weight = Double(s.count { $0 != 0 })
            #expect(weight <= bounds.squaredNorm)
            let p = s.map(Double.init)
            let largest =
                degree <= 256
                ? Embedding.norms(p).largest : CanonicalEmbedding.norm(of: p)
            #expect(largest <= bounds.largest * (1 + 1e-9), "\(largest) over \(bounds.largest)")
            #expect(bounds.hold(for: p))
        }
        #expect(!bounds.hold(for: [Double](repeating: 1, count: degree)))
    }

    /// The bounds refuse few keys, as their documentation says.
    @Test func fewSecretsAreRefused() throws {
        var generator = SplitMix64(seed: 99)
        let bounds = SecretBounds(degree: 1024)
        let refused = (0..<2000).count { _ in
            !bounds.hold(for: (0..<1024).map { _ in Double(generator.next() % 3) - 1 })
        }
        #expect(refused > 0 && refused < 60, "\(refused) of 2000 refused")
    }
}
