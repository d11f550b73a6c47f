// SPDX-License-Identifier: Apache-2.0

import BFV
import IntegerNetworks

/// A linear map of features: sums of ciphertexts times small integers, and a bias. It has no structure that a packing
/// would have to know: any sparse integer matrix is one.
package final class FeatureMap: CircuitMap {
    /// Outputs by the features of each source.
    let matrices: [SparseIntegerMatrix]
    private let bias: [Int64]
    /// What weights and bias are modulo t, where they are coefficients of tables' polynomials. The matrices have ones then.
    private let leaf: TableLeaf?
    /// Of each source, what rows do to its noise where its unit is the result's.
    private let gains: [(sum: Double, energy: Double)]
    /// Of each source, the most entries of a row.
    private let longestRows: [Int]
    package let isElementwise: Bool

    /// - Parameter widths: features of each source; the map numbers them one source after the other.
    init(_ map: PackedMap, widths: [Int]) {
        precondition(widths.reduce(0, +) == map.matrix.columns)
        bias = map.bias
        leaf = nil
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
        isElementwise = matrices.allSatisfy(\.isDiagonal)
    }

    /// Of powers of one vector, as many as the leaf has.
    init(_ leaf: TableLeaf) {
        self.leaf = leaf
        let count = leaf.count
        bias = [Int64](repeating: 0, count: count)
        var identity = SparseIntegerMatrix(columns: count)
        for row in 0..<count {
            identity.append(column: row, weight: 1)
            identity.endRow()
        }
        matrices = leaf.powers.map { _ in identity }
        gains = leaf.powers.map { _ in (1, 1) }
        longestRows = leaf.powers.map { _ in 1 }
        isElementwise = true
    }

    /// An elementwise map for one place of its vectors.
    func place(_ place: Int) -> FeatureMap {
        if let leaf { return FeatureMap(leaf.place(place)) }
        var matrix = SparseIntegerMatrix(columns: matrices.count)
        for (source, all) in matrices.enumerated() {
            for (_, weight) in all.row(place) { matrix.append(column: source, weight: weight) }
        }
        matrix.endRow()
        return FeatureMap(
            PackedMap(matrix: matrix, bias: [bias[place]]), widths: matrices.map { _ in 1 })
    }

    /// Its weights are residues, whatever the units of its sources: it costs nothing to have any unit.
    package var hasFreeUnit: Bool { leaf != nil }

    /// Weights of a source, as its matrix has entries.
    func weights(source: Int, modulus t: UInt64) -> [Int64] {
        leaf?.weights(source: source, modulus: t) ?? matrices[source].weights
    }

    func bias(modulus t: UInt64) -> [Int64] { leaf?.bias(modulus: t) ?? bias }

    /// Sums of sizes and of their squares, above rounding errors.
    private static func gain(_ sizes: some Sequence<Double>) -> (sum: Double, energy: Double) {
        let (sum, energy) = sizes.reduce((0, 0)) { ($0.0 + $1, $0.1 + $1 * $1) }
        return (sum * (1 + 0x1p-30), energy * (1 + 0x1p-30))
    }

    /// Whether rows add up several features of a source.
    func isSum(ofSource source: Int) -> Bool { longestRows[source] > 1 }

    var outputCount: Int { matrices[0].rows }

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
            units[$0] == unit && leaf == nil
                ? gains[$0] : Self.gain(repeatElement(Double(t) / 2, count: longestRows[$0]))
        }
    }

    /// Where many features of one source become few: then a pass over all of them would be one over memory.
    var narrowsMany: Bool {
        guard matrices.count == 1, leaf == nil else { return false }
        let (rows, columns) = (matrices[0].rows, matrices[0].columns)
        return columns >= Self.manyColumns && columns >= Self.manyColumnsPerRow * rows
    }

    /// Of each `blockWidth` columns in turn their own matrix.
    var columnBlocks: [SparseIntegerMatrix] { matrices[0].blocks(width: Self.blockWidth) }

    /// Features that are worked on together where many become few: 4 MiB of residues at N = 8192.
    static let blockWidth = 32

    private static let manyColumns = 1024
    private static let manyColumnsPerRow = 16

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
    /// Of each `width` columns in turn their own matrix, columns numbered from 0, without weights that are zero.
    fileprivate func blocks(width: Int) -> [SparseIntegerMatrix] {
        var out = stride(from: 0, to: columns, by: width).map {
            SparseIntegerMatrix(columns: min(width, columns - $0))
        }
        for row in 0..<rows {
            for (column, weight) in self.row(row) where weight != 0 {
                out[column / width].append(column: column % width, weight: weight)
            }
            for block in out.indices { out[block].endRow() }
        }
        return out
    }

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
