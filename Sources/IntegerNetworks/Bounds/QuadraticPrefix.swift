// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Threading

/// The first three layers of a network, if they are linear, square, linear: its hidden neurons are quadratic forms of
/// the input.
///
/// With the box lo...hi, s = lo + hi and radius R = hi - lo, an input is x = (s + R d) / 2 with |d| <= 1, and a value
/// under the square is c.x + b = (C + R c.d) / 2 with C = s sum(c) + 2b. So 4 h = 4 b_h + sum_p w_p (C_p + R c_p.d)^2,
/// an exact integer form in d.
struct QuadraticPrefix {
    /// Largest number of entries of a form's band.
    static let maximumBand = 1 << 23

    /// Largest number of hidden neurons: each has a form of its own.
    static let maximumHidden = 1 << 13

    /// Largest number of weights of a layer written out, and of what is copied for all hidden neurons together.
    static let maximumEntries = 1 << 25

    /// Rows of the first layer with columns renumbered (pixel-major, so that the forms are banded) and ascending.
    let rowStarts: [Int]
    let columns: [Int32]
    let weights: [Int64]
    /// C_p, and |C_p| + R sum |c_p|, the largest magnitude of the doubled value.
    let centers: [Int64]
    let reaches: [Int64]
    /// The second linear layer.
    let hidden: SparseIntegerMatrix
    let hiddenBias: [Int64]
    let inputs: Int
    let radius: Int64
    let bandwidth: Int
    /// Where forms can have entries off the diagonal.
    let pattern: SymmetricPattern

    init?(_ network: IntegerNetwork) {
        let layers = network.layers
        // The three read each other and nothing else.
        guard layers.count >= 3, network.operations.prefix(3).map(\.sources) == [[0], [1], [2]],
            case .square = layers[1], layers[2].outputCount <= Self.maximumHidden,
            layers[0].entriesLimit <= Self.maximumEntries,
            layers[2].entriesLimit <= Self.maximumEntries, let first = layers[0].matrix(),
            let bias = layers[0].biasVector, let second = layers[2].matrix(),
            let secondBias = layers[2].biasVector
        else { return nil }

        let range = network.input.range
        let sum = Int64(range.lowerBound + range.upperBound)
        let radius = Int64(range.upperBound - range.lowerBound)
        // A box of one point needs no forms; from here on, reach bounds the weights too.
        guard radius > 0 else { return nil }
        let order = Self.order(layers[0])
        var rowStarts = [0]
        var columns: [Int32] = []
        var weights: [Int64] = []
        var centers: [Int64] = []
        var reaches: [Int64] = []
        var bandwidth = 0
        for row in 0..<first.rows {
            let entries = first.row(row).map { (column: order[$0.column], weight: $0.weight) }
                .sorted { $0.column < $1.column }
            guard let bounds = Self.bounds(entries.map(\.weight), bias[row], sum, radius) else {
                return nil
            }
            centers.append(bounds.center)
            reaches.append(bounds.reach)
            if let low = entries.first?.column, let high = entries.last?.column {
                bandwidth = max(bandwidth, high - low)
            }
            columns += entries.map { Int32($0.column) }
            weights += entries.map(\.weight)
            rowStarts.append(weights.count)
        }
        guard (bandwidth + 1) * first.columns <= Self.maximumBand else { return nil }
        self.rowStarts = rowStarts
        self.columns = columns
        self.weights = weights
        self.centers = centers
        self.reaches = reaches
        self.bandwidth = bandwidth
        self.radius = radius
        inputs = first.columns
        hidden = second
        hiddenBias = secondBias
        pattern = SymmetricPattern(
            rowStarts: rowStarts, columns: columns, count: first.columns, bandwidth: bandwidth)
    }

    /// New number of each input: (y, x, c) order for an image, so that a patch's pixels are near each other.
    private static func order(_ layer: IntegerNetwork.Layer) -> [Int] {
        guard case .convolution(let convolution) = layer else {
            return Array(0..<layer.inputCount)
        }
        let shape = convolution.inputShape
        let area = shape.height * shape.width
        return (0..<shape.count).map { $0 % area * shape.channels + $0 / area }
    }

    /// C and |C| + R sum |c|; nil if they exceed 2^26, where their squares would be of no use.
    private static func bounds(
        _ weights: [Int64], _ bias: Int64, _ sum: Int64, _ radius: Int64
    ) -> (center: Int64, reach: Int64)? {
        let limit: Int64 = 1 << 26
        guard abs(sum) <= limit, radius <= limit, bias.magnitude <= UInt64(limit) else {
            return nil
        }
        var total: Int64 = 0
        var absolute: Int64 = 0
        for weight in weights {
            guard weight.magnitude <= UInt64(limit) else { return nil }
            total += weight
            absolute += abs(weight)
            guard absolute <= limit else { return nil }
        }
        let center = sum * total + 2 * bias
        let reach = abs(center) + radius * absolute
        return reach <= limit ? (center, reach) : nil
    }

