// SPDX-License-Identifier: Apache-2.0

import BFV
import Foundation
import TestSupport
import Testing

@Suite struct LogarithmTests {
    @Test func isTheSystems() {
        var generator = SplitMix64(seed: 1)
        var values: [Double] = [1, 2, 3, 0.5, 0x1p62, 1.nextDown, 2.0.nextDown, 0x1.5p-40]
        for _ in 0..<1000 {
            let exponent = Double(generator.next() % 120) - 60
            values.append(exp2(exponent) * (1 + Double(generator.next() >> 11) * 0x1p-53))
        }
        for x in values { #expect(abs(x.constantTimeLog2 - log2(x)) < 0x1p-44, "\(x)") }
    }
}
