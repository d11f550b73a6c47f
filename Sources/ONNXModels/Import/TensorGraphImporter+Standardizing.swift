// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Normalizations by statistics of the sample itself, written out: what of them a client can do is found there.
extension TensorGraphImporter {
    /// The root of the mean square over axes, which stay with a size of 1, plus epsilon.
    mutating func rootMeanSquare(
        _ node: ONNXNode, _ value: ImportedValue, axes: [Int], plus epsilon: Float
    ) throws(ONNXError) -> ImportedValue {
        let square = try arithmetic(node, .multiply, value, value)
        let mean = try reduced(node, square, axes: axes, keepsAxes: true, by: .mean)
        return try function(.squareRoot, of: try scaled(node, mean, by: 1, plus: epsilon), node)
    }

    /// Less its mean over axes, by its deviation.
    private mutating func standardized(
        _ node: ONNXNode, _ value: ImportedValue, axes: [Int], plus epsilon: Float
    ) throws(ONNXError) -> ImportedValue {
        let mean = try reduced(node, value, axes: axes, keepsAxes: true, by: .mean)
        let difference = try arithmetic(node, .subtract, value, mean)
        return try arithmetic(
            node, .divide, difference,
            try rootMeanSquare(node, difference, axes: axes, plus: epsilon))
    }

    /// Times the second input, plus the third: a value each channel.
    private mutating func channelwise(
        _ node: ONNXNode, _ value: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        let shape = value.shape
        let (factors, terms) = (try floats(node, 1), try floats(node, 2))
        guard factors.count == shape[1], terms.count == shape[1] else {
            throw node.refusal(
                "\(factors.count) and \(terms.count) values for \(shape[1]) channels")
        }
        let inner = shape.dropFirst(2).reduce(1, *)
        let channels = (0..<value.count).map { $0 / inner % shape[1] }
        return try scaled(
            node, value, factors: channels.map { factors[$0] },
            terms: channels.map { terms[$0] }, shape)
    }

    private func image(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let value = try real(node, 0)
        guard value.shape.count >= 3, value.count > 0 else {
            throw node.refusal("sizes \(value.shape); batch and channels come first")
        }
        return value
    }

    mutating func instanceNormalization(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 3...3, attributes: ["epsilon"])
        let value = try image(node)
        let result = try standardized(
            node, value, axes: Array(2..<value.shape.count),
            plus: try node.float("epsilon", default: 1e-5))
        return try channelwise(node, result)
    }

    /// Of operator sets since 21, whose scales are of channels; those before were of groups.
    mutating func groupNormalization(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 3...3, attributes: ["epsilon", "num_groups", "stash_type"])
        let value = try image(node)
        let shape = value.shape
        let groups = Int(clamping: try node.integer("num_groups", default: 0))
        guard groups > 0, shape[1] % groups == 0 else {
            throw node.refusal("\(shape[1]) channels in \(groups) groups")
        }
        guard operatorSet >= 21 else {
            throw node.refusal(
                "scales of groups (operator set \(operatorSet)); export it with operator set 21 or as InstanceNormalization"
            )
        }
        let rows = reshaped(value, [shape[0], groups, value.count / shape[0] / groups])
        let result = try standardized(
            node, rows, axes: [2], plus: try node.float("epsilon", default: 1e-5))
        return try channelwise(node, reshaped(result, shape))
    }

    mutating func rootMeanSquareNormalization(
        _ node: ONNXNode
    ) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2, attributes: ["axis", "epsilon", "stash_type"])
        let value = try real(node, 0)
        let rank = value.shape.count
        let first = try axis(try node.integer("axis", default: -1), rank: rank, node)
        let size = try rootMeanSquare(
            node, value, axes: Array(first..<rank),
            plus: try node.float("epsilon", default: 1e-5))
        return try arithmetic(
            node, .multiply, try arithmetic(node, .divide, value, size), try real(node, 1))
    }

    mutating func meanVarianceNormalization(
        _ node: ONNXNode
    ) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["axes"])
        let value = try real(node, 0)
        let axes = try axes(
            try node.integers("axes") ?? [0, 2, 3], rank: value.shape.count, node)
        return try standardized(node, value, axes: axes, plus: 1e-9)
    }

    /// LRN: by a power of the sum of squares over neighbouring channels.
    mutating func localResponseNormalization(
        _ node: ONNXNode
    ) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["alpha", "beta", "bias", "size"])
        let value = try image(node)
        let shape = value.shape
        let size = Int(clamping: try node.integer("size", default: 0))
        guard (1...shape[1] * 2 + 1).contains(size) else {
            throw node.refusal("a window of \(size) over \(shape[1]) channels")
        }
        let inner = shape.dropFirst(2).reduce(1, *)
        try count(shape + [size], node)
        var starts = [0]
        var indices: [Int32] = []
        for element in 0..<value.count {
            let channel = element / inner % shape[1]
            let first = max(0, channel - (size - 1) / 2)
            let last = min(shape[1] - 1, channel + size / 2)
            for other in first...last { indices.append(Int32(element + (other - channel) * inner)) }
            starts.append(indices.count)
        }
        let weight = try node.float("alpha", default: 0.0001) / Float(size)
        let sums = try apply(
            node,
            .weightedSum(
                starts: starts, indices: indices,
                weights: [Float](repeating: weight, count: indices.count)),
            [try arithmetic(node, .multiply, value, value)], shape: shape)
        let based = try scaled(node, sums, by: 1, plus: try node.float("bias", default: 1))
        let power = try function(
            .power(try node.float("beta", default: 0.75)), of: based, node)
        return try arithmetic(node, .divide, value, power)
    }
}
