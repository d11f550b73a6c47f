// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring
import Threading

/// Powers of one base by tables: base^(j 2^(w i)) for j < 2^w, for every window i of w bits of an exponent. A power is
/// one product a window, without a squaring. Tables are read whole, window by window, so that addresses tell nothing of
/// an exponent.
package final class FixedBase: @unchecked Sendable {
    package let ring: NadicRing
    package let exponentBits: Int
    /// w.
    package let window: Int
    let windows: Int
    let table: LimbBuffer
    /// Lanes: digit by digit, the entries of each. Else entry by entry.
    let windowWords: Int

    /// Words of an exponent.
    package var exponentWords: Int { (exponentBits + 63) / 64 }
    package var tableBytes: Int { table.count * 8 }
    /// For tests: whether the memory is wiped when it is released.
    package var isWiped: Bool { table.isSecret }

    /// - Parameters:
    ///   - base: in Montgomery form.
    ///   - window: w, in 3...8; by itself what was fastest: 7 with lanes, else 6.
    package init(
        ring: NadicRing, base: UnsafePointer<UInt64>, exponentBits: Int, window: Int? = nil,
        pool: WorkerPool? = nil
    ) {
        let window = window ?? (ring.usesLanes ? 7 : 6)
        precondition((3...8).contains(window) && exponentBits > 0)
        self.ring = ring
        self.exponentBits = exponentBits
        self.window = window
        windows = (exponentBits + window - 1) / window
        windowWords = (ring.usesLanes ? 2 * ring.digits : ring.stride) << window
        table = LimbBuffer(count: windows * windowWords, isSecret: ring.isSecret)

        // base^(2^(w i)).
        let heads = Numbers(ring: ring, count: windows)
        heads[0].update(from: base, count: ring.stride)
        for i in 1..<windows {
            ring.multiply(heads[i], heads[i - 1], heads[i - 1])
            for _ in 1..<window { ring.multiply(heads[i], heads[i], heads[i]) }
        }
        // Some windows at a time, since the numbers lie here once more.
        for start in stride(from: 0, to: windows, by: 16) {
            fill(start..<min(start + 16, windows), heads, pool)
        }
    }

    private func fill(_ range: Range<Int>, _ heads: Numbers, _ pool: WorkerPool?) {
        let entries = 1 << window
        let powers = Numbers(ring: ring, count: range.count * entries)
        let one = ring.constant(ring.radix)
        for i in 0..<range.count {
            powers[i * entries].update(from: one[0], count: ring.stride)
            powers[i * entries + 1].update(from: heads[range.lowerBound + i], count: ring.stride)
        }
        for bit in 1..<window {
            // Squares make the even powers, then the odd ones follow.
            var (even, odd) = (ProductList(), ProductList())
            for i in 0..<range.count {
                let first = i * entries
                for j in 1 << bit..<2 << bit {
                    if j & 1 == 0 {
                        even.append(
                            powers[first + j], powers[first + j / 2], powers[first + j / 2])
                    } else {
                        odd.append(powers[first + j], powers[first + j - 1], powers[first + 1])
                    }
                }
            }
            ring.multiply(even, pool: pool)
            ring.multiply(odd, pool: pool)
        }
        for i in 0..<range.count {
            let target = table.base + (range.lowerBound + i) * windowWords
            for j in 0..<entries {
                let entry = powers[i * entries + j]
                if ring.usesLanes {
                    for d in 0..<2 * ring.digits { target[d << window + j] = entry[d] }
                } else {
                    (target + j * ring.stride).update(from: entry, count: ring.stride)
                }
            }
        }
    }

    /// out(i) = base^(exponent i), in Montgomery form. Constant time.
    /// - Parameter exponents: `exponentWords` words each, least significant first; bits above `exponentBits` are left
    ///   out.
    package func powers(
        of exponents: UnsafePointer<UInt64>, count: Int, pool: WorkerPool? = nil,
        out: (Int) -> UnsafeMutablePointer<UInt64>
    ) {
        // A window of the table is read once for all of a run, which stays small enough for the caches.
        let share = (count + (pool?.threads ?? 1) - 1) / (pool?.threads ?? 1)
        let run = max(1, min(ring.usesLanes ? 32 : 16, ring.usesLanes ? (share + 7) & ~7 : share))
        let body = { (index: Int) in
            let range = index * run..<min(index * run + run, count)
            if self.ring.usesLanes {
                self.lanePowers(exponents + range.lowerBound * self.exponentWords, range.count) {
                    out(range.lowerBound + $0)
                }
            } else {
                self.scalarPowers(exponents, range, out)
            }
        }
        let runs = (count + run - 1) / run
        if let pool { pool.run(runs, body) } else { (0..<runs).forEach(body) }
    }

    func digit(_ exponent: UnsafePointer<UInt64>, _ i: Int) -> UInt64 {
        let bit = i * window
        let (word, shift) = (bit / 64, UInt64(bit % 64))
        var digit = exponent[word] >> shift
        if Int(shift) + window > 64 && word + 1 < exponentWords {
            digit |= exponent[word + 1] << (64 - shift)
        }
        let width = min(window, exponentBits - bit)
        return digit & (1 << UInt64(width) - 1)
    }

    private func scalarPowers(
        _ exponents: UnsafePointer<UInt64>, _ range: Range<Int>,
        _ out: (Int) -> UnsafeMutablePointer<UInt64>
    ) {
        let words = ring.stride
        let entry = Numbers(ring: ring, count: 1)
        ring.withScratch { scratch in
            for i in 0..<windows {
                for e in range {
                    let digit = digit(exponents + e * exponentWords, i)
                    let target = i == 0 ? out(e) : entry[0]
                    bsk_select(target, table.base + i * windowWords, words, 1 << window, digit)
                    if i > 0 { ring.multiplyScalar(out(e), out(e), entry[0], scratch) }
                }
            }
        }
    }
}
