// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

private func words(_ n: Int, _ rng: inout SplitMix64) -> [UInt64] {
    [0, .max, 1 << 63, 1, 0x5555_5555_5555_5555, 0xAAAA_AAAA_AAAA_AAAA]
        + (6..<max(n, 6)).map { _ in rng.next() }
}

extension KernelTests {
    @Test(arguments: Path.allCases, testModuli)
    func uniformRejects(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var m = modulus(q)
        let bits = UInt32(64 - q.leadingZeroBitCount)
        let mask = UInt64.max >> UInt64(q.leadingZeroBitCount)
        for (wanted, offered) in [(0, 16), (8, 8), (8, 64), (13, 100), (100, 64), (1024, 4096)] {
            let source = words(offered, &rng)
            // Exactly as many bytes as the fields need: reading past them is an error.
            var packed = [UInt8](repeating: 0, count: (offered * Int(bits) + 7) / 8)
            bsk_pack(&packed, source, bits, offered)
            var expected: [UInt64] = []
            var used = 0
            while used < offered && expected.count < wanted {
                let w = source[used] & mask
                used += 1
                if w < q { expected.append(w) }
            }
            path.run {
                let out = Buffer([UInt64](repeating: .max, count: wanted + 8))
                var consumed = -1
                let written = bsk_uniform(&m, out.p, wanted, packed, offered, &consumed)
                #expect(written == expected.count)
                #expect(consumed == used)
                #expect(Array(out.array.prefix(written)) == expected)
                #expect(out.array.suffix(8).allSatisfy { $0 == .max }, "wrote past the end")
            }
        }
    }

    @Test(arguments: Path.allCases)
    func smallSamplers(path: Path) {
        var rng = SplitMix64(seed: 7)
        for n in [8, 13, 64, 4096] {
            let source = words(n, &rng)
            let out = Buffer([Int64](repeating: .max, count: n + 8))
            path.run {
                bsk_ternary(out.p, source, n)
                #expect(
                    Array(out.array.prefix(n))
                        == source.prefix(n).map {
                            Int64($0.multipliedFullWidth(by: 3).high) - 1
                        })
                bsk_centered_binomial(out.p, source, n)
                #expect(
                    Array(out.array.prefix(n))
                        == source.prefix(n).map {
                            let (a, b) = ($0 & 0x1F_FFFF, $0 >> 21 & 0x1F_FFFF)
                            return Int64(a.nonzeroBitCount) - Int64(b.nonzeroBitCount)
                        })
                #expect(out.array.suffix(8).allSatisfy { $0 == .max }, "wrote past the end")
            }
        }
    }
}