    /// The form of sum_p combination_p (value_p)^2 + bias; nil if its integers could exceed
    /// `QuadraticForm.maximumSize`.
    func form(combination: [Int64], bias: Int64) -> QuadraticForm? {
        // sum |w| reach^2 bounds every part of the form together.
        guard let size = size(combination: combination, bias: bias) else { return nil }
        var constant = 4 * bias
        var linear = [Int64](repeating: 0, count: inputs)
        var band = [Int64](repeating: 0, count: inputs * (bandwidth + 1))
        band.withUnsafeMutableBufferPointer { band in
            linear.withUnsafeMutableBufferPointer { linear in
                weights.withUnsafeBufferPointer { weights in
                    columns.withUnsafeBufferPointer { columns in
                        for (p, factor) in combination.enumerated() where factor != 0 {
                            let center = factor * centers[p]
                            constant += center * centers[p]
                            for a in rowStarts[p]..<rowStarts[p + 1] {
                                let i = Int(columns[a])
                                linear[i] += center * weights[a]
                                let scaled = factor * weights[a]
                                let diagonal = i * (bandwidth + 1) + i
                                for b in rowStarts[p]...a {
                                    band[diagonal - Int(columns[b])] += scaled * weights[b]
                                }
                            }
                        }
                    }
                }
            }
        }
        return QuadraticForm(
            constant: constant, linear: linear, band: band, bandwidth: bandwidth, radius: radius,
            size: size)
    }

    /// sum |w| reach^2 + 4 |bias|, or nil if it is not below the limit.
    func size(combination: [Int64], bias: Int64) -> Int64? {
        let limit = UInt64(QuadraticForm.maximumSize)
        guard bias.magnitude < limit / 4 else { return nil }
        var size = 4 * bias.magnitude
        for (factor, reach) in zip(combination, reaches) {
            let (part, overflow) = factor.magnitude.multipliedReportingOverflow(
                by: UInt64(reach * reach))
            guard !overflow, part < limit, size + part < limit else { return nil }
            size += part
        }
        return Int64(size)
    }

    /// The weights of a hidden neuron over all squares.
    func combination(ofHidden index: Int) -> [Int64] {
        var combination = [Int64](repeating: 0, count: hidden.columns)
        for entry in hidden.entries(ofRow: index) {
            combination[hidden.columnIndices[entry]] = hidden.weights[entry]
        }
        return combination
    }

    private init(
        rowStarts: [Int], columns: [Int32], weights: [Int64], centers: [Int64],
        reaches: [Int64], hidden: SparseIntegerMatrix, hiddenBias: [Int64], inputs: Int,
        radius: Int64
    ) {
        self.rowStarts = rowStarts
        self.columns = columns
        self.weights = weights
        self.centers = centers
        self.reaches = reaches
        self.hidden = hidden
        self.hiddenBias = hiddenBias
        self.inputs = inputs
        self.radius = radius
        var bandwidth = 0
        for row in centers.indices where rowStarts[row] < rowStarts[row + 1] {
            bandwidth = max(
                bandwidth, Int(columns[rowStarts[row + 1] - 1] - columns[rowStarts[row]]))
        }
        self.bandwidth = bandwidth
        pattern = SymmetricPattern(
            rowStarts: rowStarts, columns: columns, count: inputs, bandwidth: bandwidth)
    }

    /// What one hidden neuron is made of, and no more: inputs renumbered in their order. Neurons of a convolution that
    /// see the same part of an image at another place become equal.
    private func restricted(toHidden index: Int) -> QuadraticPrefix {
        let entries = hidden.entries(ofRow: index)
        var isUsed = [Bool](repeating: false, count: inputs)
        for entry in entries {
            let p = hidden.columnIndices[entry]
            for a in rowStarts[p]..<rowStarts[p + 1] { isUsed[Int(columns[a])] = true }
        }
        var number = [Int32](repeating: 0, count: inputs)
        var count: Int32 = 0
        for input in 0..<inputs where isUsed[input] {
            number[input] = count
            count += 1
        }
        var row = SparseIntegerMatrix(columns: entries.count)
        var starts = [0]
        var (newColumns, newWeights): ([Int32], [Int64]) = ([], [])
        for (place, entry) in entries.enumerated() {
            row.append(column: place, weight: hidden.weights[entry])
            let p = hidden.columnIndices[entry]
            newColumns += columns[rowStarts[p]..<rowStarts[p + 1]].map { number[Int($0)] }
            newWeights += weights[rowStarts[p]..<rowStarts[p + 1]]
            starts.append(newColumns.count)
        }
        row.endRow()
        let rows = hidden.columnIndices[entries]
        return QuadraticPrefix(
            rowStarts: starts, columns: newColumns, weights: newWeights,
            centers: rows.map { centers[$0] }, reaches: rows.map { reaches[$0] }, hidden: row,
            hiddenBias: [hiddenBias[index]], inputs: Int(count), radius: radius)
    }

