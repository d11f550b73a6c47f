// SPDX-License-Identifier: Apache-2.0

import CKernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The canonical embedding of Z[X]/(X^N+1): values at the N complex odd powers of exp(i pi / N). For
/// real polynomials they come in conjugate pairs; N/2 magnitudes say all.
package final class CanonicalEmbedding: Sendable {
    /// N/2.
    private let half: Int
    /// zeta_0^k = exp(i pi k / N) for k < N/2.
    private let twist: Roots
    /// Of the transform's stages one after another: exp(2 pi i k / L) for k < L/2, for L = 2, 4, ..., N/2.
    private let stages: Roots
    /// Of each place, the one with its bits reversed.
    private let reversed: [Int32]

    private struct Roots {
        var cosines: [Double] = []
        var sines: [Double] = []

        mutating func append(_ angle: Double) {
            cosines.append(cos(angle))
            sines.append(sin(angle))
        }
    }

    private static let known = Mutex<[Int: CanonicalEmbedding]>([:])

    /// The tables of a degree, a power of two from 2: made once and kept.
    package static func of(degree: Int) -> CanonicalEmbedding {
        known.withLock { known in
            if let embedding = known[degree] { return embedding }
            let made = CanonicalEmbedding(degree: degree)
            known[degree] = made
            return made
        }
    }

    private init(degree: Int) {
        half = degree / 2
        precondition(half > 0 && half & (half - 1) == 0)
        var (twist, all, stages) = (Roots(), Roots(), Roots())
        for k in 0..<half { twist.append(Double.pi * Double(k) / Double(2 * half)) }
        for k in 0..<half / 2 { all.append(2 * .pi * Double(k) / Double(half)) }
        for length in sequence(first: 2, next: { $0 * 2 }).prefix(while: { [half] in $0 <= half }) {
            for k in stride(from: 0, to: half / 2, by: half / length) {
                stages.cosines.append(all.cosines[k])
                stages.sines.append(all.sines[k])
            }
        }
        self.twist = twist
        self.stages = stages
        var reversed = [Int32(0)]
        while reversed.count < half {
            reversed = reversed.map { 2 * $0 } + reversed.map { 2 * $0 + 1 }
        }
        self.reversed = reversed
    }

    /// |p(zeta_j)| with zeta_j = exp(i pi (4 j + 1) / N), j < N/2: one of each conjugate pair, by one
    /// complex FFT of length N/2 (fold X^(N/2) = i, as zeta_j^(N/2) = i).
    ///
    /// Rounding error: under 2^-45 of the largest magnitude at these sizes.
    package static func magnitudes(of coefficients: [Double]) -> [Double] {
        coefficients.withUnsafeBufferPointer { coefficients in
            [Double](unsafeUninitializedCapacity: coefficients.count / 2) { out, count in
                of(degree: coefficients.count).magnitudes(
                    of: { coefficients[$0] }, into: out.baseAddress!)
                count = coefficients.count / 2
            }
        }
    }

    /// The same of `coefficient(i)`, i < N, into N/2 words.
    @inline(__always)
    package func magnitudes(
        of coefficient: (Int) -> Double, into out: UnsafeMutablePointer<Double>
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * half) { values in
            let (re, im) = (values.baseAddress!, values.baseAddress! + half)
            // Twist by zeta_0^k, then an ordinary FFT gives sum_k a_k zeta_0^k exp(2 pi i j k / half).
            twist.cosines.withUnsafeBufferPointer { cosines in
                twist.sines.withUnsafeBufferPointer { sines in
                    for k in 0..<half {
                        let (a, b) = (coefficient(k), coefficient(half + k))
                        let (c, s) = (cosines[k], sines[k])
                        let place = Int(reversed[k])
                        re[place] = a * c - b * s
                        im[place] = a * s + b * c
                    }
                }
            }
            transform(re, im)
            for j in 0..<half { out[j] = (re[j] * re[j] + im[j] * im[j]).squareRoot() }
            // The polynomial may be a secret.
            bsk_wipe(values.baseAddress!, 2 * half * MemoryLayout<Double>.stride)
        }
    }

    package static func norm(of coefficients: [Double]) -> Double {
        magnitudes(of: coefficients).max() ?? 0
    }

    /// Iterative radix-2 FFT, exponent sign +, from bit-reversed to natural order.
    private func transform(_ re: UnsafeMutablePointer<Double>, _ im: UnsafeMutablePointer<Double>) {
        stages.cosines.withUnsafeBufferPointer { cosines in
            stages.sines.withUnsafeBufferPointer { sines in
                guard var cosine = cosines.baseAddress, var sine = sines.baseAddress else { return }
                var length = 2
                while length <= half {
                    let step = length / 2
                    for start in stride(from: 0, to: half, by: length) {
                        Self.butterflies(
                            re + start, im + start, re + start + step, im + start + step, cosine,
                            sine, step)
                    }
                    cosine += step
                    sine += step
                    length *= 2
                }
            }
        }
    }

    /// (a, b) -> (a + w b, a - w b).
    @inline(__always)
    private static func butterflies(
        _ aRe: UnsafeMutablePointer<Double>, _ aIm: UnsafeMutablePointer<Double>,
        _ bRe: UnsafeMutablePointer<Double>, _ bIm: UnsafeMutablePointer<Double>,
        _ cosines: UnsafePointer<Double>, _ sines: UnsafePointer<Double>, _ count: Int
    ) {
        guard count >= 4 else {
            for k in 0..<count {
                let (c, s) = (cosines[k], sines[k])
                let (x, y) = (bRe[k] * c - bIm[k] * s, bRe[k] * s + bIm[k] * c)
                (bRe[k], bIm[k]) = (aRe[k] - x, aIm[k] - y)
                (aRe[k], aIm[k]) = (aRe[k] + x, aIm[k] + y)
            }
            return
        }
        for k in stride(from: 0, to: count, by: 4) {
            let (c, s) = (four(cosines + k), four(sines + k))
            let (re, im) = (four(bRe + k), four(bIm + k))
            let (x, y) = (re * c - im * s, re * s + im * c)
            let (u, v) = (four(aRe + k), four(aIm + k))
            store(u - x, bRe + k)
            store(v - y, bIm + k)
            store(u + x, aRe + k)
            store(v + y, aIm + k)
        }
    }

    @inline(__always)
    private static func four(_ p: UnsafePointer<Double>) -> SIMD4<Double> {
        UnsafeRawPointer(p).loadUnaligned(as: SIMD4<Double>.self)
    }

    @inline(__always)
    private static func store(_ x: SIMD4<Double>, _ p: UnsafeMutablePointer<Double>) {
        UnsafeMutableRawPointer(p).storeBytes(of: x, as: SIMD4<Double>.self)
    }
}
