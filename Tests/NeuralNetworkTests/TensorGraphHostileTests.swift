// SPDX-License-Identifier: Apache-2.0

import ONNXModels
import Quantization
import Samples
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

/// Graphs at random, most of them senseless: a typed error or a graph that evaluates, never a trap.
@Suite struct TensorGraphHostileTests {
    /// Attributes that an operator may have, tried on all.
    private static let integerAttributes = [
        "allowzero", "axis", "blocksize", "ceil_mode", "count_include_pad", "group", "keepdims",
        "noop_with_empty_axes", "num_outputs", "select_last_index", "to", "transA", "transB",
        "n_supports", "targets",
    ]
    private static let listAttributes = [
        "axes", "dilations", "kernel_shape", "pads", "perm", "split", "strides",
        "vectors_per_class", "classlabels_ints",
    ]
    private static let floatAttributes = [
        "coefficients", "intercepts", "kernel_params", "offset", "rho", "scale", "support_vectors",
    ]
    private static let textAttributes = [
        "auto_pad", "approximate", "kernel_type", "mode", "norm", "post_transform",
    ]
    private static let texts = [
        "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET", "tanh", "none", "POLY", "LINEAR", "edge",
        "reflect", "wrap", "constant", "CRD", "L1", "L2", "MAX", "LOGISTIC", "SOFTMAX", "NONE",
    ]
    /// Attributes of each operator, by trying: of those above, the ones that are not refused as unknown.
    private static let known: [String: Set<String>] = [
        "Conv": ["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"],
        "AveragePool": [
            "auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads",
            "strides",
        ],
        "MaxPool": ["auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "strides"],
        "Gemm": ["transA", "transB"], "Transpose": ["perm"], "Reshape": ["allowzero"],
        "Split": ["axis", "num_outputs", "split"], "Pad": ["mode"], "Cast": ["to"],
        "ReduceMean": ["axes", "keepdims", "noop_with_empty_axes"],
        "ReduceSum": ["axes", "keepdims", "noop_with_empty_axes"],
        "ReduceMax": ["axes", "keepdims"], "ArgMax": ["axis", "keepdims", "select_last_index"],
        "Squeeze": ["axes"], "Unsqueeze": ["axes"], "DepthToSpace": ["blocksize", "mode"],
        "SpaceToDepth": ["blocksize", "mode"], "Gelu": ["approximate"], "Hardmax": ["axis"],
        "TopK": ["axis", "largest", "k"], "OneHot": ["axis"],
        "IsInf": ["detect_negative", "detect_positive"],
        "ai.onnx.ml.Scaler": ["offset", "scale"], "ai.onnx.ml.Normalizer": ["norm"],
        "ai.onnx.ml.LinearRegressor": ["coefficients", "intercepts", "targets"],
        "ai.onnx.ml.LinearClassifier": [
            "coefficients", "intercepts", "classlabels_ints", "post_transform",
        ],
        "ai.onnx.ml.SVMRegressor": [
            "coefficients", "kernel_params", "kernel_type", "n_supports", "rho", "support_vectors",
        ],
        "ai.onnx.ml.SVMClassifier": [
            "classlabels_ints", "coefficients", "kernel_params", "kernel_type", "rho",
            "support_vectors", "vectors_per_class", "post_transform",
        ],
    ]

    /// Inputs after the first.
    private static let moreInputs: [String: Int] = [
        "Add": 1, "Sub": 1, "Mul": 1, "Div": 1, "Pow": 1, "Sum": 2, "Mean": 1, "Equal": 1,
        "Less": 1, "LessOrEqual": 1, "Greater": 1, "GreaterOrEqual": 1, "Where": 2, "MatMul": 1,
        "Gemm": 2, "Conv": 1, "Reshape": 1, "Expand": 1, "Tile": 1, "Gather": 1, "Slice": 2,
        "Pad": 1, "Concat": 1, "Range": 2, "QuantizeLinear": 1, "DequantizeLinear": 1,
        "BatchNormalization": 4, "LayerNormalization": 1, "Max": 1, "Min": 1,
        "ai.onnx.ml.ArrayFeatureExtractor": 1, "And": 1, "Or": 1, "Xor": 1, "TopK": 1, "OneHot": 2,
        "SequenceConstruct": 1,
    ]

    private struct Fuzzer {
        var generator: SplitMix64
        var builder: ONNXBuilder
        var names = ["x"]

        init(seed: UInt64) {
            var source = SplitMix64(seed: seed)
            let rank = Int.random(in: 2...5, using: &source)
            builder = ONNXBuilder(
                input: [nil] + (1..<rank).map { _ in Int.random(in: 1...4, using: &source) })
            generator = source
        }

        mutating func isRare() -> Bool { Int.random(in: 0..<24, using: &generator) == 0 }

        mutating func integer() -> Int {
            guard isRare() else { return Int.random(in: -2...4, using: &generator) }
            let extremes = [Int.min, Int.max, 1 << 24, 1 << 31, -1 << 31, 1 << 62, 4095, -17]
            return extremes.randomElement(using: &generator)!
        }

        mutating func list() -> [Int] {
            (0..<Int.random(in: 0...4, using: &generator)).map { _ in integer() }
        }

        mutating func sizes() -> [Int] {
            (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                isRare() ? 0 : Int.random(in: 1...4, using: &generator)
            }
        }

        mutating func float() -> Float {
            let rare: [Float] = [.nan, .infinity, -.infinity, 0, 1e38, -1e-30]
            return isRare()
                ? rare.randomElement(using: &generator)!
                : Float(Int.random(in: -8...8, using: &generator)) / 4
        }

        mutating func constant() -> String {
            if Bool.random(using: &generator) {
                let values = list()
                let type: ONNXElementType = isRare() ? .bool : .int64
                let codes = type == .bool ? values.map { _ in 1 } : values.map { Int64($0) }
                return builder.integers(
                    "i", codes, dims: isRare() && values.count == 1 ? [] : [values.count],
                    type: type)
            }
            let dims = sizes()
            return builder.floats(
                "f", (0..<dims.reduce(1, *)).map { _ in float() }, dims: dims)
        }

        mutating func input() -> String {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0: ""
            case 1..<8: constant()
            case 8..<14: names.last!
            default: names.randomElement(using: &generator)!
            }
        }

        mutating func node() {
            let operation = ONNXModel.acceptedOperators.randomElement(using: &generator)!
            let first = isRare() ? input() : names.randomElement(using: &generator)!
            // Mostly as many inputs as the operator has.
            let count =
                isRare()
                ? Int.random(in: 0...3, using: &generator)
                : TensorGraphHostileTests.moreInputs[operation] ?? 0
            var output = builder.node(operation, [first] + (0..<count).map { _ in input() })
            let last = builder.graph.node.count - 1
            if operation.hasPrefix("ai.onnx.ml.") {
                builder.graph.node[last].domain = "ai.onnx.ml"
                builder.graph.node[last].opType = String(operation.dropFirst(11))
            }
            if ["Split", "Dropout"].contains(operation) || operation.hasSuffix("Classifier") {
                builder.graph.node[last].output.append(output + "_second")
                if Bool.random(using: &generator) { output += "_second" }
            }
            for name in TensorGraphHostileTests.known[operation]?.sorted() ?? ["axis"]
            where !isRare() {
                if TensorGraphHostileTests.integerAttributes.contains(name) {
                    builder.attribute(name, integer())
                } else if TensorGraphHostileTests.listAttributes.contains(name) {
                    builder.attribute(name, list())
                } else if TensorGraphHostileTests.floatAttributes.contains(name) {
                    builder.attribute(name, (0..<abs(integer() % 8)).map { _ in float() })
                } else {
                    builder.attribute(
                        name, TensorGraphHostileTests.texts.randomElement(using: &generator)!)
                }
            }
            names.append(output)
        }
    }

