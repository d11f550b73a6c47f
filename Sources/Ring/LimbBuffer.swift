// SPDX-License-Identifier: Apache-2.0

import CKernels
import Threading

/// Contiguous, 64-byte aligned memory for residues: `limbs` runs of `degree` words.
///
/// Memory is kept for reuse when a buffer is released, so that a steady state allocates nothing; a buffer that
/// held a secret is wiped first, and its memory serves secrets only.
package final class LimbBuffer: @unchecked Sendable {
    package let base: UnsafeMutablePointer<UInt64>
    package let count: Int
    package let isSecret: Bool
    /// Words that there is room for.
    private let capacity: Int

    package init(count: Int, isSecret: Bool = false) {
        (base, capacity) =
            isSecret ? (SecretMemory.take(words: count), count) : LimbMemory.take(words: count)
        self.count = count
        self.isSecret = isSecret
    }

    deinit {
        if isSecret {
            bsk_wipe(base, count * 8)
            SecretMemory.give(base, words: count)
        } else {
            LimbMemory.give(base, words: capacity)
        }
    }

    /// Words from one polynomial to the next where several are read side by side: a few cache lines more than its own,
    /// since equal offsets in a page would drive each other out of the cache.
    package static func stride(degree: Int) -> Int { degree + LimbMemory.colour / 8 }

    /// Buffers made so far in this process, and those of them for which memory had to be allocated.
    package static var counts: (taken: Int, allocated: Int) { LimbMemory.counts }

    package func copy() -> LimbBuffer {
        let other = LimbBuffer(count: count, isSecret: isSecret)
        other.base.update(from: base, count: count)
        return other
    }
}

/// Free lists of released buffers by size.
///
/// Buffers of 64 KiB and more are cut from slabs of large pages: evaluation keys and weights are read through once a
/// prediction, a third faster so.
enum LimbMemory {
    private struct Lists: @unchecked Sendable {
        var free: [Int: [UnsafeMutablePointer<UInt64>]] = [:]
        /// Words in `free` that could be given back to the allocator, and those cut from slabs.
        var words = 0
        var idle = 0
        var taken = 0
        var allocated = 0
        /// The rest of the newest slab.
        var slab: UnsafeMutableRawPointer?
        var slabBytes = 0
    }

    /// Words that are kept at most, slabs not counted: 2 GiB.
    private static let limit = 256 << 20
    /// Words of slabs, and of the others, that lie idle at most before larger buffers than asked for are taken: 256 MiB.
    /// Large batches and deep circuits go from level to level, and would leave all of each behind.
    private static let mostIdle = 32 << 20
    /// Buffers below are left to the allocator.
    private static let smallest = 1 << 10
    /// Words from and up to which buffers are cut from slabs.
    private static let slabbed = (1 << 13)..<(1 << 18)
    /// Only what is used of a slab takes memory, and nothing is left over between buffers but at its end.
    private static let slabBytes = 64 << 20
    /// Nine cache lines between buffers: those that are read side by side don't all begin at the same offset in a page.
    static let colour = 576
    private static let pageBytes = 2 << 20
    private static let lists = ForkLocal { Lists() }

    static var counts: (taken: Int, allocated: Int) {
        lists.withLock { ($0.taken, $0.allocated) }
    }

    /// - Returns: memory, and the words that there is room for.
    static func take(words asked: Int) -> (UnsafeMutablePointer<UInt64>, capacity: Int) {
        let words = rounded(asked)
        let kept = lists.withLock { lists -> (address: Int, capacity: Int)? in
            lists.taken += 1
            if let size = size(of: words, in: lists), let pointer = lists.free[size]!.popLast() {
                if slabbed.contains(size) { lists.idle -= size } else { lists.words -= size }
                return (Int(bitPattern: pointer), size)
            }
            lists.allocated += 1
            return slabbed.contains(words)
                ? (
                    Int(bitPattern: cut(bytes: (words * 8 + 63) & ~63 + colour, from: &lists)),
                    words
                )
                : nil
        }
        if let kept, let pointer = UnsafeMutablePointer<UInt64>(bitPattern: kept.address) {
            bsk_unpoison(pointer, words * 8)
            return (pointer, kept.capacity)
        }
        return (allocate(words: words), words)
    }

    /// Large buffers come in eight sizes between a power of two and the next: else deep circuits, whose values have ever
    /// fewer limbs, find none of their size and wait for new pages. What is not used of one takes no memory.
    private static func rounded(_ words: Int) -> Int {
        guard words >= slabbed.upperBound else { return words }
        let step = 1 << (Int.bitWidth - 1 - words.leadingZeroBitCount - 3)
        return (words + step - 1) / step * step
    }

    /// Of the free buffers to take: as large as asked for, or up to twice as large where much lies idle.
    private static func size(of words: Int, in lists: borrowing Lists) -> Int? {
        if lists.free[words]?.isEmpty == false { return words }
        let isSlabbed = slabbed.contains(words)
        guard words >= smallest, (isSlabbed ? lists.idle : lists.words) > mostIdle else {
            return nil
        }
        return lists.free.filter {
            $0.key > words && $0.key <= 2 * words && slabbed.contains($0.key) == isSlabbed
                && !$0.value.isEmpty
        }.keys.min()
    }

    static func give(_ pointer: UnsafeMutablePointer<UInt64>, words: Int) {
        let address = Int(bitPattern: pointer)
        bsk_poison(pointer, words * 8)
        let isKept =
            words >= smallest
            && lists.withLock { lists in
                let isCut = slabbed.contains(words)
                if !isCut { makeRoom(for: words, in: &lists) }
                guard isCut || lists.words + words <= limit,
                    let pointer = UnsafeMutablePointer<UInt64>(bitPattern: address)
                else { return false }
                lists.free[words, default: []].append(pointer)
                if isCut { lists.idle += words } else { lists.words += words }
                return true
            }
        if !isKept {
            bsk_unpoison(pointer, words * 8)
            UnsafeMutableRawPointer(pointer).deallocate()
        }
    }

    /// Gives back buffers of other sizes, the largest first, until one more is within the limit: what was used last is
    /// what is asked for next.
    private static func makeRoom(for words: Int, in lists: inout Lists) {
        guard words <= limit, lists.words + words > limit else { return }
        for size in lists.free.keys.sorted(by: >)
        where size >= smallest && size != words && !slabbed.contains(size) {
            while lists.words + words > limit, let pointer = lists.free[size]!.popLast() {
                lists.words -= size
                bsk_unpoison(pointer, size * 8)
                UnsafeMutableRawPointer(pointer).deallocate()
            }
        }
    }

    private static func allocate(words: Int) -> UnsafeMutablePointer<UInt64> {
        let bytes = max(words, 8) * 8
        let isLarge = bytes >= pageBytes
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: bytes, alignment: isLarge ? pageBytes : 64)
        if isLarge { bsk_advise_large_pages(memory, bytes) }
        return memory.bindMemory(to: UInt64.self, capacity: max(words, 8))
    }

    private static func cut(bytes: Int, from lists: inout Lists) -> UnsafeMutableRawPointer {
        if lists.slabBytes < bytes {
            let slab = UnsafeMutableRawPointer.allocate(
                byteCount: slabBytes, alignment: pageBytes)
            bsk_advise_large_pages(slab, slabBytes)
            bsk_poison(slab, slabBytes)
            lists.slab = slab
            lists.slabBytes = slabBytes
        }
        let memory = lists.slab!
        lists.slab = memory + bytes
        lists.slabBytes -= bytes
        _ = memory.bindMemory(to: UInt64.self, capacity: bytes / 8)
        return memory
    }
}
