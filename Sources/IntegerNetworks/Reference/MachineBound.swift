// SPDX-License-Identifier: Apache-2.0

/// A cheap proof that Int64 accumulators can't overflow: max |y| <= sum |w| max |x| + |b|, operation by operation.
enum MachineBound {
    /// Of every value, the input first: a bound of its magnitude and of every partial sum on the way to it, in any
    /// order; nil where it isn't proven below 2^63.
    static func bounds(of network: IntegerNetwork) -> [UInt?] {
        let range = network.input.range
        var bounds: [UInt?] = [max(range.lowerBound.magnitude, range.upperBound.magnitude)]
        for operation in network.operations {
            let sources = operation.sources.map { bounds[$0] }
            guard sources.allSatisfy({ $0 != nil }),
                let next = bound(after: operation.layer, inputs: sources.compactMap { $0 }),
                next <= UInt(Int.max)
            else {
                bounds.append(nil)
                continue
            }
            bounds.append(next)
        }
        return bounds
    }

    /// - Parameter inputs: a bound of each source.
    static func bound(after layer: IntegerNetwork.Layer, inputs: [UInt]) -> UInt? {
        let largest = inputs.max() ?? 0
        switch layer {
        case .square, .product:
            let (product, overflow) = inputs[0].multipliedReportingOverflow(
                by: inputs[inputs.count - 1])
            return overflow ? nil : product
        case .forest: return 1
        case .table(let tables):
            return tables.runs.reduce(0) { most, run in
                run.values.reduce(most) { max($0, UInt($1.magnitude)) }
            }
        case .convolution(let convolution):
            return bound(rows: convolution.mapsCount, convolution.bias, inputs: largest) {
                convolution.weights[
                    $0 * convolution.tapsCount..<($0 + 1) * convolution.tapsCount]
            }
        case .dense(let dense):
            return bound(rows: dense.outputs, dense.bias, inputs: largest) {
                dense.weights[$0 * dense.inputs..<($0 + 1) * dense.inputs]
            }
        case .affine(let affine):
            return bound(rows: affine.matrix.rows, affine.bias, inputs: largest) {
                affine.matrix.weights[affine.matrix.entries(ofRow: $0)]
            }
        }
    }

    /// Each row's |b| + sum |w| * inputs bounds all its partial sums; nil on overflow.
    private static func bound(
        rows: Int, _ bias: [Int64], inputs: UInt, weights: (Int) -> ArraySlice<Int64>
    ) -> UInt? {
        var largest: UInt = 0
        for row in 0..<rows {
            var sum: UInt = 0
            for weight in weights(row) {
                let (next, overflow) = sum.addingReportingOverflow(UInt(weight.magnitude))
                guard !overflow else { return nil }
                sum = next
            }
            let (product, overflow) = sum.multipliedReportingOverflow(by: inputs)
            guard !overflow else { return nil }
            let (total, carry) = product.addingReportingOverflow(UInt(bias[row].magnitude))
            guard !carry else { return nil }
            largest = max(largest, total)
        }
        return largest
    }
}