    /// What became of a graph.
    private enum Outcome {
        case refused, constant, evaluated
    }

    private func run(_ proto: ONNXModelProto, seed: UInt64) throws -> Outcome {
        do {
            let model = try ONNXModel(proto, for: .evaluation)
            let graph = try model.tensorGraph()
            let values = try FloatReference(graph).evaluate(
                (0..<graph.values[0].count).map { Float($0 % 7) - 3 })
            for (value, found) in zip(graph.values, values) {
                #expect(value.count == found.count, "seed \(seed): \(value)")
            }
            return graph.nodes.contains { $0.inputs.contains(0) } ? .evaluated : .constant
        } catch {
            #expect(error is ONNXError, "seed \(seed): \(error)")
            return .refused
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func randomGraphs(block: UInt64) throws {
        var evaluated = 0
        for seed in block * 100..<(block + 1) * 100 {
            var fuzzer = Fuzzer(seed: seed)
            let version = Int64.random(in: 11...28, using: &fuzzer.generator)
            for _ in 0..<24 {
                // What is taken is kept, so that graphs grow.
                var next = fuzzer
                next.node()
                let proto = next.builder.model([next.names.last!], operatorSet: version)
                fuzzer.generator = next.generator
                guard try run(proto, seed: seed) == .evaluated else { continue }
                evaluated += 1
                fuzzer = next
            }
        }
        // Else nothing was tried beyond the checks of numbers of inputs.
        #expect(evaluated > 120)
    }

    /// Whatever was imported is quantized or refused with a typed error: graphs at random and graphs with one thing
    /// changed.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func quantization(block: UInt64) throws {
        var quantized = 0
        for seed in block * 250..<(block + 1) * 250 {
            var fuzzer = Fuzzer(seed: seed)
            if seed % 2 == 0 {
                fuzzer.builder = Self.sound()
                let proto = Self.mutated(fuzzer.builder.model(["logits"]), &fuzzer)
                quantized += try quantize(proto, seed: seed) ? 1 : 0
                continue
            }
            for _ in 0..<12 {
                var next = fuzzer
                next.node()
                let proto = next.builder.model([next.names.last!])
                fuzzer.generator = next.generator
                guard try run(proto, seed: seed) == .evaluated else { continue }
                quantized += try quantize(proto, seed: seed) ? 1 : 0
                fuzzer = next
            }
        }
        #expect(quantized > 20, "\(quantized)")
    }

    private func quantize(_ proto: ONNXModelProto, seed: UInt64) throws -> Bool {
        guard let graph = try? ONNXModel(proto, for: .evaluation).tensorGraph(),
            graph.outputs.count == 1
        else { return false }
        let shape = Array(graph.values[0].shape.dropFirst())
        let count = graph.values[0].count
        var samples: [[Float]] = []
        for sample in 0..<6 {
            let codes: [Int] = (0..<count).map { ($0 * 5 + sample * 3) % 11 }
            samples.append(codes.map { Float($0) / 4 - 1 })
        }
        var options = QuantizationOptions()
        options.bits = 3...3
        options.degrees = 2...3
        let result: Result<QuantizedModel, any Error> = Result {
            try Quantizer(
                graph: graph,
                calibration: SampleSet(samples, sampleShape: shape.isEmpty ? [1] : shape),
                options: options
            ).quantize()
        }
        switch result {
        case .success(let model):
            #expect(model.network.outputCount > 0, "seed \(seed)")
            return true
        case .failure(let error):
            #expect(error is QuantizationError || error is ONNXError, "seed \(seed): \(error)")
            return false
        }
    }

    /// One thing changed in a graph that is sound.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func mutations(block: UInt64) throws {
        for seed in block * 1000..<(block + 1) * 1000 {
            var fuzzer = Fuzzer(seed: seed)
            fuzzer.builder = Self.sound()
            let proto = Self.mutated(fuzzer.builder.model(["logits"]), &fuzzer)
            _ = try run(proto, seed: seed)
        }
    }

