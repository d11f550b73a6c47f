// SPDX-License-Identifier: Apache-2.0

import BigIntegers

extension Int {
    /// The smallest power of two that is not below.
    var nextPowerOfTwo: Int {
        self <= 1 ? 1 : 1 << (self - 1).bitWidthUsed
    }
}
