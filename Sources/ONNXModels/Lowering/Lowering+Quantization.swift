// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

extension Lowering {
    /// Scales and zero points of a QuantizeLinear or DequantizeLinear.
    private func allParameters(
        _ node: ONNXNode
    ) throws(ONNXError) -> (scales: [Float], zeroPoints: [Int], type: ONNXElementType?) {
        try node.checkInputs(2...3)
        try node.checkAttributes([
            "axis", "block_size", "output_dtype", "precision", "saturate",
        ])
        guard try node.integer("block_size", default: 0) == 0 else {
            throw node.refusal("block_size; one scale for the whole tensor is accepted")
        }
        guard try node.integer("precision", default: 0) <= 1 else {
            throw node.refusal("precision; float (1) is accepted")
        }
        let scaleTensor = try constant(node, 1)
        let scales = (scaleTensor.reals ?? []).map { Float($0) }
        guard scaleTensor.type == .float, !scales.isEmpty,
            scales.allSatisfy({ $0.isNormal && $0 > 0 })
        else { throw node.refusal("the scale must be a positive float") }
        guard node.input(2) != nil else {
            return (scales, scales.map { _ in 0 }, nil)
        }
        let zero = try constant(node, 2)
        // DequantizeLinear of int32 has no zero point, or zeros.
        let limits = zero.type == .int32 ? 0...0 : zero.type.quantizedRange
        guard let integers = zero.integers, integers.count == scales.count, let limits,
            integers.allSatisfy({ limits.contains(Int($0)) })
        else {
            throw node.refusal("the zero point must be one quantized integer a scale (0 for int32)")
        }
        return (scales, integers.map { Int($0) }, zero.type)
    }

    /// The same, one of each for the whole tensor.
    private func parameters(
        _ node: ONNXNode
    ) throws(ONNXError) -> (scale: Float, zeroPoint: Int, type: ONNXElementType?) {
        let (scales, zeroPoints, type) = try allParameters(node)
        guard scales.count == 1 else {
            throw node.refusal(
                "\(scales.count) scales (one a channel); one for the whole tensor is accepted")
        }
        return (scales[0], zeroPoints[0], type)
    }

    /// A constant's integers less their zero points.
    private func dequantized(
        _ node: ONNXNode, _ tensor: ONNXTensor
    ) throws(ONNXError) -> Value {
        let (scales, zeroPoints, zeroType) = try allParameters(node)
        guard let integers = tensor.integers,
            tensor.type.quantizedRange != nil || tensor.type == .int32
        else { throw node.refusal("'\(tensor.name)' is not a tensor of quantized integers") }
        guard zeroType == nil || zeroType == tensor.type else {
            throw node.refusal("the zero point's type differs from that of '\(tensor.name)'")
        }
        let given = Int(try node.integer("axis", default: 1))
        let axis = scales.count == 1 ? 0 : given < 0 ? given + tensor.dims.count : given
        guard
            scales.count == 1
                || tensor.dims.indices.contains(axis) && tensor.dims[axis] == scales.count
        else {
            throw node.refusal("\(scales.count) scales for sizes \(tensor.dims), axis \(given)")
        }
        let inner = tensor.dims.dropFirst(axis + 1).reduce(1, *)
        return .scaledConstant(
            integers: integers.enumerated().map { index, integer in
                integer - Int64(zeroPoints[scales.count == 1 ? 0 : index / inner % scales.count])
            }, dims: tensor.dims, scales: scales.map(Double.init), axis: axis)
    }

