// SPDX-License-Identifier: Apache-2.0

import BFV
import CKernels

/// A dense matrix of small integers times a vector of limbs, as a linear layer on one ciphertext a feature does it:
/// tile by tile. CKernels and Ring come with BFV.
struct SmallWeightPrimitives {
    let ring: BenchmarkRing
    let stopwatch: Stopwatch
    private static let rows = 100
    private static let features = 845

    func measure() throws -> [Measurement] {
        let (rows, features, tile) = (Self.rows, Self.features, Int(BSK_TILE))
        let weights = (0..<rows * features).map { Int32($0 * 7919 % 255) - 127 }
        guard let matrix = bsk_gemm_create(weights, rows, features) else { return [] }
        defer { bsk_gemm_destroy(matrix) }
        var modulus = bsk_modulus()
        bsk_modulus_init(&modulus, ring.moduli[0])
        let input = AlignedWords(count: features * tile)
        for i in 0..<input.count {
            input.base[i] = UInt64(i) &* 0x9E37_79B9_7F4A_7C15 % ring.moduli[0]
        }
        let digits = AlignedWords(count: bsk_tile_digits_words(modulus.bits, features))
        let sums = AlignedWords(count: rows * tile)
        let tiles = ring.degree / tile
        let timing = sums.base.withMemoryRebound(to: Int64.self, capacity: sums.count) { sums in
            stopwatch.measure {
                for _ in 0..<tiles {
                    bsk_tile_digits(&modulus, digits.base, input.base, features)
                    bsk_gemm_sums(matrix, sums, digits.base, modulus.bits)
                }
            }
        }
        var row = Measurement(
            "small_weight_gemm", ring: ring, limbs: 1, timing: timing,
            note:
                "small-weight GEMM, \(rows) x \(features), 8-bit weights, on a limb of each feature"
        )
        row.gigaProductsPerSecond =
            Double(rows * features * ring.degree) / timing.median / 1e9
        return [row]
    }
}
