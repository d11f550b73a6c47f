import CKernels
import Synchronization

/// Contiguous, 64-byte aligned memory for residues: `limbs` runs of `degree` words.
///
/// Memory is kept for reuse when a buffer is released, so that a steady state allocates nothing; a buffer that
/// held a secret is wiped first.
package final class LimbBuffer: @unchecked Sendable {
    package let base: UnsafeMutablePointer<UInt64>
    package let count: Int
    package let isSecret: Bool

    package init(count: Int, isSecret: Bool = false) {
        base = LimbMemory.take(words: count)
        self.count = count
        self.isSecret = isSecret
    }

    deinit {
        if isSecret { bsk_wipe(base, count * 8) }
        LimbMemory.give(base, words: count)
    }

    package func copy() -> LimbBuffer {
        let other = LimbBuffer(count: count, isSecret: isSecret)
        other.base.update(from: base, count: count)
        return other
    }
}

/// Free lists of released buffers by size.
private enum LimbMemory {
    private struct Lists: @unchecked Sendable {
        var free: [Int: [UnsafeMutablePointer<UInt64>]] = [:]
        var words = 0
    }

    /// Words that are kept at most: 192 MiB.
    private static let limit = 24 << 20
    /// Buffers below are left to the allocator.
    private static let smallest = 1 << 10
    private static let lists = Mutex(Lists())

    static func take(words: Int) -> UnsafeMutablePointer<UInt64> {
        if words >= smallest {
            let kept = lists.withLock { lists -> Int? in
                guard let pointer = lists.free[words]?.popLast() else { return nil }
                lists.words -= words
                return Int(bitPattern: pointer)
            }
            if let kept, let pointer = UnsafeMutablePointer<UInt64>(bitPattern: kept) {
                return pointer
            }
        }
        let bytes = max(words, 8) * 8
        return UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            .bindMemory(to: UInt64.self, capacity: max(words, 8))
    }

    static func give(_ pointer: UnsafeMutablePointer<UInt64>, words: Int) {
        let address = Int(bitPattern: pointer)
        let isKept =
            words >= smallest
            && lists.withLock { lists in
                guard lists.words + words <= limit,
                    let pointer = UnsafeMutablePointer<UInt64>(bitPattern: address)
                else { return false }
                lists.free[words, default: []].append(pointer)
                lists.words += words
                return true
            }
        if !isKept { UnsafeMutableRawPointer(pointer).deallocate() }
    }
}
