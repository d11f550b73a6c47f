// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Wide random coefficients, each the sum of eight integers that are uniform on 2^bits in a row, centered:
/// `low` + 2^lowBits `high`. Wiped on release.
package struct FloodCoefficients: Sendable {
    private let low: SecretCoefficients
    private let high: SecretCoefficients?

    /// Of each summand, what comes from a word of its own: sums stay below 2^62.
    private static let lowBits = 59
    private static let summands = 8

    /// Eight words a coefficient, four more from 60 bits on, eight from 92 bits on. Constant time.
    /// - Precondition: 1 <= bits <= 118.
    package init(bits: Int, degree: Int, from source: inout Keystream) {
        precondition((1...2 * Self.lowBits).contains(bits) && degree % 2 == 0)
        let least = min(bits, Self.lowBits)
        let upper = bits - least
        let low = SecretCoefficients(count: degree)
        self.low = low
        high = upper > 0 ? SecretCoefficients(count: degree) : nil
        // The mean is taken off where the sum begins.
        let mean = Int64(Self.summands / 2)
        low.base.update(repeating: upper == 0 ? -mean << Int64(bits) : 0, count: degree)
        for _ in 0..<Self.summands {
            source.forEachRun(of: degree) {
                bsk_add_fields(low.base + $1, $0, UInt32(least), $2)
            }
        }
        guard let high else { return }
        high.base.update(repeating: -mean << Int64(upper), count: degree)
        for _ in 0..<Self.summands {
            if upper <= 32 {
                source.forEachRun(of: degree / 2) {
                    bsk_add_half_fields(high.base + 2 * $1, $0, UInt32(upper), 2 * $2)
                }
            } else {
                source.forEachRun(of: degree) {
                    bsk_add_fields(high.base + $1, $0, UInt32(upper), $2)
                }
            }
        }
    }

    /// x += factor times the coefficients, modulo one prime, in coefficients.
    /// - Parameter scratch: N words.
    package func add(
        to x: UnsafeMutablePointer<UInt64>, modulo table: NTTTable, times factor: UInt64,
        scratch: UnsafeMutablePointer<UInt64>
    ) {
        let n = low.count
        withExtendedLifetime(self) {
            bsk_reduce_signed(table.modulus, scratch, low.base, n)
            bsk_mul_scalar(table.modulus, scratch, scratch, factor, n)
            bsk_add(table.modulus, x, x, scratch, n)
            guard let high else { return }
            var shifted = factor
            for _ in 0..<Self.lowBits { shifted = (shifted << 1) % table.value }
            bsk_reduce_signed(table.modulus, scratch, high.base, n)
            bsk_mul_scalar(table.modulus, scratch, scratch, shifted, n)
            bsk_add(table.modulus, x, x, scratch, n)
        }
    }

    /// For tests: (low, high), high of 2^59; the copy is not wiped.
    package func unprotectedValues() -> [(low: Int64, high: Int64)] {
        let highs = high?.unprotectedValues()
        return low.unprotectedValues().enumerated().map { ($1, highs?[$0] ?? 0) }
    }
}
