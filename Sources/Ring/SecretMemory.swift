// SPDX-License-Identifier: Apache-2.0

import CKernels
import Threading

/// Memory for secrets: pages that hold nothing else, locked so that they are never swapped out, and left out of core
/// dumps. Where a limit of the process forbids to lock more, the rest is used unlocked.
enum SecretMemory {
    private struct Lists: @unchecked Sendable {
        /// By bytes.
        var free: [Int: [UnsafeMutableRawPointer]] = [:]
        var slab: UnsafeMutableRawPointer?
        var slabBytes = 0
    }

    /// Holds whole pages on every system.
    private static let pageBytes = 1 << 16
    /// A large page, kept for good once it was taken.
    private static let slabBytes = 2 << 20
    /// What is larger gets pages of its own, and gives them back.
    private static let largestCut = 1 << 20
    private static let lists = ForkLocal { Lists() }

    static func take(words: Int) -> UnsafeMutablePointer<UInt64> {
        let bytes = size(words)
        let memory: UnsafeMutableRawPointer
        if bytes > largestCut {
            memory = guarded(bytes, alignment: pageBytes)
            bsk_poison(memory, bytes)
        } else {
            let address = lists.withLock { lists in
                Int(bitPattern: lists.free[bytes]?.popLast() ?? cut(bytes, from: &lists))
            }
            memory = UnsafeMutableRawPointer(bitPattern: address)!
        }
        bsk_unpoison(memory, words * 8)
        return memory.bindMemory(to: UInt64.self, capacity: bytes / 8)
    }

    /// - Precondition: it was wiped.
    static func give(_ pointer: UnsafeMutablePointer<UInt64>, words: Int) {
        let bytes = size(words)
        if bytes > largestCut {
            bsk_unpoison(pointer, bytes)
            bsk_release_pages(pointer, bytes)
            UnsafeMutableRawPointer(pointer).deallocate()
        } else {
            let address = Int(bitPattern: pointer)
            bsk_poison(pointer, words * 8)
            lists.withLock {
                $0.free[bytes, default: []].append(
                    UnsafeMutableRawPointer(bitPattern: address)!)
            }
        }
    }

    private static func size(_ words: Int) -> Int {
        let plain = (max(words * 8, 64) + 63) & ~63
        // Buffers of whole pages must not all begin at the same offset in a page.
        let bytes = plain < 4096 ? plain : plain + LimbMemory.colour
        return bytes > largestCut ? (bytes + pageBytes - 1) / pageBytes * pageBytes : bytes
    }

    private static func guarded(_ bytes: Int, alignment: Int) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: alignment)
        if alignment >= slabBytes { bsk_advise_large_pages(memory, bytes) }
        _ = bsk_guard_pages(memory, bytes)
        return memory
    }

    private static func cut(_ bytes: Int, from lists: inout Lists) -> UnsafeMutableRawPointer {
        if lists.slabBytes < bytes {
            let slab = guarded(slabBytes, alignment: slabBytes)
            bsk_poison(slab, slabBytes)
            lists.slab = slab
            lists.slabBytes = slabBytes
        }
        let memory = lists.slab!
        lists.slab = memory + bytes
        lists.slabBytes -= bytes
        return memory
    }
}
