// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// QuantizeLinear and DequantizeLinear.
extension TensorGraphImporter {
    private static let attributes: Set<String> = [
        "axis", "block_size", "output_dtype", "precision", "saturate",
    ]

    private func scales(_ node: ONNXNode) throws(ONNXError) -> (scales: [Float], zeros: [Int64]) {
        try check(node, inputs: 2...3, attributes: Self.attributes)
        guard try node.integer("block_size", default: 0) == 0 else {
            throw node.refusal("scales of blocks; one for all or for each index of an axis")
        }
        let scales = try floats(node, 1)
        let zeros =
            node.input(2) == nil
            ? Array(repeating: 0, count: scales.count) : try integers(node, 2)
        guard zeros.count == scales.count, !scales.isEmpty else {
            throw node.refusal("\(zeros.count) zero points for \(scales.count) scales")
        }
        guard scales.allSatisfy({ $0.isFinite && $0 > 0 }),
            zeros.allSatisfy({ abs(Double($0)) < 0x1p32 })
        else { throw node.refusal("a scale that is not positive, or a zero point beyond 32 bits") }
        return (scales, zeros)
    }

    mutating func quantize(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let (scales, zeros) = try scales(node)
        let value = try real(node, 0)
        guard !value.isConstant else {
            throw node.refusal("it quantizes a constant; integer weights are accepted")
        }
        guard scales.count == 1 else {
            throw node.refusal("\(scales.count) scales for an activation; one is accepted")
        }
        let code = try node.integer("output_dtype", default: 0)
        let declared = Int32(exactly: code).flatMap(ONNXElementType.init)
        let type = node.input(2) == nil ? declared ?? .uint8 : try constant(node, 2).type
        guard let range = type.quantizedRange else {
            throw node.refusal("an output type other than integers of 4, 8 or 16 bits")
        }
        return try apply(
            node,
            .quantize(
                scale: scales[0], zeroPoint: Float(zeros[0]), low: Float(range.lowerBound),
                high: Float(range.upperBound)), [value], shape: value.shape, kind: .code)
    }

    mutating func dequantize(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let (scales, zeros) = try scales(node)
        let value = try value(node, 0)
        switch value {
        case .constant(let constant):
            return .constant(
                try dequantized(node, constant, scales: scales, zeros: zeros))
        case .activation(_, let shape, .code):
            guard scales.count == 1 else {
                throw node.refusal("\(scales.count) scales for an activation; one is accepted")
            }
            return try apply(
                node, .dequantize(scale: scales[0], zeroPoint: Float(zeros[0])), [value],
                shape: shape)
        case .activation: throw node.refusal("its input is not quantized")
        }
    }

    /// (code - zero point) * scale, one scale for all or one for each index of an axis.
    private mutating func dequantized(
        _ node: ONNXNode, _ constant: ImportedConstant, scales: [Float], zeros: [Int64]
    ) throws(ONNXError) -> ImportedConstant {
        guard let codes = constant.integers, codes.allSatisfy({ abs(Double($0)) < 0x1p32 }) else {
            throw node.refusal("it is no tensor of integers of 32 bits")
        }
        let shape = constant.shape
        let given = try node.integer("axis", default: 1)
        let axis = scales.count == 1 ? 0 : try axis(given, rank: shape.count, node)
        guard scales.count == 1 || shape[axis] == scales.count else {
            throw node.refusal("\(scales.count) scales for sizes \(shape)")
        }
        try charge(2 * codes.count, node)
        let inner = scales.count == 1 ? 1 : shape.dropFirst(axis + 1).reduce(1, *)
        let channels = codes.indices.map { $0 / inner % scales.count }
        let integers = zip(codes, channels).map { $0 - zeros[$1] }
        let reals = zip(integers, channels).map { Double(Float($0) * scales[$1]) }
        return ImportedConstant(
            shape: shape, type: .float, values: .reals(reals),
            quantization: TensorWeights.Quantization(
                integers: integers, scales: scales, axis: axis))
    }
}
