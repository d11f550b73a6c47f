// SPDX-License-Identifier: Apache-2.0

extension FixedWidthInteger {
    /// The number of bits up to the highest one that is set: 0 for 0, and the whole width for negative numbers.
    package var bitWidthUsed: Int { Self.bitWidth - leadingZeroBitCount }
}