    @Test func soundGraphIsTaken() throws {
        let proto = Self.sound().model(["logits"])
        #expect(try run(proto, seed: 0) == .evaluated)
        #expect(try ONNXModel(proto).tensorGraph().nodes.count >= 12)
    }

    private static func mutated(_ proto: ONNXModelProto, _ fuzzer: inout Fuzzer) -> ONNXModelProto {
        var proto = proto
        let node = Int.random(in: 0..<proto.graph.node.count, using: &fuzzer.generator)
        switch Int.random(in: 0..<6, using: &fuzzer.generator) {
        case 0:
            proto.graph.node[node].opType = ONNXModel.acceptedOperators.randomElement(
                using: &fuzzer.generator)!
        case 1 where !proto.graph.node[node].attribute.isEmpty:
            let last = proto.graph.node[node].attribute.count - 1
            proto.graph.node[node].attribute[last].i = Int64(fuzzer.integer())
            proto.graph.node[node].attribute[last].ints = fuzzer.list().map { Int64($0) }
        case 2:
            let inputs = proto.graph.node[..<node].flatMap(\.output) + ["x", ""]
            let place = Int.random(
                in: 0..<proto.graph.node[node].input.count, using: &fuzzer.generator)
            proto.graph.node[node].input[place] = inputs.randomElement(using: &fuzzer.generator)!
        case 3:
            let axis = Int.random(in: 0..<4, using: &fuzzer.generator)
            proto.graph.input[0].type.tensorType.shape.dim[axis].dimValue = Int64(fuzzer.integer())
        case 4:
            let count = proto.graph.initializer.count
            let place = Int.random(in: 0..<count, using: &fuzzer.generator)
            proto.graph.initializer[place].dims.shuffle(using: &fuzzer.generator)
            proto.graph.initializer[place].dataType = fuzzer.isRare() ? 7 : 1
        default:
            let count = proto.graph.initializer.count
            let place = Int.random(in: 0..<count, using: &fuzzer.generator)
            let bytes = proto.graph.initializer[place].rawData.count
            guard bytes > 0 else { break }
            let byte = Int.random(in: 0..<bytes, using: &fuzzer.generator)
            proto.graph.initializer[place].rawData[byte] = UInt8.random(
                in: 0...255, using: &fuzzer.generator)
        }
        return proto
    }

