// SPDX-License-Identifier: Apache-2.0

/// ConvTranspose: what a convolution does to gradients, a linear map like any other.
extension TensorGraphImporter {
    /// What a transposed convolution does along one axis.
    private struct Axis {
        let size: Int
        let kernel: Int
        let stride: Int
        let dilation: Int
        /// Elements that are cut off in front.
        let pad: Int
        let output: Int

        /// Which taps of the kernel, of which elements of the input, are summed for an element of the output.
        func taps(of place: Int) -> [(element: Int, tap: Int)] {
            (0..<kernel).compactMap { tap in
                let distance = place + pad - tap * dilation
                guard distance >= 0, distance % stride == 0, distance / stride < size else {
                    return nil
                }
                return (distance / stride, tap)
            }
        }
    }

    mutating func transposedConvolution(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 2...3,
            attributes: [
                "auto_pad", "dilations", "group", "kernel_shape", "output_padding", "output_shape",
                "pads", "strides",
            ])
        let value = try real(node, 0)
        let weights = try weights(node, 1)
        let (shape, dims) = (value.shape, weights.shape)
        guard shape.count >= 3, dims.count == shape.count, dims.allSatisfy({ $0 > 0 }) else {
            throw node.refusal("weights of sizes \(dims) for an image of \(shape)")
        }
        let groups = Int(clamping: try node.integer("group", default: 1))
        guard groups > 0, shape[1] == dims[0], dims[0] % groups == 0 else {
            throw node.refusal("weights of sizes \(dims) in \(groups) groups for \(shape)")
        }
        let axes = try axes(
            node, sizes: Array(shape.dropFirst(2)), kernel: Array(dims.dropFirst(2)))
        let maps = dims[1] * groups
        let outputShape = [shape[0], maps] + axes.map(\.output)
        try count(outputShape, node)
        try chargeWork(node, shape + Array(dims.dropFirst()))
        // Work that is done here counts as if it were elements.
        try count(shape + Array(dims.dropFirst()), node)
        guard let reals = weights.reals else { throw node.refusal("weights that are no reals") }
        // Of one channel: elements of the input's image and taps of the kernel, for each element of the output's.
        var windows: [[(element: Int, tap: Int)]] = [[(0, 0)]]
        for axis in axes {
            let taps = (0..<axis.output).map(axis.taps)
            windows = windows.flatMap { window in
                taps.map { taps in
                    window.flatMap { outer in
                        taps.map {
                            (
                                outer.element * axis.size + $0.element,
                                outer.tap * axis.kernel + $0.tap
                            )
                        }
                    }
                }
            }
        }
        let (image, area) = (shape.dropFirst(2).reduce(1, *), dims.dropFirst(2).reduce(1, *))
        let perGroup = dims[0] / groups
        var starts = [0]
        var indices: [Int32] = []
        var factors: [Float] = []
        for batch in 0..<shape[0] {
            for map in 0..<maps {
                let (group, place) = map.quotientAndRemainder(dividingBy: dims[1])
                for window in windows {
                    for channel in group * perGroup..<(group + 1) * perGroup {
                        let from = (batch * shape[1] + channel) * image
                        let weight = (channel * dims[1] + place) * area
                        for (element, tap) in window {
                            indices.append(Int32(from + element))
                            factors.append(Float(reals[weight + tap]))
                        }
                    }
                    starts.append(indices.count)
                }
            }
        }
        let sums = try apply(
            node, .weightedSum(starts: starts, indices: indices, weights: factors), [value],
            shape: outputShape)
        guard node.input(2) != nil else { return sums }
        let bias = try floats(node, 2)
        guard bias.count == maps else {
            throw node.refusal("a bias of \(bias.count) values for \(maps) maps")
        }
        let inner = axes.reduce(1) { $0 * $1.output }
        let count = sums.count
        return try scaled(
            node, sums, factors: [Float](repeating: 1, count: count),
            terms: (0..<count).map { bias[$0 / inner % maps] }, outputShape)
    }

    private func axes(
        _ node: ONNXNode, sizes: [Int], kernel: [Int]
    ) throws(ONNXError) -> [Axis] {
        let count = sizes.count
        let (zeros, ones) = ([Int](repeating: 0, count: count), [Int](repeating: 1, count: count))
        guard try node.sizes("kernel_shape", default: kernel) == kernel else {
            throw node.refusal("kernel_shape differs from the weights' \(kernel)")
        }
        let strides = try node.sizes("strides", default: ones)
        let dilations = try node.sizes("dilations", default: ones)
        let further = try node.sizes("output_padding", default: zeros)
        let pads = try node.sizes("pads", default: zeros + zeros)
        let mode = try node.string("auto_pad", default: "NOTSET")
        guard strides.allSatisfy({ $0 > 0 }), dilations.allSatisfy({ $0 > 0 }) else {
            throw node.refusal("strides and dilations must be positive")
        }
        guard ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].contains(mode) else {
            throw node.refusal(
                "auto_pad '\(mode)'; NOTSET, VALID, SAME_UPPER and SAME_LOWER are accepted")
        }
        let isSame = mode.hasPrefix("SAME")
        var outputs: [Int]?
        if node.attributes["output_shape"] != nil {
            outputs = try node.sizes("output_shape", default: sizes)
        } else if isSame {
            outputs = zip(sizes, strides).map { $0 * $1 }
        }
        var axes: [Axis] = []
        for axis in 0..<count {
            // Sizes are at most 2^24 each, so nothing overflows.
            let full =
                strides[axis] * (sizes[axis] - 1) + further[axis]
                + (kernel[axis] - 1) * dilations[axis] + 1
            var (before, after) = (pads[axis], pads[axis + count])
            if mode == "VALID" { (before, after) = (0, 0) }
            if let outputs {
                let total = max(0, full - outputs[axis])
                before = mode == "SAME_UPPER" ? total / 2 : total - total / 2
                after = total - before
            }
            let output = outputs?[axis] ?? full - before - after
            guard output > 0, sizes[axis] > 0 else {
                throw node.refusal("nothing is left of an axis of \(sizes[axis])")
            }
            axes.append(
                Axis(
                    size: sizes[axis], kernel: kernel[axis], stride: strides[axis],
                    dilation: dilations[axis], pad: before, output: output))
        }
        return axes
    }
}
