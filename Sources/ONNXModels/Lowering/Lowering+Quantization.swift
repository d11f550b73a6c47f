// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

extension Lowering {
    /// Scale and zero point of a QuantizeLinear or DequantizeLinear, one of each for the whole tensor.
    private func parameters(
        _ node: ONNXNode
    ) throws(ONNXError) -> (scale: Float, zeroPoint: Int, type: ONNXElementType?) {
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
        guard scaleTensor.count == 1 else {
            throw node.refusal(
                "\(scaleTensor.count) scales (one a channel); one for the whole tensor is accepted")
        }
        guard let scale = scaleTensor.singleFloat, scale.isNormal, scale > 0 else {
            throw node.refusal("the scale must be a positive float")
        }
        guard node.input(2) != nil else { return (scale, 0, nil) }
        let zero = try constant(node, 2)
        // DequantizeLinear of int32 has no zero point, or zeros.
        let limits = zero.type == .int32 ? 0...0 : zero.type.quantizedRange
        guard zero.count == 1, let integer = zero.integers?[0], let limits,
            limits.contains(Int(integer))
        else { throw node.refusal("the zero point must be one quantized integer (0 for int32)") }
        return (scale, Int(integer), zero.type)
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
        case .activation, .window, .constant, .scaledConstant:
            throw node.refusal("it clips an activation; a Clip of the input is accepted")
        }
    }

    mutating func quantize(_ node: ONNXNode) throws(ONNXError) -> Value {
        let (scale, zeroPoint, zeroType) = try parameters(node)
        guard case .realInput(let shape, let clip) = try value(node, 0) else {
            throw node.refusal(
                "it quantizes an activation; only the input is quantized, accumulators are never rescaled"
            )
        }
        let code = try node.integer("output_dtype", default: 0)
        let declared = Int32(exactly: code).flatMap(ONNXElementType.init)
        let type = zeroType ?? declared ?? .uint8
        guard let codes = type.quantizedRange, code == 0 || declared == type else {
            throw node.refusal("an output type other than integers of 4, 8 or 16 bits")
        }
        var range = codes.lowerBound - zeroPoint...codes.upperBound - zeroPoint
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
        let (scale, zeroPoint, zeroType) = try parameters(node)
        switch try value(node, 0) {
        case .constant(let tensor):
            guard let integers = tensor.integers,
                tensor.type.quantizedRange != nil || tensor.type == .int32
            else { throw node.refusal("'\(tensor.name)' is not a tensor of quantized integers") }
            guard zeroType == nil || zeroType == tensor.type else {
                throw node.refusal("the zero point's type differs from that of '\(tensor.name)'")
            }
            let zero = Int64(zeroPoint)
            return .scaledConstant(
                integers: zero == 0 ? integers : integers.map { $0 - zero }, dims: tensor.dims,
                scale: Double(scale))
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
        case .realInput, .activation, .window, .scaledConstant:
            throw node.refusal("its input is not quantized")
        }
    }
}
