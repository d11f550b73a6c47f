// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// What the operators' attributes mean for shapes; shared by the lowering and the float reference. Shapes are those of
/// one sample, without the batch.
extension ONNXNode {
    /// Kernel, strides and padding of a Conv.
    struct ConvolutionArguments {
        let maps: Int
        let kernel: Extent
        let strides: Extent
        let padding: Padding
    }

    func convolutionArguments(
        weightDims dims: [Int], input: [Int], crop: Padding? = nil
    ) throws(ONNXError) -> ConvolutionArguments {
        try checkAttributes([
            "auto_pad", "dilations", "group", "kernel_shape", "pads", "strides",
        ])
        guard input.count == 3 else {
            throw refusal("an input of sizes \(input); [channels, height, width] is accepted")
        }
        guard dims.count == 4, dims.allSatisfy({ $0 > 0 }) else {
            throw refusal("weights of sizes \(dims); [maps, channels, height, width] is accepted")
        }
        guard try integer("group", default: 1) == 1 else {
            throw refusal("group is \(try integer("group", default: 1)); 1 is accepted")
        }
        guard try sizes("dilations", default: [1, 1]) == [1, 1] else {
            throw refusal("dilations; [1, 1] is accepted")
        }
        guard dims[1] == input[0] else {
            throw refusal("weights of \(dims[1]) channels for an input of \(input[0])")
        }
        let kernel = [dims[2], dims[3]]
        guard try sizes("kernel_shape", default: kernel) == kernel else {
            throw refusal("kernel_shape differs from the weights' \(kernel)")
        }
        let strides = try sizes("strides", default: [1, 1])
        guard strides.allSatisfy({ $0 > 0 }) else { throw refusal("strides must be positive") }
        var pads = try sizes("pads", default: [0, 0, 0, 0])
        // Of the window that is read.
        let window = [
            input[1] + (crop.map { $0.top + $0.bottom } ?? 0),
            input[2] + (crop.map { $0.left + $0.right } ?? 0),
        ]
        let automatic = try string("auto_pad", default: "NOTSET")
        switch automatic {
        case "NOTSET": break
        case "VALID": pads = [0, 0, 0, 0]
        case "SAME_UPPER", "SAME_LOWER":
            pads = [0, 0, 0, 0]
            for axis in 0..<2 {
                // The output has ceil(size / stride) pixels; an odd pad goes to the end or to the beginning.
                let size = window[axis]
                let output = (size - 1) / strides[axis] + 1
                let total = max(0, (output - 1) * strides[axis] + kernel[axis] - size)
                pads[axis] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2
                pads[axis + 2] = total - pads[axis]
            }
        default:
            throw refusal(
                "auto_pad '\(automatic)'; NOTSET, VALID, SAME_UPPER and SAME_LOWER are accepted")
        }
        if let crop {
            guard pads == [0, 0, 0, 0] else {
                throw refusal("padding after a Slice; a convolution without padding is accepted")
            }
            pads = [crop.top, crop.left, crop.bottom, crop.right]
        }
        return ConvolutionArguments(
            maps: dims[0], kernel: Extent(height: kernel[0], width: kernel[1]),
            strides: Extent(height: strides[0], width: strides[1]),
            padding: Padding(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3]))
    }

    /// What a Slice of an image [channels, height, width] leaves out at its borders, as negative padding.
    func cropping(
        _ input: [Int], constant: (Int) throws(ONNXError) -> ONNXTensor
    ) throws(ONNXError) -> Padding {
        try checkInputs(3...5)
        try checkAttributes([])
        guard input.count == 3 else {
            throw refusal("an input of sizes \(input); [channels, height, width] is accepted")
        }
        func integers(_ index: Int) throws(ONNXError) -> [Int64] {
            guard let values = try constant(index).integers else {
                throw refusal("input \(index) is not integer")
            }
            return values
        }
        let starts = try integers(1)
        let ends = try integers(2)
        let named = try self.input(3) == nil ? (0..<4).map(Int64.init) : integers(3)
        let axes = named.map { $0 < 0 ? $0 + 4 : $0 }
        let steps = try self.input(4) == nil ? [] : integers(4)
        guard starts.count == axes.count, ends.count == axes.count, axes.count <= 4,
            steps.allSatisfy({ $0 == 1 }), Set(axes).count == axes.count
        else { throw refusal("one start and end for each axis, and steps of 1, are accepted") }
        var crop = Padding()
        for (axis, (start, end)) in zip(axes, zip(starts, ends)) {
            let size = axis >= 1 && axis < 4 ? Int64(input[Int(axis) - 1]) : 1
            let first = min(max(start < 0 ? start &+ size : start, 0), size)
            let last = min(max(end < 0 ? end &+ size : end, 0), size)
            guard first < last else { throw refusal("nothing is left of axis \(axis)") }
            switch axis {
            case 2: (crop.top, crop.bottom) = (Int(-first), Int(last - size))
            case 3: (crop.left, crop.right) = (Int(-first), Int(last - size))
            case 0: break
            case 1 where first == 0 && last == size: break
            default: throw refusal("axis \(axis); rows and columns of an image are accepted")
            }
        }
        return crop
    }

    /// Whether a Gemm's weights are stored as outputs by inputs.
    func gemmTransposesWeights() throws(ONNXError) -> Bool {
        try checkAttributes(["alpha", "beta", "transA", "transB"])
        guard try integer("transA", default: 0) == 0 else {
            throw refusal("transA; 0 is accepted")
        }
        guard try float("alpha", default: 1) == 1, try float("beta", default: 1) == 1 else {
            throw refusal("alpha or beta; 1 is accepted")
        }
        return try integer("transB", default: 0) != 0
    }

    /// Inputs and outputs of a dense layer with weights of these sizes, over an input of one dimension.
    func denseSizes(
        weightDims dims: [Int], transposed: Bool, input: [Int]
    ) throws(ONNXError) -> (inputs: Int, outputs: Int) {
        guard dims.count == 2, dims[0] > 0, dims[1] > 0 else {
            throw refusal("weights of sizes \(dims); two dimensions are accepted")
        }
        guard input.count == 1 else {
            throw refusal("an input of sizes \(input); flatten it first")
        }
        let (inputs, outputs) = transposed ? (dims[1], dims[0]) : (dims[0], dims[1])
        guard inputs == input[0] else {
            throw refusal("weights for \(inputs) inputs and \(input[0]) are given")
        }
        return (inputs, outputs)
    }

    /// Shape after a Flatten that keeps the batch.
    func flattenedShape(_ input: [Int]) throws(ONNXError) -> [Int] {
        try checkInputs(1...1)
        try checkAttributes(["axis"])
        let axis = try integer("axis", default: 1)
        guard axis == 1 || axis == -Int64(input.count) else {
            throw refusal("axis \(axis); 1, which keeps the batch, is accepted")
        }
        return [input.reduce(1, *)]
    }

    /// Shape after a Reshape to `target`, which includes the batch.
    func reshapedShape(_ input: [Int], target: ONNXTensor?) throws(ONNXError) -> [Int] {
        try checkAttributes(["allowzero"])
        guard let target = target?.integers, (2...8).contains(target.count) else {
            throw refusal("the shape must be a constant of 2 to 8 sizes, the batch first")
        }
        let copiesZeros = try integer("allowzero", default: 0) == 0
        guard target[0] == 1 || target[0] == -1 || (target[0] == 0 && copiesZeros) else {
            throw refusal("a batch of \(target[0]); 1, 0 (keep) and -1 (infer) are accepted")
        }
        let count = input.reduce(1, *)
        var shape: [Int] = []
        var product = 1
        var unknown: Int?
        for (index, size) in target.dropFirst().enumerated() {
            switch size {
            case -1 where unknown == nil && target[0] != -1:
                unknown = index
                shape.append(1)
            case 0 where copiesZeros && index < input.count:
                shape.append(input[index])
            case 1...Int64(count):
                shape.append(Int(size))
            default:
                throw refusal("the shape \(target) for a sample of sizes \(input)")
            }
            let (next, overflow) = product.multipliedReportingOverflow(by: shape[index])
            guard !overflow, next <= count else {
                throw refusal("the shape \(target) for a sample of \(count) values")
            }
            product = next
        }
        if let unknown, count % product == 0 {
            shape[unknown] = count / product
            product = count
        }
        guard product == count else {
            throw refusal("the shape \(target) for a sample of \(count) values")
        }
        return shape
    }
}
