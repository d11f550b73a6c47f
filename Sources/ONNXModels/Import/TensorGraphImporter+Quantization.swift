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

    /// The codes' type: the zero point's, else the one that the node names.
    private func codeType(_ node: ONNXNode) throws(ONNXError) -> ONNXElementType {
        let code = try node.integer("output_dtype", default: 0)
        let declared = Int32(exactly: code).flatMap(ONNXElementType.init)
        return node.input(2) == nil ? declared ?? .uint8 : try constant(node, 2).type
    }

    /// The grid of a value of this shape.
    private func grid(
        _ node: ONNXNode, _ shape: [Int], scales: [Float], zeros: [Int64],
        range: ClosedRange<Int>
    ) throws(ONNXError) -> QuantizationGrid {
        var inner = 1
        if scales.count > 1 {
            let axis = try axis(try node.integer("axis", default: 1), rank: shape.count, node)
            guard shape[axis] == scales.count else {
                throw node.refusal("\(scales.count) scales for axis \(axis) of sizes \(shape)")
            }
            inner = shape.dropFirst(axis + 1).reduce(1, *)
        }
        return QuantizationGrid(
            scales: scales, zeroPoints: zeros.map { Float($0) }, inner: max(1, inner),
            low: Float(range.lowerBound), high: Float(range.upperBound))
    }

    mutating func quantize(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let (scales, zeros) = try scales(node)
        let value = try real(node, 0)
        let type = try codeType(node)
        guard let range = type.quantizedRange else {
            throw node.refusal("an output type other than integers of 4, 8 or 16 bits")
        }
        let grid = try grid(node, value.shape, scales: scales, zeros: zeros, range: range)
        // Weights in floating point, quantized where they are used.
        if case .constant(let constant) = value, let reals = constant.reals {
            try charge(constant.count, node)
            guard reals.allSatisfy(\.isFinite) else {
                throw node.refusal("reals that are not finite")
            }
            let codes = grid.codes(reals.map { Float($0) }).map { Int64($0) }
            return .constant(
                ImportedConstant(shape: constant.shape, type: type, values: .integers(codes)))
        }
        return try apply(node, .quantize(grid), [value], shape: value.shape, kind: .code)
    }

    mutating func dequantize(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        if let made = node.outputs.first.flatMap({ early[$0] }) { return made }
        let (scales, zeros) = try scales(node)
        let value = try value(node, 0)
        switch value {
        case .constant(let constant):
            return .constant(
                try dequantized(node, constant, scales: scales, zeros: zeros))
        case .activation(_, let shape, .code):
            let grid = try grid(
                node, shape, scales: scales, zeros: zeros,
                range: try codeType(node).quantizedRange ?? 0...0)
            return try apply(node, .dequantize(grid), [value], shape: shape)
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
        try charge(codes.count, times: 2, node)
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
