// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Operators on codes: integers are multiplied and summed exactly (below 2^24, where Float holds every integer), then
/// scaled and quantized again.
extension TensorGraphImporter {
    /// Codes less their zero points, as reals.
    private mutating func integers(
        _ node: ONNXNode, _ index: Int, zero: Int, axis: Int
    ) throws(ONNXError) -> ImportedValue {
        let value = try value(node, index)
        let shape = value.shape
        var zeros: [Float] = [0]
        if node.input(zero) != nil {
            zeros = try self.integers(node, zero).map { Float($0) }
            if zeros.allSatisfy({ $0 == zeros[0] }) { zeros = Array(zeros.prefix(1)) }
        }
        guard !zeros.isEmpty,
            zeros.count == 1 || (shape.indices ~= axis && shape[axis] == zeros.count)
        else { throw node.refusal("\(zeros.count) zero points for sizes \(shape)") }
        let grid = QuantizationGrid(
            scales: zeros.map { _ in 1 }, zeroPoints: zeros,
            inner: max(1, zeros.count == 1 ? 1 : shape.dropFirst(axis + 1).reduce(1, *)),
            low: 0, high: 0)
        switch value {
        case .constant(let constant):
            guard let codes = constant.integers, codes.allSatisfy({ abs(Double($0)) < 0x1p24 })
            else { throw node.refusal("input \(index) is no tensor of quantized integers") }
            try charge(codes.count, times: 2, node)
            let reals = grid.values(codes.map { Float($0) })
            return .constant(
                ImportedConstant(
                    shape: shape, type: .float, values: .reals(reals.map(Double.init)),
                    quantization: TensorWeights.Quantization(
                        integers: reals.map { Int64($0) }, scales: [1], axis: 0)))
        case .activation(_, _, .code):
            return try apply(node, .dequantize(grid), [value], shape: shape)
        case .activation(let place, _, .index(let indices)) where indices.names == nil:
            guard zeros.count == 1 else { throw node.refusal("zero points of channels") }
            return try scaled(
                node, .activation(place, shape: shape, kind: .real), by: 1, plus: -zeros[0])
        case .activation:
            throw node.refusal("input \(index) is of reals; codes of a QuantizeLinear are accepted")
        }
    }

    private func scale(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> [Float] {
        let scales = try floats(node, index)
        guard !scales.isEmpty, scales.allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw node.refusal("a scale that is not positive")
        }
        return scales
    }

    /// Sums times factors, of each index of an axis, quantized without a scale of their own, as runtimes do it.
    private mutating func requantized(
        _ node: ONNXNode, _ sums: ImportedValue, factors: [Float], axis: Int, zero: Int
    ) throws(ONNXError) -> ImportedValue {
        let real = try multiplied(node, sums, factors, axis: axis)
        let (zeroPoint, range) = try codes(node, zero: zero)
        let grid = QuantizationGrid(
            scale: 1, zeroPoint: zeroPoint, low: Float(range.lowerBound),
            high: Float(range.upperBound))
        return try apply(node, .quantize(grid), [real], shape: real.shape, kind: .code)
    }

    private mutating func multiplied(
        _ node: ONNXNode, _ value: ImportedValue, _ factors: [Float], axis: Int
    ) throws(ONNXError) -> ImportedValue {
        let shape = value.shape
        guard factors.count > 1 else { return try scaled(node, value, by: factors[0]) }
        guard shape.indices ~= axis, shape[axis] == factors.count else {
            throw node.refusal("\(factors.count) scales for sizes \(shape)")
        }
        let inner = shape.dropFirst(axis + 1).reduce(1, *)
        let count = value.count
        return try scaled(
            node, value, factors: (0..<count).map { factors[$0 / inner % factors.count] },
            terms: Array(repeating: 0, count: count), shape)
    }

    private static let windowAttributes: Set<String> = [
        "auto_pad", "dilations", "group", "kernel_shape", "pads", "strides",
    ]

    mutating func integerConvolution(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let isScaled = node.operator == "QLinearConv"
        try check(node, inputs: isScaled ? 8...9 : 2...4, attributes: Self.windowAttributes)
        let image = try integers(node, 0, zero: isScaled ? 2 : 2, axis: 1)
        guard
            case .constant(let weights) = try integers(
                node, isScaled ? 3 : 1, zero: isScaled ? 5 : 3, axis: 0)
        else { throw node.refusal("weights that are not constant") }
        var bias: [Float]?
        if isScaled, node.input(8) != nil { bias = try integers(node, 8).map { Float($0) } }
        let sums = try convolution(node, image, weights, bias: bias)
        guard isScaled else { return asIndex(sums) }
        let input = try scale(node, 1)
        let output = try scale(node, 6)
        guard input.count == 1, output.count == 1 else {
            throw node.refusal("scales of channels of an activation; one is accepted")
        }
        let factors = try scale(node, 4).map { input[0] * $0 / output[0] }
        return try requantized(node, sums, factors: factors, axis: 1, zero: 7)
    }

