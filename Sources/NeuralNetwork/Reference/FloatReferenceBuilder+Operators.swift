extension FloatReferenceBuilder {
    mutating func clip(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(1...3)
        try node.checkAttributes([])
        func bound(_ index: Int, _ absent: Float) throws(ONNXError) -> Float {
            guard node.input(index) != nil else { return absent }
            guard let bound = try constant(node, index).singleReal else {
                throw node.refusal("bounds must be single constants")
            }
            return Float(bound)
        }
        let operation = FloatOperation.clip(
            try bound(1, -.infinity), try bound(2, .infinity))
        return try append(node, operation, shape: try sample(node, 0).shape)
    }

    mutating func quantization(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(2...3)
        try node.checkAttributes(["axis", "output_dtype", "saturate"])
        let (scales, _) = try reals(node, 1)
        let zero = node.input(2) == nil ? nil : try constant(node, 2)
        if case .constant(let tensor) = try value(node, 0) {
            guard node.operator == "DequantizeLinear" else {
                throw node.refusal("it quantizes a constant; integer weights are accepted")
            }
            return .constant(try dequantized(node, tensor, scales: scales, zero: zero))
        }
        guard scales.count == 1 else {
            throw node.refusal("\(scales.count) scales for an activation; one is accepted")
        }
        let zeroPoint = zero?.singleReal ?? 0
        guard zero == nil || zero?.count == 1 else { throw node.refusal("several zero points") }
        let shape = try sample(node, 0).shape
        if node.operator == "DequantizeLinear" {
            return try append(
                node, .dequantize(scale: scales[0], zeroPoint: Float(zeroPoint)), shape: shape)
        }
        let code = try node.integer("output_dtype", default: 0)
        let type = zero?.type ?? Int32(exactly: code).flatMap(ONNXElementType.init) ?? .uint8
        guard let range = type.quantizedRange else {
            throw node.refusal("an output type other than integers of 4, 8 or 16 bits")
        }
        return try append(
            node,
            .quantize(
                scale: scales[0], zeroPoint: Float(zeroPoint), low: Float(range.lowerBound),
                high: Float(range.upperBound)), shape: shape)
    }

    /// (code - zero point) * scale in Float32, one scale for all or one for each index of `axis`.
    private func dequantized(
        _ node: ONNXNode, _ tensor: ONNXTensor, scales: [Float], zero: ONNXTensor?
    ) throws(ONNXError) -> ONNXTensor {
        guard let codes = tensor.integers else {
            throw node.refusal("'\(tensor.name)' is not a tensor of integers")
        }
        var axis = Int(try node.integer("axis", default: 1) % 16)
        if axis < 0 { axis += tensor.dims.count }
        guard
            scales.count == 1
                || (tensor.dims.indices.contains(axis)
                    && tensor.dims[axis] == scales.count)
        else { throw node.refusal("\(scales.count) scales for sizes \(tensor.dims)") }
        let zeros = zero?.integers ?? Array(repeating: 0, count: scales.count)
        guard zeros.count == scales.count else {
            throw node.refusal("\(zeros.count) zero points for \(scales.count) scales")
        }
        let inner = scales.count == 1 ? 1 : tensor.dims.dropFirst(axis + 1).reduce(1, *)
        let reals = codes.indices.map { index in
            let channel = index / inner % scales.count
            return Double(Float(codes[index] &- zeros[channel]) * scales[channel])
        }
        return ONNXTensor(
            name: tensor.name, dims: tensor.dims, type: .float, values: .reals(reals))
    }

    mutating func square(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(2...2)
        if node.operator == "Mul" {
            guard node.inputs[0] == node.inputs[1] else {
                throw node.refusal("two different inputs; Mul(x, x) is accepted")
            }
        } else {
            guard try constant(node, 1).singleReal == 2 else {
                throw node.refusal("an exponent other than the constant 2")
            }
        }
        return try append(node, .square, shape: try sample(node, 0).shape)
    }

    mutating func convolution(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(2...3)
        let shape = try sample(node, 0).shape
        let (weights, dims) = try reals(node, 1)
        let arguments = try node.convolutionArguments(weightDims: dims, input: shape)
        var bias = [Float](repeating: 0, count: arguments.maps)
        if node.input(2) != nil { bias = try reals(node, 2).values }
        let geometry: Convolution
        do {
            geometry = try Convolution(
                weights: Array(repeating: 0, count: weights.count),
                bias: Array(repeating: 0, count: arguments.maps),
                inputShape: ImageShape(channels: shape[0], height: shape[1], width: shape[2]),
                kernel: arguments.kernel, strides: arguments.strides, padding: arguments.padding)
        } catch {
            throw node.refusal(error.description)
        }
        guard bias.count == arguments.maps else {
            throw node.refusal("a bias of \(bias.count) values for \(arguments.maps) maps")
        }
        return try append(
            node,
            .convolution(
                weights: weights, bias: bias, indices: geometry.gatherIndices(),
                positions: geometry.positionsCount), shape: geometry.outputShape.array)
    }

    mutating func slice(_ node: ONNXNode) throws(ONNXError) -> Value {
        let shape = try sample(node, 0).shape
        let crop = try node.cropping(shape) { (index) throws(ONNXError) in
            try constant(node, index)
        }
        let rows = -crop.top..<shape[1] + crop.bottom
        let columns = -crop.left..<shape[2] + crop.right
        var indices: [Int32] = []
        for channel in 0..<shape[0] {
            for row in rows {
                for column in columns {
                    indices.append(Int32((channel * shape[1] + row) * shape[2] + column))
                }
            }
        }
        return try append(
            node, .gather(indices), shape: [shape[0], rows.count, columns.count])
    }

    mutating func dense(_ node: ONNXNode, transposed: Bool) throws(ONNXError) -> Value {
        try node.checkInputs(2...3)
        let shape = try sample(node, 0).shape
        let (weights, dims) = try reals(node, 1)
        let (inputs, outputs) = try node.denseSizes(
            weightDims: dims, transposed: transposed, input: shape)
        var bias = [Float](repeating: 0, count: outputs)
        if node.input(2) != nil {
            let found = try reals(node, 2).values
            guard found.count == outputs || found.count == 1 else {
                throw node.refusal("a bias of \(found.count) values for \(outputs) outputs")
            }
            bias = found.count == outputs ? found : Array(repeating: found[0], count: outputs)
        }
        var columns = weights
        if transposed {
            for output in 0..<outputs {
                for input in 0..<inputs {
                    columns[input * outputs + output] = weights[output * inputs + input]
                }
            }
        }
        return try append(node, .dense(weights: columns, bias: bias), shape: [outputs])
    }

    mutating func add(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(2...2)
        let first: Int
        if case .sample = try value(node, 0) { first = 0 } else { first = 1 }
        let shape = try sample(node, first).shape
        let (values, dims) = try reals(node, 1 - first)
        // One run of non-unit sizes, aligned at the end: [O], [1, O] or [C, 1, 1].
        let core = Array(dims.drop { $0 == 1 })
        let inner = core.reversed().prefix { $0 == 1 }.count
        let padded = Array(repeating: 1, count: max(0, shape.count - core.count)) + core
        let fits =
            values.count == 1
            || (core.count <= shape.count && core.count - inner == 1
                && padded[shape.count - core.count] == shape[shape.count - core.count])
        guard fits else {
            throw node.refusal("a term of sizes \(dims) for an activation of \(shape)")
        }
        return try append(
            node, .add(values: values, inner: shape.suffix(inner).reduce(1, *)), at: first,
            shape: shape)
    }
}
