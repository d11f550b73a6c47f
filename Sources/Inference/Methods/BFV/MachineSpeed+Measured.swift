// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import CKernels
import InferenceClient
import Ring

extension MachineSpeed {
    /// Measures this machine, on one core: a few seconds.
    package static func measured() throws -> MachineSpeed {
        let bench = try CalibrationBench()
        var costs = MachineSpeed(
            forwardButterfly: bench.forward() / bench.butterflies,
            inverseButterfly: bench.inverse() / bench.butterflies,
            keyResidue: bench.keySwitch(), plaintextResidue: bench.linearMap(), overhead: 1)
        let (seconds, counts) = try EvaluationBench().measure()
        costs.overhead =
            seconds
            / costs.seconds(
                OperationTally(counts.dictionary), degree: EvaluationBench.degree)
        // What only whole predictions have: an encryption of zero, ciphertexts from seeds and small weights, tensors.
        costs.scale(
            [\.drawnResidue], to: try PredictionBench([64, 10], method: .slots, samples: 1))
        costs.scale(
            [\.expandedResidue, \.smallResidue],
            to: try PredictionBench([512, 64], method: .features, samples: 4096))
        costs.scale(
            [\.tensorResidue],
            to: try PredictionBench([64, 32, 10], method: .features, samples: 4096))
        return costs
    }
}

/// The operations in the shape in which a prediction has them: residues that were just written elsewhere, keys and
/// weights that are not in the cache.
private struct CalibrationBench {
    private static let degree = 8192
    private static let bits = 40
    private static let digits = 3
    private static let babies = 16
    private static let giants = 8
    /// More than caches hold.
    private static let memoryBytes = 96 << 20

    let butterflies = Double(degree / 2 * degree.trailingZeroBitCount)
    private let other: NTTTable
    private let table: NTTTable
    private let permutation: GaloisPermutation
    private let keys: [PackedLimbs]
    private let weights: [PackedLimbs]
    private let polynomials: LimbBuffer
    private let stride = LimbBuffer.stride(degree: degree)

    init() throws {
        let n = Self.degree
        let primes = Primes.nttPrimes(
            bits: Self.bits, count: 2, congruentTo1Modulo: UInt64(2 * n), excluding: [])
        table = try NTTTable(modulus: primes[0], degree: n)
        other = try NTTTable(modulus: primes[1], degree: n)
        permutation = GaloisPermutation(element: 3, degree: n)
        let basis = try RNSBasis(tables: [table])
        let words = Samplers.uniformWords(modulus: table)
        func packed(parts: Int) -> [PackedLimbs] {
            (0..<Self.memoryBytes * 8 / (parts * n * Self.bits)).map { _ in
                let limbs = PackedLimbs(countPerLimb: parts * n, basis: basis)
                for part in 0..<parts {
                    words.withUnsafeBufferPointer {
                        limbs.store($0.baseAddress!, count: n, limb: 0, at: part * n)
                    }
                }
                return limbs
            }
        }
        keys = packed(parts: 2 * Self.digits)
        weights = packed(parts: Self.babies * Self.giants)
        let count = 2 * Self.babies + 2 * Self.giants
        polynomials = LimbBuffer(count: count * stride)
        for index in 0..<count {
            (polynomials.base + index * stride).update(from: words, count: n)
        }
    }

    private func polynomial(_ index: Int) -> UnsafeMutablePointer<UInt64> {
        polynomials.base + index * stride
    }

    /// Nanoseconds of a lift and a forward NTT.
    func forward() -> Double {
        median(60) { round in
            let x = polynomial(1 + round % 16)
            bsk_lift_centered(other.modulus, table.modulus, x, polynomial(0), Self.degree)
            table.forward(x)
        }
    }

    /// Nanoseconds of a copy and an inverse NTT.
    func inverse() -> Double {
        median(60) { round in
            let x = polynomial(1 + round % 16)
            x.update(from: polynomial(0), count: Self.degree)
            table.inverse(x)
        }
    }

    /// Nanoseconds a residue of a key switch of one limb: all digits, both sums permuted.
    func keySwitch() -> Double {
        let digits = (0..<Self.digits).map { Optional(UnsafePointer(polynomial($0))) }
        let (u0, u1) = (polynomial(4), polynomial(5))
        let time = median(2 * keys.count) { round in
            let key = keys[round % keys.count]
            withExtendedLifetime(key) {
                bsk_packed_keys(
                    table.modulus, u0, u1, digits, key.limb(0), Self.digits, polynomial(6), 1,
                    Self.degree)
            }
            bsk_automorphism(polynomial(8 + round % 8), u0, permutation.indices, Self.degree)
            bsk_automorphism(polynomial(16 + round % 8), u1, permutation.indices, Self.degree)
        }
        return time / Double(2 * Self.digits * Self.degree)
    }

    /// Nanoseconds a residue of a linear map of one limb: giants of all babies.
    func linearMap() -> Double {
        let terms = Self.babies * Self.giants
        let x0 = (0..<terms).map { Optional(UnsafePointer(polynomial(2 * ($0 % Self.babies)))) }
        let x1 = (0..<terms).map {
            Optional(UnsafePointer(polynomial(2 * ($0 % Self.babies) + 1)))
        }
        let out0 = (0..<Self.giants).map { Optional(polynomial(2 * Self.babies + 2 * $0)) }
        let out1 = (0..<Self.giants).map { Optional(polynomial(2 * Self.babies + 2 * $0 + 1)) }
        let counts = [Int](repeating: Self.babies, count: Self.giants)
        let time = median(2 * weights.count) { round in
            let weights = weights[round % weights.count]
            withExtendedLifetime(weights) {
                bsk_packed_weights(
                    table.modulus, out0, out1, counts, Self.giants, weights.limb(0), x0, x1,
                    Self.degree, 0)
            }
        }
        return time / Double(2 * terms * Self.degree)
    }

    /// In nanoseconds.
    private func median(_ count: Int, _ body: (Int) -> Void) -> Double {
        let clock = ContinuousClock()
        let times = (0..<count + 3).map { round in
            let time = clock.measure { withExtendedLifetime(polynomials) { body(round) } }
            return Double(time.components.attoseconds) * 1e-9
        }.dropFirst(3).sorted()
        return times[times.count / 2]
    }
}
