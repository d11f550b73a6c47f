import ONNXModels
import SwiftProtobuf
import TestSupport

/// The ONNX file of a small network of two dense layers with a square between.
struct TinyModel {
    private var graph = ONNXGraphProto()

    /// 6 inputs of codes 0...3, 4 hidden values, 3 outputs named "a", "b", "c". Depends on the seed only.
    static func bytes(seed: UInt64) throws -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        var model = TinyModel()
        model.graph.input = [info("x", 6)]
        model.graph.output = [info("logits", 3)]
        let low = model.float("low", 0)
        let high = model.float("high", 1.5)
        let step = model.float("step", 0.5)
        let zero = model.tensor("zero", .uint8, [], [0])
        model.node("Clip", ["x", low, high], "clipped")
        model.node("QuantizeLinear", ["clipped", step, zero], "codes")
        model.node("DequantizeLinear", ["codes", step, zero], "inputs")
        model.dense("inputs", 6, 4, biasScale: 0.125, to: "h", &generator)
        model.node("Mul", ["h", "h"], "squared")
        model.dense("squared", 4, 3, biasScale: 0.00390625, to: "logits", &generator)
        var proto = ONNXModelProto()
        proto.irVersion = 8
        var operators = ONNXOperatorSetIdProto()
        operators.version = 17
        proto.opsetImport = [operators]
        proto.graph = model.graph
        var labels = ONNXStringStringEntryProto()
        labels.key = "labels"
        labels.value = "a,b,c"
        proto.metadataProps = [labels]
        return try proto.serializedBytes()
    }

    private mutating func dense(
        _ input: String, _ inputs: Int, _ outputs: Int, biasScale: Float, to output: String,
        _ generator: inout SplitMix64
    ) {
        let weights = (0..<inputs * outputs).map { _ in Int8.random(in: -3...3, using: &generator) }
        let biases = (0..<outputs).map { _ in Int32.random(in: -9...9, using: &generator) }
        let w = tensor(
            output + "_w", .int8, [inputs, outputs], weights.map(UInt8.init(bitPattern:)))
        let b = tensor(
            output + "_b", .int32, [outputs],
            biases.flatMap { bias in
                (0..<4).map { UInt8(truncatingIfNeeded: bias >> (8 * $0)) }
            })
        node("DequantizeLinear", [w, float(output + "_ws", 0.25)], output + "_weights")
        node("DequantizeLinear", [b, float(output + "_bs", biasScale)], output + "_bias")
        node("Gemm", [input, output + "_weights", output + "_bias"], output)
    }

    private mutating func node(_ operation: String, _ inputs: [String], _ output: String) {
        var node = ONNXNodeProto()
        node.opType = operation
        node.name = output + "_node"
        node.input = inputs
        node.output = [output]
        graph.node.append(node)
    }

    private mutating func float(_ name: String, _ value: Float) -> String {
        tensor(
            name, .float, [],
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) })
    }

    private mutating func tensor(
        _ name: String, _ type: ONNXElementType, _ dims: [Int], _ raw: [UInt8]
    ) -> String {
        var tensor = ONNXTensorProto()
        tensor.name = name
        tensor.dataType = type.rawValue
        tensor.dims = dims.map(Int64.init)
        tensor.rawData = .init(raw)
        graph.initializer.append(tensor)
        return name
    }

    private static func info(_ name: String, _ count: Int) -> ONNXValueInfoProto {
        var info = ONNXValueInfoProto()
        info.name = name
        info.type.tensorType.elemType = 1
        var batch = ONNXTensorShapeProto.Dimension()
        batch.dimParam = "N"
        var size = ONNXTensorShapeProto.Dimension()
        size.dimValue = Int64(count)
        info.type.tensorType.shape.dim = [batch, size]
        return info
    }
}
