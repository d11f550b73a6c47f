// SPDX-License-Identifier: Apache-2.0

import BFV
import IntegerNetworks

/// A linear map of features: sums of ciphertexts times small integers, and a bias. It has no structure that a packing
/// would have to know: any sparse integer matrix is one.
package final class FeatureMap: CircuitMap {
    /// Outputs by the features of each source.
    let matrices: [SparseIntegerMatrix]
    let bias: [Int64]
    /// Of each source, what rows do to its noise where its unit is the result's.
    private let gains: [(sum: Double, energy: Double)]
    /// Of each source, the most entries of a row.
    private let longestRows: [Int]

    /// - Parameter widths: features of each source; the map numbers them one source after the other.
    init(_ map: PackedMap, widths: [Int]) {
        precondition(widths.reduce(0, +) == map.matrix.columns)
        bias = map.bias
        var first = 0
        matrices = widths.map { width in
            defer { first += width }
            return map.matrix.columns(first..<first + width)
        }
        gains = matrices.map { matrix in
            (0..<matrix.rows).reduce((0, 0)) { most, row in
                let gain = Self.gain(
                    matrix.entries(ofRow: row).lazy.map { Double(matrix.weights[$0].magnitude) })
                return (max(most.sum, gain.sum), max(most.energy, gain.energy))
            }
        }
        longestRows = matrices.map { matrix in
            (0..<matrix.rows).reduce(0) { max($0, matrix.entries(ofRow: $1).count) }
        }
    }

    /// Sums of sizes and of their squares, above rounding errors.
    private static func gain(_ sizes: some Sequence<Double>) -> (sum: Double, energy: Double) {
        let (sum, energy) = sizes.reduce((0, 0)) { ($0.0 + $1, $0.1 + $1 * $1) }
        return (sum * (1 + 0x1p-30), energy * (1 + 0x1p-30))
    }

    var outputCount: Int { bias.count }

    /// The unit of the result: of the source that most weights belong to. Its weights stay as small as they are; those
    /// of sources with other units are multiplied by a unit modulo t.
    package func unit(of units: [MessageUnit]) -> MessageUnit {
        var counts: [MessageUnit: Int] = [:]
        for (unit, matrix) in zip(units, matrices) {
            counts[unit, default: 0] += matrix.entriesCount
        }
        let most = counts.values.max() ?? 0
        return units.first { counts[$0] == most } ?? .one
    }

    /// Features have ciphertexts of their own: nothing moves.
    package func permutations(degree: Int) -> Set<SlotPermutation> { [] }

    /// What rows do to noise, source by source: the largest sum of |w| and the largest sum of w^2. Weights of a source
    /// whose unit is not the result's count as t/2 each.
    func gains(
        units: [MessageUnit], unit: MessageUnit, modulus t: UInt64
    ) -> [(sum: Double, energy: Double)] {
        units.indices.map {
            units[$0] == unit
                ? gains[$0] : Self.gain(repeatElement(Double(t) / 2, count: longestRows[$0]))
        }
    }

    /// What is drawn for each source where weights are drawn anew.
    /// - Parameter weights: of each source, as its matrix has them: below t.
    func dither(
        _ weights: [[Int64]], units: [MessageUnit], unit: MessageUnit, modulus t: UInt64
    ) -> [ScalarDither] {
        zip(zip(matrices, weights), gains(units: units, unit: unit, modulus: t)).map {
            ScalarDither(
                rowStarts: $0.0.rowStarts, columnIndices: $0.0.columnIndices, weights: $0.1,
                modulus: t, mostDrawn: ScalarDither.mostDrawn(mean: $1.sum / Double(t)))
        }
    }
}

extension SparseIntegerMatrix {
    /// Some of its columns, numbered from 0, without weights that are zero.
    fileprivate func columns(_ range: Range<Int>) -> SparseIntegerMatrix {
        var out = SparseIntegerMatrix(columns: range.count)
        for row in 0..<rows {
            for (column, weight) in self.row(row) where weight != 0 && range.contains(column) {
                out.append(column: column - range.lowerBound, weight: weight)
            }
            out.endRow()
        }
        return out
    }
}
