// SPDX-License-Identifier: Apache-2.0

import CGMP

extension BigInt {
    /// Writes the magnitude's `count` lowest limbs of 64 bits, least significant first.
    package func copyLimbs(to words: UnsafeMutablePointer<UInt64>, count: Int) {
        for i in 0..<count { words[i] = UInt64(bsg_limb(z, i)) }
    }

    /// The number of `count` limbs of 64 bits, least significant first, unsigned.
    package init(limbs words: UnsafePointer<UInt64>, count: Int) {
        self.init { bsg_import_limbs($0, count, words) }
    }
}
