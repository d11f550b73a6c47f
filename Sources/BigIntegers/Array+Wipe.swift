// SPDX-License-Identifier: Apache-2.0

import CGMP

extension Array where Element == UInt8 {
    /// Zeroes the bytes; the compiler can't drop it. Copies that share no storage are not reached.
    package mutating func wipe() {
        withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { bsg_wipe(base, bytes.count) }
        }
    }
}
