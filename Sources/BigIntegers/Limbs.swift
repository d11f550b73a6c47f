// SPDX-License-Identifier: Apache-2.0

import CGMP

/// Owns one GMP number. GMP's memory functions wipe each block when it is freed or outgrown.
///
/// They are set once for the process, before its first number, and are plain malloc and free, as GMP's own are:
/// numbers that other libraries made before stay valid. What they can't reach is GMP's scratch space on the stack.
final class Limbs: @unchecked Sendable {
    // Sendable because BigInt mutates only storage that it alone refers to.
    let z: UnsafeMutablePointer<bsg_int>

    private static let wipingMemory: Void = bsg_install_memory_functions()

    init() {
        _ = Limbs.wipingMemory
        z = .allocate(capacity: 1)
        bsg_init(z)
    }

    deinit {
        bsg_clear(z)
        bsg_wipe(z, MemoryLayout<bsg_int>.size)
        z.deallocate()
    }
}

/// For tests: whether GMP's memory functions are the wiping ones.
@inline(never)
package func gmpMemoryIsWiped() -> Bool { bsg_memory_functions_installed() != 0 }
