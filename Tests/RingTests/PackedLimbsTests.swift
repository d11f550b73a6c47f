// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Ring
import TestSupport
import Testing

@Suite struct PackedLimbsTests {
    private func packed(_ words: [UInt64], bits: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: words.count / 8 * bits)
        bsk_pack(&bytes, words, UInt32(bits), words.count)
        return bytes
    }

    private func montgomery(_ words: [UInt64], _ table: NTTTable) -> [UInt64] {
        let one = (UInt64(1) << 52) % table.value
        return words.map { ModularArithmetic.multiply($0, one, modulo: table.value) }
    }

    private func words(
        _ limbs: PackedLimbs, _ count: Int, limb: Int, at index: Int
    ) -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: count) { out, initialized in
            limbs.load(out.baseAddress!, count: count, limb: limb, at: index)
            initialized = count
        }
    }

    /// Stored as words, in Montgomery form or packed, in any order of places, residues come back the same both ways, in
    /// Montgomery form beneath.
    @Test(arguments: RingCase.all) func residuesComeBack(testCase: RingCase) throws {
        var generator = SplitMix64(seed: testCase.seed + 2)
        let basis = try testCase.basis()
        let n = testCase.degree
        let polynomials = (0..<3).map { _ in basis.random(&generator).limbs }
        let limbs = PackedLimbs(countPerLimb: 3 * n, basis: basis)
        for place in [1, 2, 0] {
            for (i, words) in polynomials[place].enumerated() {
                let form = montgomery(words, basis.tables[i])
                switch place {
                case 0:
                    let bytes = packed(form, bits: basis.tables[i].bits)
                    #expect(limbs.store(packed: bytes, count: n, limb: i, at: place * n))
                case 1: limbs.store(words, count: n, limb: i, at: place * n)
                default: limbs.store(montgomery: form, count: n, limb: i, at: place * n)
                }
            }
        }
        for (place, polynomial) in polynomials.enumerated() {
            for (i, expected) in polynomial.enumerated() {
                let table = basis.tables[i]
                #expect(words(limbs, n, limb: i, at: place * n) == expected)
                var bytes = [UInt8](repeating: 0, count: n / 8 * table.bits)
                limbs.load(packed: &bytes, count: n, limb: i, at: place * n)
                #expect(bytes == packed(montgomery(expected, table), bits: table.bits))
                var beneath = [UInt8](repeating: 0, count: bytes.count)
                beneath.withUnsafeMutableBytes {
                    $0.baseAddress!.copyMemory(
                        from: limbs.limb(i) + place * n / 8 * table.bits, byteCount: $0.count)
                }
                #expect(beneath == bytes)
            }
        }
    }

    /// One residue that is not below its modulus is seen wherever it is.
    @Test func residuesAreBelowTheirModulus() throws {
        let basis = try RingCase.large.basis()
        let table = basis.tables[0]
        let limbs = PackedLimbs(countPerLimb: table.degree, basis: basis)
        for place in [0, 1, 1023, 1024, 4000, table.degree - 1] {
            var words = [UInt64](repeating: table.value - 1, count: table.degree)
            #expect(
                limbs.store(
                    packed: packed(words, bits: table.bits), count: table.degree, limb: 0, at: 0))
            words[place] = table.value
            #expect(
                !limbs.store(
                    packed: packed(words, bits: table.bits), count: table.degree, limb: 0, at: 0),
                "place \(place)")
        }
    }

    /// Blocks of several polynomials take turns.
    @Test(arguments: RingCase.all) func blocksTakeTurns(testCase: RingCase) throws {
        var generator = SplitMix64(seed: testCase.seed + 3)
        let basis = try testCase.basis()
        let n = testCase.degree
        let block = min(n, 16)
        let sources = (0..<5).map { _ in basis.random(&generator) }
        let polynomials = sources.map(\.limbs)
        let limbs = PackedLimbs(countPerLimb: 5 * n, basis: basis)
        defer { withExtendedLifetime(sources) {} }
        for i in 0..<basis.count {
            for batch in [0..<2, 2..<5] {
                limbs.interleave(
                    batch.count, count: n, block: block, limb: i, at: batch.lowerBound * block,
                    stride: 5 * block
                ) { sources[batch.lowerBound + $0].limb(i) }
            }
            for (number, polynomial) in polynomials.enumerated() {
                for start in stride(from: 0, to: n, by: block) {
                    let found = words(limbs, block, limb: i, at: 5 * start + number * block)
                    #expect(found == Array(polynomial[i][start..<start + block]))
                }
            }
        }
    }
}
