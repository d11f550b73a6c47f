// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import Testing

/// QLinearConv, QLinearMatMul and QGemm are the network of the nodes that they stand for, integer for integer.
@Suite struct QuantizedLayerTests {
    enum Layer: String, CaseIterable {
        case conv = "Conv"
        case matMul = "MatMul"
        case gemm = "Gemm"
    }

    /// What a case changes, so that it is refused.
    enum Fault: String, CaseIterable {
        case inputScale = "scale or zero point differ"
        case bias = "int32 and constants are accepted"
        case values = "takes 4411 values; a table takes 4096"
    }

    /// A layer of codes, then a layer of scores.
    private static func network(
        _ layer: Layer, isJoined: Bool, fault: Fault? = nil
    ) throws -> IntegerNetwork {
        var builder = ONNXBuilder(style: .init())
        let isImage = layer == .conv
        builder.graph.input = [ONNXBuilder.info("x", isImage ? [1, 1, 2, 2] : [1, 4])]
        func scalar(_ value: Int64, _ type: ONNXElementType) -> String {
            builder.integers("zero", [value], dims: [], type: type)
        }
        let grid = [builder.float("step", 0.5), scalar(2, .uint4)]
        let later = fault == .inputScale ? [builder.float("step", 0.75), grid[1]] : grid
        let outer = [builder.float("step", 0.3), scalar(1, .uint4)]
        let codes = builder.node("QuantizeLinear", ["x"] + grid)
        let size: Int64 = fault == .values ? 42 : 1
        let dims = isImage ? [2, 1, 2, 2] : layer == .gemm ? [2, 4] : [4, 2]
        let weights = builder.integers(
            "weights", [2, -1, 3, 1, -2, 2, 0, 1].map { $0 * size }, dims: dims, type: .int8)
        let axis = layer == .matMul ? 1 : 0
        let scales = builder.floats("scales", [0.2, 0.1], dims: [2])
        let zeros = builder.integers("zeros", [0, 0], dims: [2], type: .int8)
        let bias = builder.integers(
            "bias", [3, -4], dims: [2], type: fault == .bias ? .int8 : .int32)
        func attributes() {
            if isImage { builder.attribute("kernel_shape", [2, 2]) }
            if layer == .gemm { builder.attribute("transB", 1) }
        }
        let made: String
        if isJoined {
            let ends = layer == .gemm ? [bias] + outer : outer + (isImage ? [bias] : [])
            made = builder.node(
                layer == .gemm ? "QGemm" : "QLinear" + layer.rawValue,
                [codes] + later + [weights, scales, zeros] + ends)
            if layer == .gemm {
                builder.graph.node[builder.graph.node.count - 1].domain = "com.microsoft"
            }
            attributes()
        } else {
            let reals = builder.node("DequantizeLinear", [codes] + grid)
            let factors = builder.node("DequantizeLinear", [weights, scales, zeros])
            builder.attribute("axis", axis)
            var inputs = [reals, factors]
            if layer != .matMul {
                let units = builder.floats("units", [0.5 * 0.2, 0.5 * 0.1], dims: [2])
                inputs.append(builder.node("DequantizeLinear", [bias, units]))
                builder.attribute("axis", 0)
            }
            let sums = builder.node(layer.rawValue, inputs)
            attributes()
            made = builder.node("QuantizeLinear", [sums] + outer)
        }
        let flat = builder.node("Flatten", [made])
        let last = builder.node(
            "Gemm",
            [
                builder.node("DequantizeLinear", [flat] + outer),
                builder.scaled([1, 2, -1, 3], dims: [2, 2], type: .int8, scale: 0.25),
            ])
        builder.graph.output = [ONNXBuilder.info(last, [1, 2])]
        var model = ONNXBuilder.model(builder.graph)
        model.opsetImport.append(model.opsetImport[0])
        model.opsetImport[1].domain = "com.microsoft"
        model.opsetImport[1].version = 1
        return try ONNXModel.load(model.serializedBytes()).integerNetwork()
    }

    @Test(arguments: Layer.allCases) func layersAreTheirNodes(layer: Layer) throws {
        let joined = try Self.network(layer, isJoined: true)
        #expect(try joined == Self.network(layer, isJoined: false))
        guard case .table(let tables) = joined.layers[1] else {
            Issue.record("no table")
            return
        }
        // A scale a channel is a table a channel.
        #expect(tables.runs.count == 2)
    }

    @Test(arguments: Fault.allCases) func faultsAreRefused(fault: Fault) throws {
        let error = #expect(throws: ONNXError.self) {
            try Self.network(.conv, isJoined: true, fault: fault)
        }
        #expect(error?.description.contains(fault.rawValue) == true, "\(error?.description ?? "")")
    }
}
