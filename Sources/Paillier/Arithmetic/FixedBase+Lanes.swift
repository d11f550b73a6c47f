// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

extension FixedBase {
    /// Eight powers at a time. Of fewer than five, each gets several lanes, which take its windows by turns and are
    /// multiplied in the end.
    func lanePowers(
        _ exponents: UnsafePointer<UInt64>, _ count: Int,
        _ out: (Int) -> UnsafeMutablePointer<UInt64>
    ) {
        let words = 16 * ring.digits
        let groups = (count + 7) / 8
        // Lanes of a power: 8, 4, 2 or 1.
        let turns = count > 4 ? 1 : count > 2 ? 2 : count > 1 ? 4 : 8
        let lanes = LimbBuffer(count: (groups + 1) * words, isSecret: true)
        let entry = lanes.base + groups * words
        for step in 0..<(windows + turns - 1) / turns {
            for g in 0..<groups {
                let target = lanes.base + g * words
                select(
                    step == 0 ? target : entry, exponents, 8 * g, count,
                    windows: step * turns..<(step + 1) * turns)
                if step > 0 { bsk_nadic_multiply(ring.lanes, target, target, entry) }
            }
        }
        if turns == 1 {
            for g in 0..<groups {
                let pointers: [UnsafeMutablePointer<UInt64>?] = (0..<8).map {
                    8 * g + $0 < count ? out(8 * g + $0) : nil
                }
                bsk_nadic_scatter(ring.lanes, pointers, lanes.base + g * words)
            }
        } else {
            join(lanes, count, turns: turns, out)
        }
        withExtendedLifetime(lanes) {}
    }

    /// Lane l gets the entry of exponent first + l / turns for the window l % turns of `windows`; of a window that
    /// there is none of, 1.
    private func select(
        _ target: UnsafeMutablePointer<UInt64>, _ exponents: UnsafePointer<UInt64>, _ first: Int,
        _ count: Int, windows range: Range<Int>
    ) {
        let turns = range.count
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 8) { index in
            for (turn, i) in range.enumerated() {
                var chosen: UInt8 = 0
                for l in 0..<8 {
                    let e = min(first + l / turns, count - 1)
                    // Entry 0 of any window is 1.
                    index[l] = i < windows ? digit(exponents + e * exponentWords, i) : 0
                    if l % turns == turn { chosen |= 1 << UInt8(l) }
                }
                bsk_nadic_select(
                    ring.lanes, target, table.base + min(i, windows - 1) * windowWords,
                    UInt32(window), index.baseAddress!, chosen)
            }
            bsk_wipe(index.baseAddress!, 64)
        }
    }

    private func join(
        _ lanes: LimbBuffer, _ count: Int, turns: Int, _ out: (Int) -> UnsafeMutablePointer<UInt64>
    ) {
        let parts = Numbers(ring: ring, count: 8)
        let pointers: [UnsafeMutablePointer<UInt64>?] = (0..<8).map { parts[$0] }
        bsk_nadic_scatter(ring.lanes, pointers, lanes.base)
        var distance = turns / 2
        while distance > 0 {
            var list = ProductList()
            for l in 0..<count * turns where l % turns < distance {
                list.append(parts[l], parts[l], parts[l + distance])
            }
            ring.multiply(list)
            distance /= 2
        }
        for e in 0..<count { out(e).update(from: parts[e * turns], count: ring.stride) }
    }
}
