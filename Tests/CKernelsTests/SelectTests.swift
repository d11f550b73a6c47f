// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

extension KernelTests {
    /// Whatever the index, the row and nothing around it.
    @Test(arguments: Path.allCases) func selectsRows(path: Path) {
        path.run {
            var random = SplitMix64(seed: 3)
            for words in [1, 7, 8, 31, 32, 33, 64, 65, 128, 150] {
                for count in [1, 2, 16, 64] {
                    let table = (0..<words * count).map { _ in random.next() }
                    for index in Set([0, count / 2, count - 1]) {
                        var out = [UInt64](repeating: 7, count: words + 1)
                        bsk_select(&out, table, words, count, UInt64(index))
                        #expect(
                            Array(out[..<words])
                                == Array(table[index * words..<(index + 1) * words]))
                        #expect(out[words] == 7)
                    }
                }
            }
        }
    }
}
