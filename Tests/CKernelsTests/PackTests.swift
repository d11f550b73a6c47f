// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

/// Bit k of the packed string is bit k % bits of value k / bits.
private func packed(_ x: [UInt64], _ bits: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: (x.count * bits + 7) / 8)
    for (i, value) in x.enumerated() {
        for b in 0..<bits where value >> UInt64(b) & 1 == 1 {
            bytes[(i * bits + b) / 8] |= 1 << UInt8((i * bits + b) % 8)
        }
    }
    return bytes
}

extension KernelTests {
    @Test(arguments: Path.allCases, Array(1...64))
    func packing(path: Path, bits: Int) {
        var rng = SplitMix64(seed: UInt64(bits))
        let mask = UInt64.max >> UInt64(64 - bits)
        for n in [1, 3, 8, 13, 64, 1000] {
            let x = Buffer(
                (0..<n).map { i in i % 7 == 0 ? mask : i % 7 == 1 ? 0 : rng.next() & mask })
            let bytes = (n * bits + 7) / 8
            path.run {
                let out = Buffer([UInt8](repeating: 0xA5, count: bytes + 8))
                bsk_pack(out.p, x.p, UInt32(bits), n)
                #expect(Array(out.array.prefix(bytes)) == packed(x.array, bits), "n \(n)")
                #expect(out.array.suffix(8).allSatisfy { $0 == 0xA5 }, "wrote past the end")
                let back = Buffer([UInt64](repeating: .max, count: n + 8))
                bsk_unpack(back.p, out.p, UInt32(bits), n)
                #expect(Array(back.array.prefix(n)) == x.array, "n \(n)")
                #expect(back.array.suffix(8).allSatisfy { $0 == .max }, "wrote past the end")
            }
        }
    }

    @Test(arguments: Path.allCases)
    func boundCheckSeesEveryPlace(path: Path) {
        path.run {
            for n in [1, 8, 13, 64] {
                for bound in [1, 1 << 49, UInt64(1) << 63, .max] {
                    let x = Buffer([UInt64](repeating: bound - 1, count: n))
                    #expect(bsk_all_below(x.p, bound, n) == 1)
                    for i in 0..<n {
                        for bad in [bound, .max] {
                            x.p[i] = bad
                            #expect(bsk_all_below(x.p, bound, n) == 0, "n \(n), i \(i)")
                        }
                        x.p[i] = bound - 1
                    }
                }
                let zeros = Buffer([UInt64](repeating: 0, count: n))
                #expect(bsk_all_below(zeros.p, 0, n) == 0)
            }
        }
    }
}
