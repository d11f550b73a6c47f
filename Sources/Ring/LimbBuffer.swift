import CKernels

/// Contiguous, 64-byte aligned memory for residues: `limbs` runs of `degree` words.
///
/// A buffer that holds a secret is wiped when it is released.
package final class LimbBuffer: @unchecked Sendable {
    package let base: UnsafeMutablePointer<UInt64>
    package let count: Int
    package let isSecret: Bool

    package init(count: Int, isSecret: Bool = false) {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 8) * 8, alignment: 64)
        base = raw.bindMemory(to: UInt64.self, capacity: max(count, 8))
        self.count = count
        self.isSecret = isSecret
    }

    deinit {
        if isSecret { bsk_wipe(base, count * 8) }
        UnsafeMutableRawPointer(base).deallocate()
    }

    package func copy() -> LimbBuffer {
        let other = LimbBuffer(count: count, isSecret: isSecret)
        other.base.update(from: base, count: count)
        return other
    }
}
