// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

extension Forest {
    /// Leaves of many samples.
    func apply(to bits: SampleMatrix) -> SampleMatrix {
        var result = SampleMatrix(count: leafCount, samples: bits.samples)
        for n in 0..<bits.samples {
            for leaf in reached({ bits.values[$0 * bits.samples + n] != 0 }) {
                result.values[leaf * bits.samples + n] = 1
            }
        }
        return result
    }

    /// Ranges of a map of the leaves, of which each tree has one.
    func bounds(_ matrix: RealMatrix, bias: [Double]) -> ElementRanges {
        var result = ElementRanges(lower: bias, upper: bias)
        for row in 0..<matrix.rows {
            var weights = [Double](repeating: 0, count: leafCount)
            for entry in matrix.entries(ofRow: row) {
                weights[Int(matrix.columnIndices[entry])] = matrix.weights[entry]
            }
            for range in ranges(of: { weights[$0] }) {
                result.lower[row] += range.lowerBound
                result.upper[row] += range.upperBound
            }
        }
        return result
    }
}
