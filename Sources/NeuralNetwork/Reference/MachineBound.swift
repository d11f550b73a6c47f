/// A cheap proof that Int64 accumulators can't overflow: max |y| <= sum |w| max |x| + |b|, layer by layer.
enum MachineBound {
    /// Number of leading layers for which every partial sum, in any order, is proven below 2^63.
    static func safeLayersCount(of network: IntegerNetwork) -> Int {
        let range = network.input.range
        var bound = max(range.lowerBound.magnitude, range.upperBound.magnitude)
        for (index, layer) in network.layers.enumerated() {
            guard let next = Self.bound(after: layer, inputs: bound), next <= UInt(Int.max) else {
                return index
            }
            bound = next
        }
        return network.layers.count
    }

    static func bound(after layer: Layer, inputs: UInt) -> UInt? {
        switch layer {
        case .square:
            let (square, overflow) = inputs.multipliedReportingOverflow(by: inputs)
            return overflow ? nil : square
        case .convolution(let convolution):
            return bound(convolution.weights, convolution.bias, convolution.tapsCount, inputs)
        case .dense(let dense):
            return bound(dense.weights, dense.bias, dense.inputs, inputs)
        }
    }

    /// Each row's |b| + sum |w| * inputs bounds all its partial sums; nil on overflow.
    private static func bound(
        _ weights: [Int64], _ bias: [Int64], _ width: Int, _ inputs: UInt
    ) -> UInt? {
        var largest: UInt = 0
        for row in bias.indices {
            var sum: UInt = 0
            for weight in weights[row * width..<(row + 1) * width] {
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