    private func asIndex(_ value: ImportedValue) -> ImportedValue {
        guard case .activation(let index, let shape, _) = value else { return value }
        return .activation(index, shape: shape, kind: .index(.unknown))
    }

    mutating func integerMatrixProduct(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let isScaled = node.operator == "QLinearMatMul"
        try check(node, inputs: isScaled ? 8...8 : 2...4)
        let a = try integers(node, 0, zero: 2, axis: max(0, try value(node, 0).shape.count - 2))
        let second = isScaled ? 3 : 1
        let columns = try value(node, second).shape.count - 1
        let b = try integers(node, second, zero: isScaled ? 5 : 3, axis: columns)
        let sums = try matrixProduct(node, a, b)
        guard isScaled else { return asIndex(sums) }
        let first = try scale(node, 1)
        let output = try scale(node, 6)
        guard first.count == 1, output.count == 1 else {
            throw node.refusal("scales of rows or of outputs; one is accepted")
        }
        let factors = try scale(node, 4).map { first[0] * $0 / output[0] }
        return try requantized(
            node, sums, factors: factors, axis: sums.shape.count - 1, zero: 7)
    }

    /// com.microsoft.QGemm: quantized where the output has a scale, else real.
    mutating func integerGemm(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 6...9, attributes: ["alpha", "transA", "transB"])
        let isTransposed = try flag(node, "transB", default: false)
        var a = try integers(node, 0, zero: 2, axis: 0)
        var b = try integers(node, 3, zero: 5, axis: isTransposed ? 0 : 1)
        guard a.shape.count == 2, b.shape.count == 2 else {
            throw node.refusal("sizes \(a.shape) and \(b.shape); matrices are accepted")
        }
        if try flag(node, "transA", default: false) { a = try transposed(node, a, [1, 0]) }
        if isTransposed { b = try transposed(node, b, [1, 0]) }
        var sums = try matrixProduct(node, a, b)
        if node.input(6) != nil {
            let bias = try constant(node, 6)
            let reals = try integers(node, 6).map { Float($0) }
            sums = try arithmetic(
                node, .add, sums,
                .constant(ImportedConstant(floats: reals, shape: bias.shape)))
        }
        let alpha = try node.float("alpha", default: 1)
        let first = try scale(node, 1)
        guard first.count == 1 else { throw node.refusal("scales of rows; one is accepted") }
        let products = try scale(node, 4).map { alpha * first[0] * $0 }
        guard node.input(7) != nil else { return try multiplied(node, sums, products, axis: 1) }
        let output = try scale(node, 7)
        return try requantized(
            node, sums, factors: products.map { $0 / output[0] }, axis: 1, zero: 8)
    }

    // MARK: Elements

    /// com.microsoft.QLinearAdd and QLinearMul. Products are of integers, scaled once; sums of the reals that the codes
    /// stand for, in steps of the output.
    mutating func integerArithmetic(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 7...8)
        let output = try scale(node, 6)
        guard output.count == 1 else {
            throw node.refusal("scales of channels of an activation; one is accepted")
        }
        let isSum = node.operator.hasSuffix("Add")
        var factor: Float = 1
        var operands: [ImportedValue] = []
        for start in [0, 3] {
            let scales = try scale(node, start + 1)
            let rank = try value(node, start).shape.count
            let codes = try integers(node, start, zero: start + 2, axis: rank - 1)
            guard scales.count == 1 else {
                throw node.refusal("scales of channels of an activation; one is accepted")
            }
            operands.append(isSum ? try scaled(node, codes, by: scales[0] / output[0]) : codes)
            factor *= scales[0]
        }
        let result = try arithmetic(node, isSum ? .add : .multiply, operands[0], operands[1])
        return try rounded(node, result, by: isSum ? 1 : factor / output[0], zero: 7)
    }

    /// Values times a factor as codes, the zero point added before they are rounded, not after it: of halves that
    /// tells. So onnxruntime does sums, products and means over windows.
    private mutating func rounded(
        _ node: ONNXNode, _ value: ImportedValue, by factor: Float, zero: Int
    ) throws(ONNXError) -> ImportedValue {
        let (zeroPoint, range) = try codes(node, zero: zero)
        let steps = try scaled(node, value, by: factor, plus: zeroPoint)
        let grid = QuantizationGrid(
            scale: 1, zeroPoint: 0, low: Float(range.lowerBound), high: Float(range.upperBound))
        return try apply(node, .quantize(grid), [steps], shape: steps.shape, kind: .code)
    }

    /// The zero point of an output, 0 where there is none, and the codes of its type.
    private func codes(
        _ node: ONNXNode, zero: Int
    ) throws(ONNXError) -> (zeroPoint: Float, range: ClosedRange<Int>) {
        var (zeroPoint, type) = (Float(0), ONNXElementType.uint8)
        if node.input(zero) != nil {
            let constant = try constant(node, zero)
            guard constant.count == 1, let integer = constant.integers?[0] else {
                throw node.refusal("zero points of channels; one for the whole output is accepted")
            }
            (zeroPoint, type) = (Float(integer), constant.type)
        }
        guard let range = type.quantizedRange else {
            throw node.refusal("an output type other than integers of 4, 8 or 16 bits")
        }
        return (zeroPoint, range)
    }

    /// The reals that an input's codes stand for, of one scale.
    private mutating func reals(
        _ node: ONNXNode, _ index: Int, scale place: Int, zero: Int
    ) throws(ONNXError) -> ImportedValue {
        let scales = try scale(node, place)
        guard scales.count == 1 else {
            throw node.refusal("scales of channels of an activation; one is accepted")
        }
        let codes = try integers(node, index, zero: zero, axis: 0)
        return try scaled(node, codes, by: scales[0])
    }

    /// Reals as codes of one scale.
    private mutating func quantized(
        _ node: ONNXNode, _ value: ImportedValue, scale place: Int, zero: Int
    ) throws(ONNXError) -> ImportedValue {
        let scales = try scale(node, place)
        let (zeroPoint, range) = try codes(node, zero: zero)
        guard scales.count == 1 else {
            throw node.refusal("scales of channels of an activation; one is accepted")
        }
        let grid = QuantizationGrid(
            scale: scales[0], zeroPoint: zeroPoint, low: Float(range.lowerBound),
            high: Float(range.upperBound))
        return try apply(node, .quantize(grid), [value], shape: value.shape, kind: .code)
    }

    private func checkChannelsComeFirst(_ node: ONNXNode) throws(ONNXError) {
        guard try !flag(node, "channels_last", default: false) else {
            throw node.refusal(
                "channels come last, as onnxruntime's optimizer lays them out; take the model as it was exported or quantized, without optimization"
            )
        }
    }

    /// com.microsoft.QLinearAveragePool: of the reals.
    mutating func integerPool(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 4...5,
            attributes: [
                "auto_pad", "ceil_mode", "channels_last", "count_include_pad", "kernel_shape",
                "pads", "strides",
            ])
        try checkChannelsComeFirst(node)
        let value = try reals(node, 0, scale: 1, zero: 2)
        let means = try pool(node, value, isAverage: true)
        // Of the whole image it is the global one, as there.
        let (image, pads) = (value.shape.dropFirst(2), try node.integers("pads") ?? [])
        if try node.integers("kernel_shape") == image.map({ Int64($0) }),
            pads.allSatisfy({ $0 == 0 })
        {
            return try wholeMean(node)
        }
        let output = try scale(node, 3)
        guard output.count == 1 else {
            throw node.refusal("scales of channels of an activation; one is accepted")
        }
        return try rounded(node, means, by: 1 / output[0], zero: 4)
    }

    /// com.microsoft.QLinearGlobalAveragePool: integers are summed, and scaled once.
    mutating func integerGlobalPool(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 4...5, attributes: ["channels_last"])
        try checkChannelsComeFirst(node)
        return try wholeMean(node)
    }

    private mutating func wholeMean(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let codes = try integers(node, 0, zero: 2, axis: 0)
        let shape = codes.shape
        let (input, output) = (try scale(node, 1), try scale(node, 3))
        guard shape.count >= 3, input.count == 1, output.count == 1 else {
            throw node.refusal("sizes \(shape), or scales of channels")
        }
        let sums = try reduced(
            node, codes, axes: Array(2..<shape.count), keepsAxes: true, by: .sum)
        let area = shape.dropFirst(2).reduce(1, *)
        return try requantized(
            node, sums, factors: [input[0] / (output[0] * Float(area))], axis: 0, zero: 4)
    }

    /// com.microsoft.QLinearSigmoid and QLinearLeakyRelu: of the reals.
    mutating func integerFunction(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let isSigmoid = node.operator.hasSuffix("Sigmoid")
        try check(node, inputs: 4...5, attributes: isSigmoid ? [] : ["alpha"])
        let value = try reals(node, 0, scale: 1, zero: 2)
        let result = try function(
            isSigmoid ? .sigmoid : .leakyRelu(try node.float("alpha", default: 0.01)), of: value,
            node)
        return try quantized(node, result, scale: 3, zero: 4)
    }

    /// com.microsoft.QLinearConcat: the output's scale and zero point, then each tensor with its own.
    mutating func integerConcatenation(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 5...3074, attributes: ["axis"])
        guard node.inputs.count % 3 == 2, node.attributes["axis"] != nil else {
            throw node.refusal("no axis, or a tensor without scale and zero point")
        }
        var parts: [ImportedValue] = []
        for start in stride(from: 2, to: node.inputs.count, by: 3) {
            parts.append(try reals(node, start, scale: start + 1, zero: start + 2))
        }
        let axis = try axis(
            try node.integer("axis", default: 0), rank: parts[0].shape.count, node)
        return try quantized(
            node, try concatenated(node, parts, axis: axis), scale: 0, zero: 1)
    }
}
