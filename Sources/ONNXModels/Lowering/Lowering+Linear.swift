// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

extension Lowering {
    /// - Parameter axis: of the outputs, which may have scales of their own.
    private func weights(
        _ node: ONNXNode, _ index: Int, axis: Int
    ) throws(ONNXError) -> (integers: [Int64], dims: [Int], scales: [Double]) {
        switch try value(node, index) {
        case .scaledConstant(let integers, let dims, let scales, let found):
            guard scales.count == 1 || found == axis else {
                throw node.refusal(
                    "its weights have scales along axis \(found); along axis \(axis), the outputs', they are accepted"
                )
            }
            // Scales that are all the same are one.
            return (integers, dims, Set(scales).count == 1 ? [scales[0]] : scales)
        case .constant(let tensor):
            throw node.refusal(
                "its weights '\(tensor.name)' are not quantized; integer weights through a DequantizeLinear are accepted"
            )
        case .realInput, .codes, .innerCodes, .activation, .accumulators, .window, .truths:
            throw node.refusal("its weights are not constant")
        }
    }

    /// Biases as integers in units of the accumulator's scale.
    ///
    /// A dequantized bias must have the accumulator's scale, up to 1e-6 (its Float32 rounding); then its integers are
    /// taken. A plain float bias must be whole multiples of the scale to Float32's precision, below 2^22 of them.
    private func bias(
        _ node: ONNXNode, _ index: Int, scales: [Double]
    ) throws(ONNXError) -> (integers: [Int64], dims: [Int]) {
        switch try value(node, index) {
        case .scaledConstant(let integers, let dims, let found, let axis):
            let expected =
                scales.count == found.count
                ? scales
                : [Double](
                    repeating: scales[0], count: found.count)
            guard scales.count == 1 || scales.count == found.count,
                found.count == 1 || dims.count == 1 && axis == 0,
                zip(found, expected).allSatisfy({ abs($0 - $1) <= 1e-6 * $1 })
            else {
                throw node.refusal(
                    "the bias has scale \(found[0]); input's times weights', \(scales[0]), is accepted"
                )
            }
            return (integers, dims)
        case .constant(let tensor):
            guard let reals = tensor.reals else {
                throw node.refusal("the bias '\(tensor.name)' is not real")
            }
            var integers: [Int64] = []
            guard scales.count == 1 || scales.count == reals.count else {
                throw node.refusal("\(reals.count) biases for \(scales.count) scales")
            }
            for (place, real) in reals.enumerated() {
                let scale = scales[scales.count == 1 ? 0 : place]
                let ratio = real / scale
                let whole = ratio.rounded()
                guard abs(whole) < 0x1p22, abs(ratio - whole) <= abs(whole) * 0x1p-22 else {
                    throw node.refusal(
                        "the bias \(real) in '\(tensor.name)' is not a whole multiple of \(scale); int32 through a DequantizeLinear of that scale is accepted"
                    )
                }
                integers.append(Int64(whole))
            }
            return (integers, tensor.dims)
        case .realInput, .codes, .innerCodes, .activation, .accumulators, .window, .truths:
            throw node.refusal("the bias is not constant")
        }
    }

    mutating func convolution(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(2...3)
        let (shape, inputScale, crop) = try image(node)
        let (weights, dims, weightScales) = try weights(node, 1, axis: 0)
        let arguments = try node.convolutionArguments(
            weightDims: dims, input: shape, crop: crop)
        let scales = weightScales.map { inputScale * $0 }
        var bias = [Int64](repeating: 0, count: arguments.maps)
        if node.input(2) != nil {
            let found = try self.bias(node, 2, scales: scales)
            guard found.dims == [arguments.maps] else {
                throw node.refusal("a bias of sizes \(found.dims) for \(arguments.maps) maps")
            }
            bias = found.integers
        }
        let layer: Convolution
        do {
            layer = try Convolution(
                weights: weights, bias: bias,
                inputShape: ImageShape(channels: shape[0], height: shape[1], width: shape[2]),
                kernel: arguments.kernel, strides: arguments.strides, padding: arguments.padding)
        } catch {
            throw node.refusal(error.description)
        }
        return try append(
            .convolution(layer), shape: layer.outputShape.array, scales: scales, node: node)
    }

    /// Appends a layer whose outputs may have scales of their own.
    private mutating func append(
        _ layer: IntegerNetwork.Layer, shape: [Int], scales: [Double], node: ONNXNode
    ) throws(ONNXError) -> Value {
        guard scales.allSatisfy(\.isNormal) else {
            throw node.refusal("a scale of its output is not a normal number")
        }
        let value = try append(layer, shape: shape, scale: scales[0], node: node)
        return scales.count == 1
            ? value
            : .accumulators(Accumulators(shape: shape, scales: scales, version: version))
    }