    /// Of a neuron's sums, all that its bounds depend on.
    private struct Shape: Hashable {
        let columns: [Int32]
        let starts: [Int]
        let weights: [Int64]
        let centers: [Int64]
        let combination: [Int64]
        let bias: Int64
    }

    /// Narrows the ranges of the hidden neurons.
    func refine(_ ranges: inout RefinedRanges, methods: Set<BoundMethod>) {
        // Neurons that read most of the input aren't worth a renumbering, nor those that read much.
        let copied = hidden.columnIndices.reduce(0) { $0 + rowStarts[$1 + 1] - rowStarts[$1] }
        let readsAll =
            hidden.entriesCount > hidden.rows * hidden.columns / 2
            || copied > Self.maximumEntries
        var prefixes: [(prefix: QuadraticPrefix, index: Int)] = []
        var task = Array(0..<hidden.rows)
        if readsAll {
            prefixes = task.map { (self, $0) }
        } else {
            var known: [Shape: Int] = [:]
            for index in 0..<hidden.rows where hidden.entries(ofRow: index).count > 0 {
                let part = restricted(toHidden: index)
                let shape = Shape(
                    columns: part.columns, starts: part.rowStarts, weights: part.weights,
                    centers: part.centers, combination: part.hidden.weights,
                    bias: part.hiddenBias[0])
                let number = known[shape] ?? prefixes.count
                if number == prefixes.count {
                    known[shape] = number
                    prefixes.append((part, 0))
                }
                task[index] = number
            }
        }
        let all = prefixes
        let usesSemidefinite =
            methods.contains(.semidefinite) && SemidefiniteBound.isAffordable(all.map(\.prefix))
        let found = WorkerPool().map(all.count) {
            all[$0].prefix.bounds(
                ofHidden: all[$0].index, methods: methods, usesSemidefinite: usesSemidefinite)
        }
        for index in 0..<hidden.rows where hidden.entries(ofRow: index).count > 0 {
            for bound in found[task[index]] {
                if bound.isUpper {
                    ranges.upperEnd(bound.value, of: index, method: bound.method)
                } else {
                    ranges.lowerEnd(bound.value, of: index, method: bound.method)
                }
            }
        }
    }

    private struct Bound: Sendable {
        let value: BigInt
        let isUpper: Bool
        let method: BoundMethod
    }

    /// What each method proves of one hidden neuron.
    private func bounds(
        ofHidden index: Int, methods: Set<BoundMethod>, usesSemidefinite: Bool
    ) -> [Bound] {
        guard let form = form(combination: combination(ofHidden: index), bias: hiddenBias[index])
        else { return [] }
        var out: [Bound] = []
        if methods.contains(.rowSums) {
            // h is an integer: the bound on 4h rounds inward.
            let fourfold = form.rowSums()
            let upper = BigInt(fourfold.upperBound) >> 2
            let lower = -(BigInt(-fourfold.lowerBound) >> 2)
            out.append(Bound(value: upper, isUpper: true, method: .rowSums))
            out.append(Bound(value: lower, isUpper: false, method: .rowSums))
        }
        guard usesSemidefinite else { return out }
        var solver = SemidefiniteBound(self)
        for isUpper in [true, false] {
            solver.load(form, negated: !isUpper)
            solver.sweep(SemidefiniteBound.sweepsCount)
            guard let bound = solver.certifiedMaximum() else { continue }
            out.append(
                Bound(value: isUpper ? bound : -bound, isUpper: isUpper, method: .semidefinite))
        }
        return out
    }
}

extension IntegerNetwork.Layer {
    /// At most how many entries its matrix has.
    fileprivate var entriesLimit: Int {
        switch self {
        case .convolution(let layer): layer.weights.count * layer.positionsCount
        case .dense(let layer): layer.weights.count
        case .affine(let layer): layer.matrix.entriesCount
        case .square, .product, .forest, .table: 0
        }
    }
}
