// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Ring
import Threading

/// An exponent in limbs, wiped on release.
package final class Exponent: @unchecked Sendable {
    package let bits: Int
    package let isSecret: Bool
    private let words: LimbBuffer
    /// For tests: whether the memory is wiped when it is released.
    package var isWiped: Bool { words.isSecret }

    /// - Parameters:
    ///   - bits: a public bound on its length.
    ///   - isSecret: tables are read whole.
    package init(_ value: BigInt, bits: Int, isSecret: Bool) {
        precondition(bits > 0 && value.bitLength <= bits && !value.isNegative)
        self.bits = bits
        self.isSecret = isSecret
        words = LimbBuffer(count: (bits + 63) / 64 + 1, isSecret: isSecret)
        value.copyLimbs(to: words.base, count: words.count)
    }

    /// A secret one, of as many limbs as `bits` take.
    package init(limbs: UnsafePointer<UInt64>, bits: Int) {
        self.bits = bits
        isSecret = true
        words = LimbBuffer(count: (bits + 63) / 64 + 1, isSecret: true)
        words.base.update(from: limbs, count: words.count - 1)
        words.base[words.count - 1] = 0
    }

    /// Digit i of `width` bits.
    func digit(_ i: Int, width: Int) -> UInt64 {
        let (word, shift) = (i * width / 64, UInt64(i * width % 64))
        let low = words.base[word] >> shift
        // Twice, so that a shift by 64 is none of one.
        let high = (words.base[word + 1] << 1) << (63 - shift)
        return (low | high) & (1 << UInt64(width) - 1)
    }
}

extension NadicRing {
    /// Each number to the power of the exponent, in place, in Montgomery form, by fixed windows of 4 bits. A secret
    /// exponent shows in no address and no branch; its bound in bits does.
    package func raise(_ numbers: Numbers, to exponent: Exponent, pool: WorkerPool? = nil) {
        let run = usesLanes ? 8 : 1
        let one = constant(radix)
        let body = { (index: Int) in
            let range = index * run..<min(index * run + run, numbers.count)
            if self.usesLanes {
                self.raiseLanes(numbers, range, exponent, one)
            } else {
                self.raiseScalar(numbers[index], exponent, one)
            }
        }
        let runs = (numbers.count + run - 1) / run
        if let pool { pool.run(runs, body) } else { (0..<runs).forEach(body) }
    }

    private static let window = 4

    private func raiseScalar(
        _ number: UnsafeMutablePointer<UInt64>, _ exponent: Exponent, _ one: Numbers
    ) {
        let entries = 1 << Self.window
        let table = Numbers(ring: self, count: entries + 1)
        let entry = table[entries]
        table[0].update(from: one[0], count: stride)
        table[1].update(from: number, count: stride)
        withScratch { scratch in
            for j in 2..<entries { multiplyScalar(table[j], table[j - 1], number, scratch) }
            let top = (exponent.bits + Self.window - 1) / Self.window - 1
            for i in (0...top).reversed() {
                if i < top {
                    for _ in 0..<Self.window { multiplyScalar(number, number, number, scratch) }
                }
                let digit = exponent.digit(i, width: Self.window)
                if exponent.isSecret {
                    bsk_select(entry, table[0], stride, entries, digit)
                } else {
                    entry.update(from: table[Int(digit)], count: stride)
                }
                if i == top {
                    number.update(from: entry, count: stride)
                } else {
                    multiplyScalar(number, number, entry, scratch)
                }
            }
        }
    }

    private func raiseLanes(
        _ numbers: Numbers, _ range: Range<Int>, _ exponent: Exponent, _ one: Numbers
    ) {
        let words = 16 * digits
        let entries = 1 << Self.window
        let memory = LimbBuffer(count: (entries + 2) * words, isSecret: isSecret)
        let (table, entry) = (memory.base, memory.base + entries * words)
        let result = entry + words
        let singles: [UnsafePointer<UInt64>?] = (0..<8).map {
            UnsafePointer(numbers[min(range.lowerBound + $0, range.upperBound - 1)])
        }
        bsk_nadic_gather(lanes, table, [UnsafePointer<UInt64>?](repeating: one[0], count: 8))
        bsk_nadic_gather(lanes, table + words, singles)
        for j in 2..<entries {
            bsk_nadic_multiply(lanes, table + j * words, table + (j - 1) * words, table + words)
        }
        let top = (exponent.bits + Self.window - 1) / Self.window - 1
        for i in (0...top).reversed() {
            if i < top {
                for _ in 0..<Self.window { bsk_nadic_square(lanes, result, result) }
            }
            let digit = exponent.digit(i, width: Self.window)
            let target = i == top ? result : entry
            if exponent.isSecret {
                bsk_nadic_select_lanes(lanes, target, table, entries, digit)
            } else {
                target.update(from: table + Int(digit) * words, count: words)
            }
            if i < top { bsk_nadic_multiply(lanes, result, result, entry) }
        }
        let out: [UnsafeMutablePointer<UInt64>?] = (0..<8).map {
            range.lowerBound + $0 < range.upperBound ? numbers[range.lowerBound + $0] : nil
        }
        bsk_nadic_scatter(lanes, out, result)
        withExtendedLifetime(memory) {}
    }
}
