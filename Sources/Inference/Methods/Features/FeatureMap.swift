// SPDX-License-Identifier: Apache-2.0

import BFV
import IntegerNetworks

/// A linear map of features: sums of ciphertexts times small integers, and a bias. It has no structure that a packing
/// would have to know: any sparse integer matrix is one.
package final class FeatureMap: CircuitMap {
    /// Outputs by the features of all sources, which are numbered one source after the other.
    package let matrix: SparseIntegerMatrix
    package let bias: [Int64]
    /// Where each source's features begin, and at the end how many there are in all.
    let starts: [Int]

    init(matrix: SparseIntegerMatrix, bias: [Int64], widths: [Int]) {
        precondition(widths.reduce(0, +) == matrix.columns && bias.count == matrix.rows)
        self.matrix = matrix
        self.bias = bias
        starts = widths.reduce(into: [0]) { $0.append($0.last! + $1) }
    }

    var sourceCount: Int { starts.count - 1 }
    var outputCount: Int { matrix.rows }

    /// The unit of the result: of the source that most weights belong to. Its weights stay as small as they are; those
    /// of sources with other units are multiplied by a unit modulo t.
    package func unit(of units: [MessageUnit]) -> MessageUnit {
        var counts: [MessageUnit: Int] = [:]
        for (source, unit) in units.enumerated() { counts[unit, default: 0] += entries(of: source) }
        let most = counts.values.max() ?? 0
        return units.first { counts[$0] == most } ?? .one
    }

    /// Features have ciphertexts of their own: nothing moves.
    package func permutations(degree: Int) -> Set<SlotPermutation> { [] }

    private func entries(of source: Int) -> Int {
        matrix.columnIndices.reduce(0) {
            $0 + (starts[source] <= $1 && $1 < starts[source + 1] ? 1 : 0)
        }
    }

    /// What rows do to noise, source by source: the largest sum of |w| and the largest sum of w^2. Weights of a source
    /// that is `scaled` count as t/2 each.
    func gains(scaled: [Bool], modulus t: UInt64) -> [(sum: Double, energy: Double)] {
        var out = [(sum: Double, energy: Double)](repeating: (0, 0), count: sourceCount)
        var sums = out
        for row in 0..<matrix.rows {
            for source in sums.indices { sums[source] = (0, 0) }
            for entry in matrix.entries(ofRow: row) {
                let source = source(of: matrix.columnIndices[entry])
                let size =
                    scaled[source] ? Double(t) / 2 : Double(matrix.weights[entry].magnitude)
                sums[source].sum += size
                sums[source].energy += size * size
            }
            for source in sums.indices {
                out[source].sum = max(out[source].sum, sums[source].sum)
                out[source].energy = max(out[source].energy, sums[source].energy)
            }
        }
        // Above the rounding errors of the sums.
        return out.map { ($0.sum * (1 + 0x1p-30), $0.energy * (1 + 0x1p-30)) }
    }

    func source(of column: Int) -> Int {
        if sourceCount == 1 { return 0 }
        return starts.lastIndex { $0 <= column }!
    }
}

extension FeatureMap {
    /// The matrix cut by sources, with other weights.
    func split(weights: [Int64]) -> [SparseRows] {
        var out = (0..<sourceCount).map { SparseRows(columns: starts[$0 + 1] - starts[$0]) }
        for row in 0..<matrix.rows {
            for entry in matrix.entries(ofRow: row) {
                let column = matrix.columnIndices[entry]
                let source = source(of: column)
                out[source].columnIndices.append(column - starts[source])
                out[source].weights.append(weights[entry])
            }
            for source in out.indices {
                out[source].rowStarts.append(out[source].weights.count)
            }
        }
        return out
    }
}

/// A sparse matrix by rows, as `SparseIntegerMatrix`.
struct SparseRows {
    let columns: Int
    var rowStarts = [0]
    var columnIndices: [Int] = []
    var weights: [Int64] = []
}
