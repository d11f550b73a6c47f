// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring
import Synchronization
import Threading

/// Masks made ahead, so that a reply costs its products alone.
///
/// Each mask is given out once, whichever thread asks. Masks are in memory only, and wiped as they are given out or
/// discarded. A child of a fork has none of its parent's: it starts with an empty pool. Where there are too few, the
/// rest is made on the spot.
package final class PaillierMaskPool: Sendable {
    package let source: MaskSource
    private let state = ForkLocal { State() }
    private let madeOnTheSpot = Atomic(0)

    /// Masks that are made together: two runs of a table.
    private static let batch = 64

    init(source: MaskSource) {
        self.source = source
    }

    /// Masks that are ready.
    package var ready: Int { state.withLock { $0.count } }
    /// Masks that were asked for and weren't ready.
    package var missed: Int { madeOnTheSpot.load(ordering: .relaxed) }

    /// Makes masks until so many are ready, those counted that other threads are making. Makes no more than that, even
    /// if some are taken meanwhile.
    /// - Parameter progress: called with the number of masks that are ready; what it throws ends the call.
    package func fill(
        to target: Int, pool: WorkerPool, progress: (Int) throws -> Void
    ) rethrows {
        var budget = target
        while true {
            let (ready, batch) = state.withLock { state in
                let batch = max(0, min(target - state.count - state.promised, Self.batch, budget))
                state.promised += batch
                return (state.count, batch)
            }
            budget -= batch
            if batch > 0 {
                let masks = source.masks(batch, pool: pool)
                state.withLock {
                    $0.append(masks)
                    $0.promised -= batch
                }
            }
            try progress(ready + batch)
            if batch == 0 { return }
        }
    }

    /// That many masks in Montgomery form, which nobody else gets.
    package func take(_ count: Int, pool: WorkerPool) -> Numbers {
        let out = Numbers(ring: source.ring, count: count)
        let found = state.withLock { $0.move(count, to: out, stride: source.ring.stride) }
        if found < count {
            let rest = source.masks(count - found, pool: pool)
            out[found].update(from: rest[0], count: (count - found) * source.ring.stride)
            withExtendedLifetime(rest) {}
            madeOnTheSpot.add(count - found, ordering: .relaxed)
        }
        return out
    }

    private struct State: Sendable {
        /// Of each block the masks below `left` are there.
        private var blocks: [(masks: Numbers, left: Int)] = []
        private(set) var count = 0
        /// Masks that are being made.
        var promised = 0

        mutating func append(_ masks: Numbers) {
            blocks.append((masks, masks.count))
            count += masks.count
        }

        /// Moves so many, or all that are left; returns how many.
        mutating func move(_ wanted: Int, to out: Numbers, stride: Int) -> Int {
            let found = min(wanted, count)
            var done = 0
            while done < found {
                let (masks, left) = blocks.removeLast()
                let some = min(found - done, left)
                let source = masks[left - some]
                out[done].update(from: source, count: some * stride)
                bsk_wipe(source, some * stride * 8)
                if some < left { blocks.append((masks, left - some)) }
                done += some
            }
            count -= found
            return found
        }
    }
}
