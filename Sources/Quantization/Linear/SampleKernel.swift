// SPDX-License-Identifier: Apache-2.0

/// Weighted sums along samples. Every sum is taken in the order of its terms: results don't depend on how terms are
/// grouped.
enum SampleKernel {
    typealias Vector = UnsafePointer<Double>

    /// target += weight * vector.
    static func add(
        _ vector: Vector, times weight: Double, to target: UnsafeMutablePointer<Double>, count: Int
    ) {
        for n in 0..<count { target[n] += weight * vector[n] }
    }

    /// Adds four vectors to each of four targets, one after another in memory: what is read from far away serves four
    /// times.
    static func addTile(
        _ vectors: (Vector, Vector, Vector, Vector), to target: UnsafeMutablePointer<Double>,
        count: Int, weight: (_ row: Int, _ column: Int) -> Double
    ) {
        func row(_ r: Int) -> SIMD4<Double> {
            SIMD4(weight(r, 0), weight(r, 1), weight(r, 2), weight(r, 3))
        }
        let weights = (row(0), row(1), row(2), row(3))
        let rows = (target, target + count, target + 2 * count, target + 3 * count)
        let whole = count & ~3
        for n in stride(from: 0, to: whole, by: 4) {
            let (a, b) = (four(vectors.0 + n), four(vectors.1 + n))
            let (c, d) = (four(vectors.2 + n), four(vectors.3 + n))
            func add(_ target: UnsafeMutablePointer<Double>, _ w: SIMD4<Double>) {
                var sum = four(target + n)
                sum += a * w[0]
                sum += b * w[1]
                sum += c * w[2]
                sum += d * w[3]
                UnsafeMutableRawPointer(target + n).storeBytes(of: sum, as: SIMD4<Double>.self)
            }
            add(rows.0, weights.0)
            add(rows.1, weights.1)
            add(rows.2, weights.2)
            add(rows.3, weights.3)
        }
        for n in whole..<count {
            func add(_ target: UnsafeMutablePointer<Double>, _ w: SIMD4<Double>) {
                var sum = target[n] + vectors.0[n] * w[0]
                sum += vectors.1[n] * w[1]
                sum += vectors.2[n] * w[2]
                target[n] = sum + vectors.3[n] * w[3]
            }
            add(rows.0, weights.0)
            add(rows.1, weights.1)
            add(rows.2, weights.2)
            add(rows.3, weights.3)
        }
    }

    private static func four(_ values: UnsafePointer<Double>) -> SIMD4<Double> {
        UnsafeRawPointer(values).loadUnaligned(as: SIMD4<Double>.self)
    }
}
