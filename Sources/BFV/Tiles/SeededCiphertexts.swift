// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Lattice
import Ring
import Synchronization
import Threading

/// Fresh ciphertexts of many features as they travel: c_0 packed, limb after limb, and one seed for every c_1.
///
/// Ciphertext j of `count` is modulo t_i with i = j / (count / number of t_i). Limb l of its c_1 is stream j L + l of
/// the seed, L the number of moduli: streams of one seed are disjoint.
package struct SeededCiphertexts: Sendable {
    package let context: BFVContext
    package let seed: Seed
    package let count: Int
    /// Of each limb, N residues of every c_0 in turn, at the bits of its modulus.
    package let limbs: [ByteRegion]

    /// - Precondition: regions of `byteCounts`.
    package init(context: BFVContext, seed: Seed, count: Int, limbs: [ByteRegion]) {
        precondition(
            limbs.map(\.count) == Self.byteCounts(parameters: context.parameters, count: count))
        self.context = context
        self.seed = seed
        self.count = count
        self.limbs = limbs
    }

    /// Bytes of each limb of `count` ciphertexts.
    package static func byteCounts(parameters: BFVParameters, count: Int) -> [Int] {
        parameters.ciphertextModuli.map {
            count * parameters.degree / 8 * $0.bitWidthUsed
        }
    }

    /// Limb `limb` of ciphertext `index`, N words each.
    /// - Returns: whether all residues of c_0 are below the modulus.
    package func expand(
        _ index: Int, limb: Int, c0: UnsafeMutablePointer<UInt64>,
        c1: UnsafeMutablePointer<UInt64>
    ) -> Bool {
        let basis = context.basis(level: context.maximumLevel)
        let table = basis.tables[limb]
        let n = basis.degree
        return withExtendedLifetime(limbs) {
            bsk_unpack(
                c0,
                limbs[limb].base.assumingMemoryBound(to: UInt8.self)
                    + index * n / 8 * table.bits, UInt32(table.bits), n)
            Samplers.uniform(
                c1, limb: limb, basis: basis, seed: seed, stream: stream(index))
            return bsk_all_below(c0, table.value, n) == 1
        }
    }

    private func stream(_ index: Int) -> UInt64 { UInt64(index * context.maximumLevel) }
}

extension Encryptor {
    /// Encrypts `count` vectors of slots under one new seed. Constant time in the slots and the key.
    ///
    /// - Parameters:
    ///   - slots: of a run of ciphertexts, for each: the modulus t_i to use, and a value in [0, t_i) for each slot. Called
    ///     from several threads.
    ///   - progress: called from several threads after each ciphertext; an error that it throws ends the call.
    package func encryptMany(
        count: Int, pool: WorkerPool, progress: @Sendable () throws -> Void = {},
        slots: (Range<Int>) -> [(plaintextIndex: Int, values: [UInt64])]
    ) throws -> SeededCiphertexts {
        let batch = SeededCiphertexts(
            context: context, seed: Seed.random(), count: count,
            limbs: SeededCiphertexts.byteCounts(parameters: context.parameters, count: count)
                .map { ByteRegion(count: $0) })
        _ = try pool.map((count + Self.run - 1) / Self.run) { run in
            let indices = run * Self.run..<min((run + 1) * Self.run, count)
            for (index, vector) in zip(indices, slots(indices)) {
                encrypt(vector.values, plaintextIndex: vector.plaintextIndex, index, of: batch)
                try progress()
            }
        }
        return batch
    }

    /// Ciphertexts whose slots are asked for at once: as many values of a row of samples as a line of the cache holds.
    private static let run = 8

    private func encrypt(
        _ values: [UInt64], plaintextIndex: Int, _ index: Int, of batch: SeededCiphertexts
    ) {
        let level = context.maximumLevel
        let basis = context.basis(level: level)
        let n = basis.degree
        let plaintext = context.plaintexts[plaintextIndex]
        var errors = Keystream()
        let small = context.scaledWithError(
            values, plaintextIndex: plaintextIndex, level: level, errors: &errors, dithers: true)
        let words = LimbBuffer(count: 2 * n, isSecret: true)
        let (x, y) = (words.base, words.base + n)
        for (i, table) in basis.tables.enumerated() {
            mask.encrypt(
                small, times: plaintext.inverse, limb: i, basis: basis, seed: batch.seed,
                stream: UInt64(index * level), c0: x, c1: y)
            bsk_pack(
                batch.limbs[i].base.assumingMemoryBound(to: UInt8.self)
                    + index * n / 8 * table.bits, x, UInt32(table.bits), n)
        }
        withExtendedLifetime(words) {}
    }
}
