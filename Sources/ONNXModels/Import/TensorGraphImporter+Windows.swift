// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// Convolutions and poolings: sums and maxima over windows.
extension TensorGraphImporter {
    mutating func convolution(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 2...3,
            attributes: ["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"])
        return try convolution(
            node, try real(node, 0), try weights(node, 1),
            bias: node.input(2) == nil ? nil : try floats(node, 2))
    }

    mutating func convolution(
        _ node: ONNXNode, _ value: ImportedValue, _ weights: ImportedConstant, bias: [Float]?
    ) throws(ONNXError) -> ImportedValue {
        let (shape, dims) = (value.shape, weights.shape)
        guard (3...4).contains(shape.count) else {
            throw node.refusal(
                "an image of sizes \(shape); [batch, channels, width] and [batch, channels, height, width] are accepted"
            )
        }
        guard dims.count == shape.count, dims.allSatisfy({ $0 > 0 }) else {
            throw node.refusal("weights of sizes \(dims) for an image of \(shape)")
        }
        let groups = Int(clamping: try node.integer("group", default: 1))
        guard groups > 0, shape[1] % groups == 0, dims[0] % groups == 0,
            dims[1] == shape[1] / groups
        else {
            throw node.refusal("weights of sizes \(dims) in \(groups) groups for \(shape)")
        }
        let windows = try WindowGeometry(node, shape: shape, kernel: Array(dims.dropFirst(2)))
        let output = windows.outputSizes
        guard bias == nil || bias?.count == dims[0] else {
            throw node.refusal("a bias of \(bias?.count ?? 0) values for \(dims[0]) maps")
        }
        try chargeWork(node, [shape[0], output.reduce(1, *)] + dims)
        // Work that is done here counts as if it were elements.
        if value.isConstant { _ = try count([shape[0], output.reduce(1, *)] + dims, node) }
        try charge(weights.count, node)
        guard var kept = weights.weights else { throw node.refusal("weights that are no reals") }
        func extent(_ sizes: [Int]) -> Extent {
            Extent(height: sizes.count == 2 ? sizes[0] : 1, width: sizes[sizes.count - 1])
        }
        let isLine = shape.count == 3
        if isLine, let quantization = kept.quantization, quantization.axis >= 2 {
            kept = TensorWeights(
                values: kept.values,
                quantization: TensorWeights.Quantization(
                    integers: quantization.integers, scales: quantization.scales,
                    axis: quantization.axis + 1))
        }
        func image(_ channels: Int, _ sizes: [Int]) -> ImageShape {
            let size = extent(sizes)
            return ImageShape(channels: channels, height: size.height, width: size.width)
        }
        let (before, after) = (windows.padsBefore, windows.padsAfter)
        let geometry = TensorConvolution(
            batch: shape[0], input: image(shape[1], Array(shape.dropFirst(2))),
            output: image(dims[0], output), kernel: extent(windows.kernel),
            strides: extent(windows.strides), dilations: extent(windows.dilations),
            padding: Padding(
                top: isLine ? 0 : before[0], left: before[before.count - 1],
                bottom: isLine ? 0 : after[0], right: after[after.count - 1]), groups: groups)
        return try apply(
            node, .convolution(geometry, weights: kept, bias: bias), [value],
            shape: [shape[0], dims[0]] + output)
    }

    mutating func pool(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let isAverage = node.operator == "AveragePool"
        try check(
            node, inputs: 1...1,
            attributes: [
                "auto_pad", "ceil_mode", isAverage ? "count_include_pad" : "storage_order",
                "dilations", "kernel_shape", "pads", "strides",
            ])
        return try pool(node, try real(node, 0), isAverage: isAverage)
    }

    /// By the node's attributes.
    mutating func pool(
        _ node: ONNXNode, _ value: ImportedValue, isAverage: Bool
    ) throws(ONNXError) -> ImportedValue {
        let shape = value.shape
        guard shape.count >= 3 else {
            throw node.refusal("an image of sizes \(shape); batch and channels come first")
        }
        guard let given = try node.integers("kernel_shape") else {
            throw node.refusal("no kernel_shape")
        }
        let windows = try WindowGeometry(node, shape: shape, kernel: try sizes(given, node))
        let output = Array(shape.prefix(2)) + windows.outputSizes
        // Counted before any list is made.
        try count(output, node)
        try charge(try windows.tapsCount(shape, node: node), node)
        let lists = try windows.lists(shape, node: node)
        guard isAverage else {
            return try apply(
                node, .maximum(starts: lists.starts, indices: lists.indices), [value],
                shape: output)
        }
        let includesPadding = try flag(node, "count_include_pad", default: false)
        let weights = windows.averages(lists, includesPadding: includesPadding)
        return try apply(
            node,
            .weightedSum(starts: lists.starts, indices: lists.indices, weights: weights), [value],
            shape: output)
    }
}