    mutating func clip(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(1...3)
        try node.checkAttributes([])
        switch try value(node, 0) {
        case .realInput(let shape, let earlier):
            func bound(_ index: Int, _ absent: Float) throws(ONNXError) -> Float {
                guard node.input(index) != nil else { return absent }
                guard let bound = try constant(node, index).singleFloat, !bound.isNaN else {
                    throw node.refusal("bounds must be constant floats")
                }
                return bound
            }
            // Clip(x) = min(max(x, low), high), so an earlier clip's ends are clipped in turn.
            let low = try bound(1, -.infinity)
            let high = try bound(2, .infinity)
            guard low <= high else { throw node.refusal("a minimum above the maximum") }
            let range = earlier ?? -.infinity ... .infinity
            return .realInput(
                shape: shape,
                clip: min(max(range.lowerBound, low), high)...min(max(range.upperBound, low), high))
        case .codes(let shape, var quantized):
            func bound(_ index: Int, _ absent: Int) throws(ONNXError) -> Int {
                guard node.input(index) != nil else { return absent }
                let tensor = try constant(node, index)
                guard tensor.count == 1, tensor.type.quantizedRange != nil,
                    let integer = tensor.integers?[0]
                else { throw node.refusal("bounds must be constant quantized integers") }
                return Int(integer) - quantized.zeroPoint
            }
            let low = try bound(1, quantized.range.lowerBound)
            let high = try bound(2, quantized.range.upperBound)
            guard low <= high, low <= quantized.range.upperBound,
                high >= quantized.range.lowerBound
            else { throw node.refusal("a range that the codes don't meet") }
            quantized.range = quantized.range.clamped(to: low...high)
            return .codes(shape: shape, quantized)
        case .activation, .accumulators: return try function(node)
        case .innerCodes(let shape, let codes):
            func bound(_ index: Int, _ absent: Int64) throws(ONNXError) -> Int64 {
                guard node.input(index) != nil else { return absent }
                let tensor = try constant(node, index)
                guard tensor.count == 1, tensor.type.quantizedRange != nil,
                    let integer = tensor.integers?[0]
                else { throw node.refusal("bounds must be constant quantized integers") }
                return integer - Int64(codes.zeroPoint)
            }
            let low = try bound(1, codes.range.lowerBound)
            let high = try bound(2, codes.range.upperBound)
            guard low <= high, low <= codes.range.upperBound, high >= codes.range.lowerBound else {
                throw node.refusal("a range that the codes don't meet")
            }
            return try clip(node, shape, codes, to: low...high)
        case .window, .constant, .scaledConstant, .truths:
            throw node.refusal("it clips no activation")
        }
    }

    mutating func quantize(_ node: ONNXNode) throws(ONNXError) -> Value {
        let (scale, zeroPoint, zeroType) = try parameters(node)
        let code = try node.integer("output_dtype", default: 0)
        let declared = Int32(exactly: code).flatMap(ONNXElementType.init)
        let type = zeroType ?? declared ?? .uint8
        guard let codes = type.quantizedRange, code == 0 || declared == type else {
            throw node.refusal("an output type other than integers of 4, 8 or 16 bits")
        }
        var range = codes.lowerBound - zeroPoint...codes.upperBound - zeroPoint
        let source = try value(node, 0)
        if let found = accumulators(source) {
            return try requantize(
                node, found, scale: scale, zeroPoint: zeroPoint, codes: codes)
        }
        guard case .realInput(let shape, let clip) = source else {
            throw node.refusal("it quantizes neither the input nor what a layer puts out")
        }
        if let clip {
            // Division and rounding are monotone, so the clip's ends give the ends of the codes.
            func end(_ real: Float) -> Int {
                let rounded = (real / scale).rounded(.toNearestOrEven)
                return Int(min(max(rounded, Float(range.lowerBound)), Float(range.upperBound)))
            }
            range = end(clip.lowerBound)...end(clip.upperBound)
        }
        return .codes(
            shape: shape, QuantizedInput(scale: scale, zeroPoint: zeroPoint, range: range))
    }

    mutating func dequantize(_ node: ONNXNode) throws(ONNXError) -> Value {
        if case .constant(let tensor) = try value(node, 0) {
            return try dequantized(node, tensor)
        }
        let (scale, zeroPoint, _) = try parameters(node)
        switch try value(node, 0) {
        case .codes(let shape, let quantized):
            guard quantized.scale == scale, quantized.zeroPoint == zeroPoint else {
                throw node.refusal("scale or zero point differ from the QuantizeLinear before it")
            }
            let specification: InputSpecification
            do {
                specification = try InputSpecification(
                    shape: graph.sampleShape, range: quantized.range, scale: scale,
                    zeroPoint: zeroPoint)
            } catch {
                throw node.refusal(error.description)
            }
            guard input == nil else {
                throw node.refusal("a second dequantized input; one is accepted")
            }
            input = specification
            version += 1
            return .activation(shape: shape, scale: Double(scale), version: version)
        case .innerCodes(let shape, let codes):
            guard codes.scale == scale, codes.zeroPoint == zeroPoint else {
                throw node.refusal("scale or zero point differ from the QuantizeLinear before it")
            }
            return .activation(shape: shape, scale: Double(scale), version: codes.version)
        case .constant, .realInput, .activation, .accumulators, .window, .scaledConstant, .truths:
            throw node.refusal("its input is not quantized")
        }
    }
}
