// SPDX-License-Identifier: Apache-2.0

/// Bytes at a fixed address: allocated here, or part of something that stays alive with it, such as a mapped file.
package final class ByteRegion: @unchecked Sendable {
    package let base: UnsafeMutableRawPointer
    package let count: Int
    private let owner: AnyObject?

    /// New memory, not initialized.
    package init(count: Int) {
        base = .allocate(byteCount: max(count, 1), alignment: 64)
        self.count = count
        owner = nil
    }

    /// - Parameter owner: keeps the memory alive; what lies there must not be written.
    package init(base: UnsafeRawPointer, count: Int, owner: AnyObject) {
        self.base = UnsafeMutableRawPointer(mutating: base)
        self.count = count
        self.owner = owner
    }

    deinit { if owner == nil { base.deallocate() } }

    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