    /// What a convolution reads: an activation, or a window of one.
    private func image(
        _ node: ONNXNode
    ) throws(ONNXError) -> (shape: [Int], scale: Double, crop: Padding?) {
        if case .window(let shape, let crop, let scale, version) = try value(node, 0) {
            return (shape, scale, crop)
        }
        let (shape, scale) = try activation(node, 0)
        return (shape, scale, nil)
    }

    mutating func gemm(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(2...3)
        return try dense(node, transposed: try node.gemmTransposesWeights())
    }

    mutating func matrixProduct(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(2...2)
        try node.checkAttributes([])
        return try dense(node, transposed: false)
    }

    private mutating func dense(_ node: ONNXNode, transposed: Bool) throws(ONNXError) -> Value {
        let (shape, inputScale) = try activation(node, 0)
        let (weights, dims, weightScales) = try weights(node, 1, axis: transposed ? 0 : 1)
        let (inputs, outputs) = try node.denseSizes(
            weightDims: dims, transposed: transposed, input: shape)
        let scales = weightScales.map { inputScale * $0 }
        var bias = [Int64](repeating: 0, count: outputs)
        if node.input(2) != nil {
            let found = try self.bias(node, 2, scales: scales)
            bias = try spread(
                found.integers, dims: found.dims, over: [outputs], node: node)
        }
        var rows = weights
        if !transposed {
            for output in 0..<outputs {
                for input in 0..<inputs {
                    rows[output * inputs + input] = weights[input * outputs + output]
                }
            }
        }
        let layer: Dense
        do {
            layer = try Dense(weights: rows, bias: bias, inputs: inputs, outputs: outputs)
        } catch {
            throw node.refusal(error.description)
        }
        return try append(.dense(layer), shape: [outputs], scales: scales, node: node)
    }

    /// Bias values of each output (a dense layer's [outputs]) or map ([maps, 1, 1]), by ONNX's broadcasting.
    private func spread(
        _ integers: [Int64], dims: [Int], over shape: [Int], node: ONNXNode
    ) throws(ONNXError) -> [Int64] {
        let trimmed = Array(dims.drop { $0 == 1 })
        let expected = Array(shape.drop { $0 == 1 })
        guard dims.count <= shape.count + 1 else {
            throw node.refusal("a bias of sizes \(dims); \(shape) is accepted")
        }
        if trimmed == expected { return integers }
        if trimmed.isEmpty, integers.count == 1 {
            return Array(repeating: integers[0], count: shape[0])
        }
        throw node.refusal("a bias of sizes \(dims); \(shape) is accepted")
    }

    /// Add of a constant to the output of the layer just made: its bias.
    mutating func add(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(2...2)
        try node.checkAttributes([])
        let first: Int
        if case .activation = try value(node, 0) { first = 0 } else { first = 1 }
        let (shape, scale) = try activation(node, first)
        let found = try bias(node, 1 - first, scales: [scale])
        func sum(_ old: [Int64], _ new: [Int64]) throws(ONNXError) -> [Int64] {
            var sum: [Int64] = []
            for (a, b) in zip(old, new) {
                let (value, overflow) = a.addingReportingOverflow(b)
                guard !overflow else { throw node.refusal("the bias exceeds 64 bits") }
                sum.append(value)
            }
            return sum
        }
        let layer: IntegerNetwork.Layer
        do {
            switch operations.last?.layer {
            case .dense(let dense) where shape.count == 1:
                let new = try spread(
                    found.integers, dims: found.dims, over: [dense.outputs], node: node)
                layer = .dense(
                    try Dense(
                        weights: dense.weights, bias: try sum(dense.bias, new),
                        inputs: dense.inputs, outputs: dense.outputs))
            case .convolution(let old) where shape.count == 3:
                let new = try spread(
                    found.integers, dims: found.dims, over: [old.mapsCount, 1, 1], node: node)
                layer = .convolution(
                    try Convolution(
                        weights: old.weights, bias: try sum(old.bias, new),
                        inputShape: old.inputShape, kernel: old.kernel, strides: old.strides,
                        padding: old.padding))
            default:
                throw node.refusal("Add after a Conv, Gemm or MatMul, as its bias, is accepted")
            }
        } catch let error as NetworkError {
            throw node.refusal(error.description)
        } catch let error as ONNXError {
            throw error
        } catch {
            throw node.refusal("\(error)")
        }
        operations[operations.count - 1] = .init(
            layer, sources: operations[operations.count - 1].sources)
        version += 1
        return .activation(shape: shape, scale: scale, version: version)
    }
}