    /// Most kinds of operators in one graph.
    private static func sound() -> ONNXBuilder {
        var builder = ONNXBuilder(input: [nil, 2, 6, 6])
        let weights = builder.floats(
            "w", (0..<36).map { Float($0 % 5) - 2 }, dims: [2, 2, 3, 3])
        var value = builder.node("Conv", ["x", weights])
        builder.attribute("pads", [1, 1, 1, 1])
        let parameters = (1...4).map { builder.floats("p", [Float($0), 2], dims: [2]) }
        value = builder.node("BatchNormalization", [value] + parameters)
        value = builder.node("Sum", [builder.node("Relu", [value]), "x"])
        value = builder.node("AveragePool", [value])
        builder.attribute("kernel_shape", [2, 2])
        builder.attribute("strides", [2, 2])
        let pads = builder.integers([0, 0, 0, 1, 0, 0, 1, 0])
        value = builder.node("Pad", [value, pads])
        let window = ["starts", "ends", "axes", "steps"]
        let bounds = zip(window, [[3], [-9], [2], [-1]] as [[Int64]]).map { name, values in
            builder.integers(name, values, dims: [1], type: .int64)
        }
        value = builder.node("Slice", [value] + bounds)
        value = builder.node("Transpose", [value])
        builder.attribute("perm", [0, 2, 3, 1])
        let axes = builder.integers([1])
        value = builder.node("ReduceMean", [value, axes])
        let places = builder.integers([0, -1, 0])
        value = builder.node("Concat", [value, builder.node("Gather", [value, places])])
        builder.attribute("axis", 0)
        value = builder.node("Flatten", [value])
        builder.attribute("axis", 0)
        let matrix = builder.floats("m", (0..<96).map { Float($0 % 7) - 3 }, dims: [32, 3])
        value = builder.node("MatMul", [value, matrix])
        value = builder.node("Gelu", [value])
        value = builder.node("Softmax", [value])
        builder.graph.node[builder.graph.node.count - 1].output = ["logits"]
        return builder
    }
}
