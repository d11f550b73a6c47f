// SPDX-License-Identifier: Apache-2.0

import BFV
import Foundation

/// The canonical embedding by its definition, N^2 steps, for small rings.
enum Embedding {
    struct Complex {
        var re = 0.0
        var im = 0.0
        var magnitude: Double { (re * re + im * im).squareRoot() }
    }

    /// p(exp(i pi (2 j + 1) / N)), j < N.
    static func values(_ p: [Double]) -> [Complex] {
        let n = p.count
        return (0..<n).map { j in
            p.indices.reduce(into: Complex()) { sum, i in
                let angle = Double.pi * Double((2 * j + 1) * i % (2 * n)) / Double(n)
                sum.re += p[i] * cos(angle)
                sum.im += p[i] * sin(angle)
            }
        }
    }

    static func norms(_ p: [Double]) -> NoiseNorms {
        let magnitudes = values(p).map(\.magnitude)
        let n = Double(p.count)
        return NoiseNorms(
            mean: magnitudes.reduce(0, +) / n,
            rootMeanSquare: (magnitudes.reduce(0) { $0 + $1 * $1 } / n).squareRoot(),
            largest: magnitudes.max()!)
    }

    /// p(X^k).
    static func automorphism(_ p: [Double], _ k: Int) -> [Double] {
        let n = p.count
        var out = p
        for (i, c) in p.enumerated() {
            let exponent = i * k % (2 * n)
            out[exponent % n] = exponent < n ? c : -c
        }
        return out
    }

    static func product(_ a: [Double], _ b: [Double]) -> [Double] {
        let n = a.count
        var out = [Double](repeating: 0, count: n)
        for i in 0..<n {
            for j in 0..<n { out[(i + j) % n] += (i + j < n ? 1 : -1) * a[i] * b[j] }
        }
        return out
    }

    /// The real polynomial that is 1 at exp(i pi k / N) for each odd k of a set, and at their conjugates, 0 elsewhere.
    static func indicator(_ exponents: Set<Int>, degree n: Int) -> [Double] {
        let closed = exponents.union(exponents.map { 2 * n - $0 })
        return (0..<n).map { i in
            closed.reduce(0) { $0 + cos(Double.pi * Double($1 * i % (2 * n)) / Double(n)) }
                / Double(n)
        }
    }
}

extension NoiseNorms {
    /// Whether each norm is at most the bound's, but for the rounding errors of the measurement.
    func isWithin(_ bound: NoiseNorms) -> Bool {
        let up = 1 + 0x1p-24
        return mean <= bound.mean * up && rootMeanSquare <= bound.rootMeanSquare * up
            && largest <= bound.largest * up
    }
}
