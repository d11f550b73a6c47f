// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Inference
import IntegerNetworks
import ONNXModels
import Quantization
import Samples
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

/// What a client does before encryption: imputers, encoders, functions of single features; and no more.
@Suite struct InputSplitTests {
    private static func split(
        _ inputs: Int = 3, _ build: (inout ONNXBuilder) -> [String]
    ) throws -> (split: InputSplit, model: ONNXModel) {
        var builder = ONNXBuilder(input: [nil, inputs])
        let outputs = build(&builder)
        let model = try ONNXModel(builder.model(outputs))
        return (try InputSplit(model.tensorGraph()), model)
    }

    private static func dense(
        _ builder: inout ONNXBuilder, _ input: String, _ weights: [Float], columns: Int
    ) -> String {
        let w = builder.floats("w", weights, dims: [weights.count / columns, columns])
        return builder.node("MatMul", [input, w])
    }

    private static func imputed(_ builder: inout ONNXBuilder, _ input: String) -> String {
        let output = builder.classical("Imputer", [input])[0]
        builder.attribute("imputed_value_floats", [1, 2, 3] as [Float])
        builder.attribute("replaced_value_float", Float.nan)
        return output
    }

    /// What is made of it is what the whole model makes of it.
    private static func expectSame(
        _ split: InputSplit, _ model: ONNXModel, _ samples: [[Float]], outputs: [[Float]] = []
    ) throws {
        let program = try #require(split.program)
        let whole = try FloatReference(model.tensorGraph())
        let rest = FloatReference(split.graph)
        for sample in outputs {
            let network = try RealNetwork(split.graph)
            let inner = try PolynomialNetwork(network).outputs([program.evaluate(sample)])[0]
            let found = try #require(network.program).evaluate(inner.map { Float($0) })
            for (found, expected) in zip(found, try whole.outputs(sample)) {
                #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 * (1 + abs($1)) })
            }
        }
        for sample in samples {
            let found = try rest.outputs(program.evaluate(sample))
            let expected = try whole.outputs(sample)
            #expect(found == expected, "\(sample)")
            #expect(expected.allSatisfy { $0.allSatisfy(\.isFinite) })
            #expect(
                try RealReference(model).outputs(sample).map { Float($0) } == expected[0])
        }
    }

    @Test func imputer() throws {
        let (split, model) = try Self.split { builder in
            let scaled = builder.classical("Scaler", [Self.imputed(&builder, "x")])
            builder.attribute("offset", [1, 1, 1] as [Float])
            builder.attribute("scale", [2, 3, 4] as [Float])
            return [Self.dense(&builder, scaled[0], [1, 2, 3, 4, 5, 6], columns: 2)]
        }
        // The scaler stays with the server.
        #expect(try #require(split.program).program.steps.count == 1)
        #expect(split.clients.count == 1 && split.clients[0].hasSuffix("(ai.onnx.ml.Imputer)"))
        try Self.expectSame(split, model, [[.nan, 5, .nan], [1, 2, 3], [.nan, .nan, .nan]])
    }

    /// One hot, with a condition for what is no category.
    @Test func categories() throws {
        let (split, model) = try Self.split { builder in
            builder.graph.input[0].type.tensorType.elemType = 7
            let ones = builder.classical("OneHotEncoder", ["x"])
            builder.attribute("cats_int64s", [1, 2, 5])
            builder.attribute("zeros", 0)
            let flat = builder.node("Flatten", ones)
            return [Self.dense(&builder, flat, (1...18).map { Float($0) }, columns: 2)]
        }
        #expect(split.graph.values[0].count == 9)
        try Self.expectSame(split, model, [[1, 2, 5], [5, 2, 1]])
        #expect {
            _ = try split.program?.evaluate([1, 2, 4])
        } throws: {
            "\($0)".contains("none of the 3 categories")
        }
    }

    /// More conditions than a program has outputs: each holds.
    @Test func manyConditions() throws {
        let (split, model) = try Self.split(70) { builder in
            builder.graph.input[0].type.tensorType.elemType = 7
            let columns = (0..<70).map { place in
                let one = builder.node("Gather", ["x", builder.integers([Int64(place)])])
                builder.attribute("axis", 1)
                let table = builder.floats("t", [0.5, Float(place), -1], dims: [3, 1])
                return builder.node("Flatten", [builder.node("Gather", [table, one])])
            }
            let all = builder.node("Concat", columns)
            builder.attribute("axis", 1)
            return [Self.dense(&builder, all, (0..<140).map { Float($0 % 7) }, columns: 2)]
        }
        let sample = (0..<70).map { Float($0 % 3) }
        try Self.expectSame(split, model, [sample])
        for place in [0, 31, 32, 69] {
            var beyond = sample
            beyond[place] = 3
            #expect(throws: ProgramError.self) { _ = try split.program?.evaluate(beyond) }
        }
    }

    /// Bins are thresholds of features; distances to points that a model was fitted to stay hidden.
    @Test func whatStaysHidden() throws {
        let bins = try Self.split { builder in
            let column = builder.node("Reshape", ["x", builder.integers([-1, 3, 1])])
            let edges = builder.floats("edges", [0, 1, 2, 3], dims: [1, 1, 4])
            let truth = builder.node("Greater", [column, edges])
            let real = builder.node("Cast", [truth])
            builder.attribute("to", 1)
            let flat = builder.node("Flatten", [real])
            return [Self.dense(&builder, flat, (1...24).map { Float($0) }, columns: 2)]
        }
        #expect(bins.split.graph.values[0].count == 12)
        try Self.expectSame(bins.split, bins.model, [[0.5, 1.5, -7], [9, 2, 2]])
        let distances = try Self.split { builder in
            let column = builder.node("Reshape", ["x", builder.integers([-1, 1, 3])])
            let points = builder.floats("points", (0..<12).map { Float($0) }, dims: [1, 4, 3])
            let far = builder.node("Abs", [builder.node("Sub", [column, points])])
            let sum = builder.node("ReduceSum", [far, builder.integers([2])])
            return [sum]
        }
        #expect(distances.split.program == nil)
        // What is done after weights is the server's as well.
        let later = try Self.split { builder in
            let hidden = Self.dense(&builder, "x", [1, 2, 3, 4, 5, 6], columns: 2)
            return [Self.dense(&builder, builder.node("Relu", [hidden]), [1, 2], columns: 1)]
        }
        #expect(later.split.program == nil)
    }

    /// Weights go to the client where that is asked for, and nowhere else: before the server's part, and after it.
    @Test func movedNodes() throws {
        func build(_ builder: inout ONNXBuilder) -> [String] {
            let first = Self.dense(&builder, "x", [1, 2, 3, 4, 5, 6], columns: 2)
            let norm = builder.classical("Normalizer", [first])
            builder.attribute("norm", "L2")
            let second = Self.dense(&builder, norm[0], [1, -1, 2, 1], columns: 2)
            let soft = builder.node("Softmax", [second])
            return [Self.dense(&builder, soft, [3, 1, -2, 2], columns: 2)]
        }
        var builder = ONNXBuilder(input: [nil, 3])
        let outputs = build(&builder)
        let nodes = builder.graph.node.filter { $0.opType == "MatMul" }.map(\.name)
        let bytes: [UInt8] = try builder.model(outputs).serializedBytes()
        func moving(_ places: Int...) throws -> ONNXModel {
            try ONNXModel.load(
                ONNXModel.bytes(bytes, movingToClient: places.map { nodes[$0] }))
        }
        #expect(throws: (any Error).self) { try RealReference(moving(0)) }
        #expect(throws: (any Error).self) { try RealReference(moving(2)) }
        #expect(throws: (any Error).self) {
            try ONNXModel.load(ONNXModel.bytes(bytes, movingToClient: ["other"]))
        }
        let model = try moving(0, 2)
        let split = try InputSplit(model.tensorGraph())
        #expect(split.clients.count == 2 && split.clients[0].hasSuffix("its weights and all"))
        try Self.expectSame(split, model, [], outputs: [[1, 2, 3], [0.5, -1, 0]])
        // All that is left is moved, too.
        #expect(throws: (any Error).self) { try RealReference(moving(0, 1, 2)) }
    }

    /// A layer is one however it is written: a sum of features, each times a weight.
    @Test func layersInDisguise() throws {
        func split(_ weights: [Float], _ codes: Bool = false) throws -> InputSplit {
            try Self.split { builder in
                var parts: [String] = []
                for (index, weight) in weights.enumerated() {
                    let feature = builder.node(
                        "Slice",
                        [
                            "x", builder.integers([Int64(index)]),
                            builder.integers([Int64(index + 1)]), builder.integers([1]),
                        ])
                    if codes {
                        parts += builder.classical("LabelEncoder", [feature])
                        builder.attribute("keys_floats", [0, 1] as [Float])
                        builder.attribute("values_floats", [0.25, weight])
                    } else {
                        parts.append(
                            builder.node(
                                "Mul", [feature, builder.floats("w", [weight], dims: [1])]))
                    }
                }
                var sum = parts[0]
                for part in parts.dropFirst() { sum = builder.node("Add", [sum, part]) }
                let hidden = builder.node("Sigmoid", [sum])
                return [Self.dense(&builder, hidden, [2, 3], columns: 2)]
            }.split
        }
        #expect(try split([0.5, 2, -3]).program == nil)
        // A score card: what its sum is made of are tables, and the client has these alone.
        let card = try split([0.5, 2, -3], true)
        for step in try #require(card.program).program.steps {
            #expect(step.operation != .add && step.operation != .function(.sigmoid))
        }
        // Without weights there is nothing to hide.
        #expect(try #require(split([1, 1, 1]).program).program.steps.count > 3)
    }

    /// What is refused for what weights make of a sample takes no weights to the client.
    @Test func conditionsBehindWeights() throws {
        #expect {
            _ = try Self.split { builder in
                let hidden = Self.dense(&builder, "x", [1, 2, 3, 4, 5, 6], columns: 2)
                let ones = builder.classical("OneHotEncoder", [hidden])
                builder.attribute("cats_int64s", [1, 2])
                builder.attribute("zeros", 0)
                return ones
            }
        } throws: {
            "\($0)".contains("for what its weights make of them")
        }
    }

    /// Pictures stay pictures: one scale, and zero where padding is.
    @Test func functionsOfPictures() throws {
        var builder = ONNXBuilder(input: [nil, 1, 4, 4])
        let size = builder.node("Abs", ["x"])
        let kernel = builder.floats("k", (0..<9).map { Float($0) }, dims: [1, 1, 3, 3])
        let output = builder.node("Conv", [size, kernel])
        builder.attribute("pads", [1, 1, 1, 1])
        let flat = builder.node("Flatten", [output])
        let bytes: [UInt8] = try builder.model([flat]).serializedBytes()
        var options = PlanningOptions()
        options.planner = .insecure(degrees: [256, 512])
        options.method = .slots
        var generator = SplitMix64(seed: 4)
        let samples = (0..<60).map { _ in
            (0..<16).map { _ in Float.random(in: -2...2, using: &generator) }
        }
        let plan = try PlannedModel(
            model: bytes, calibration: SampleSet(samples, sampleShape: [1, 4, 4]),
            options: options
        ).plan
        #expect(plan.network.input.offsets.isEmpty && plan.network.input.shape == [1, 4, 4])
        let expected = try FloatReference(ONNXModel.load(bytes).tensorGraph()).logits(samples[0])
        let found = try plan.simulate([samples[0]])[0].values
        for (a, b) in zip(found, expected) { #expect(abs(a - Double(b)) < 2, "\(a) \(b)") }
    }

    /// A division rounds once, a product with the inverse twice: a comparison behind it may go another way.
    @Test func divisionsBeforeComparisons() throws {
        let divisor: Float = 3
        var x: Float = 1
        while x / divisor >= x * (1 / divisor) { x += 1 }
        let limit = x / divisor
        let (split, _) = try Self.split(1) { builder in
            let part = builder.node("Div", ["x", builder.floats("d", [divisor], dims: [1])])
            let truth = builder.node("Greater", [part, builder.floats("t", [limit], dims: [1])])
            let real = builder.node("Cast", [truth])
            builder.attribute("to", 1)
            return [Self.dense(&builder, real, [2, 3], columns: 2)]
        }
        #expect(try #require(split.program).evaluate([x]) == [0])
        #expect(try #require(split.program).evaluate([x.nextUp + 1]) == [1])
    }

    /// Of labels with names it is the names that are encoded, not their places.
    @Test func categoriesOfLabels() throws {
        let (_, model) = try Self.split { builder in
            let best = builder.node("ArgMax", ["x"])
            builder.attribute("axis", 1)
            let list = builder.floats("l", [3, 5, 7], dims: [3])
            let label = builder.classical("ArrayFeatureExtractor", [list, best])
            let ones = builder.classical("OneHotEncoder", label)
            builder.attribute("cats_int64s", [7, 5])
            let flat = builder.node("Flatten", ones)
            return [Self.dense(&builder, flat, [1, 10], columns: 1)]
        }
        let reference = try FloatReference(model.tensorGraph())
        #expect(try reference.outputs([9, 1, 1]) == [[0]])
        #expect(try reference.outputs([1, 9, 1]) == [[10]])
        #expect(try reference.outputs([1, 1, 9]) == [[1]])
    }

    @Test func nothingLeftIsRefused() throws {
        #expect {
            _ = try Self.split { builder in
                let imputed = Self.imputed(&builder, "x")
                return [Self.dense(&builder, imputed, [1, 2, 3], columns: 1), imputed]
            }
        } throws: {
            "\($0)".contains("is made by the client before encryption: leave it out")
        }
        #expect {
            _ = try Self.split { [Self.imputed(&$0, "x")] }
        } throws: {
            "\($0)".contains("nothing of it is left to hide")
        }
    }

    /// A category that no calibration sample has keeps its weight, and a feature that never varied tells any other value.
    @Test func whatSamplesLack() throws {
        var builder = ONNXBuilder(input: [nil, 2])
        builder.graph.input[0].type.tensorType.elemType = 7
        let ones = builder.classical("OneHotEncoder", ["x"])
        builder.attribute("cats_int64s", [1, 2, 3])
        let flat = builder.node("Flatten", ones)
        let output = Self.dense(&builder, flat, [4, 5, 6, 40, 50, 60], columns: 1)
        let bytes: [UInt8] = try builder.model([output]).serializedBytes()
        var options = PlanningOptions()
        options.planner = .insecure(degrees: [256, 512])
        options.method = .slots
        // 3 is never there.
        var known: [[Float]] = []
        for index in 0..<60 { known.append([Float(1 + index % 2), Float(1 + index / 2 % 2)]) }
        let samples = SampleSet(known, sampleShape: [2])
        let plan = try PlannedModel(model: bytes, calibration: samples, options: options).plan
        for (sample, expected) in [([3, 3], 66), ([1, 3], 64), ([3, 2], 56)] as [([Float], Double)]
        {
            let found = try plan.simulate([sample])[0].values[0]
            #expect(abs(found - expected) < 1, "\(sample): \(found)")
        }

        var plain = ONNXBuilder(input: [nil, 2])
        let sum = Self.dense(&plain, "x", [1000, 1], columns: 1)
        var rows: [[Float]] = []
        for index in 0..<60 { rows.append([0, Float(index) * 100]) }
        let wide = SampleSet(rows, sampleShape: [2])
        let other = try PlannedModel(
            model: plain.model([sum]).serializedBytes(), calibration: wide, options: options
        ).plan
        // Clamped to what it always was, and counted.
        let quantizer = SampleQuantizer(other.client.input)
        var tally = QuantizationTally(other.client.input)
        let integers = try quantizer.quantize([1, 300], index: 0, tally: &tally)
        #expect(try integers[0] == quantizer.quantize([0.5, 300], index: 0)[0])
        #expect(tally.clampedByFeature.map(\.feature) == [0])
    }

    /// A table of texts, numbers and whole numbers, by the columns' names, from file to prediction.
    @Test func table() throws {
        var builder = ONNXBuilder(input: [nil, 1])
        var text = builder.graph.input[0]
        text.name = "city"
        text.type.tensorType.elemType = 8
        builder.graph.input[0].name = "age"
        builder.graph.input.append(text)
        let ones = builder.classical("OneHotEncoder", ["city"])
        builder.attribute("cats_strings", ["Bern", "Zürich, CH"])
        let flat = builder.node("Flatten", ones)
        let all = builder.node("Concat", ["age", flat])
        builder.attribute("axis", 1)
        let output = Self.dense(&builder, all, [1, 10, -5], columns: 1)
        let bytes: [UInt8] = try builder.model([output]).serializedBytes()

        let columns = try #require(ImportedModel(bytes).columns)
        #expect(columns.map(\.name) == ["age", "city"])
        var reading = SampleReading()
        reading.columns = [
            SampleColumn(name: "age", kind: .number),
            SampleColumn(name: "city", kind: .text(["", "Bern", "Zürich, CH"])),
        ]
        #expect(columns[1].kind == .text(["", "Bern", "Zürich, CH"]))
        let lines = (0..<40).map {
            "\($0),\($0 % 3 == 0 ? "Bern" : $0 % 3 == 1 ? "\"Zürich, CH\"" : "Rome"),\($0 % 7)"
        }
        let file = Array((["id,city,age"] + lines).joined(separator: "\n").utf8)
        let samples = try SampleFile.parse(file, as: reading)
        var options = PlanningOptions()
        options.planner = .insecure(degrees: [256, 512])
        options.method = .slots
        let plan = try PlannedModel(model: bytes, calibration: samples, options: options).plan
        let client = try Client(plan.client)
        let server = try Server(plan, keys: client.evaluationKeys())
        for index in 0..<6 {
            let request = try client.encrypt(samples.sample(at: index))
            let found = try client.decrypt(server.predict(request), of: request)[0].values[0]
            #expect(try plan.simulate([samples.sample(at: index)])[0].values[0] == found)
            let expected = Double(index % 7) + [10, -5, 0][index % 3]
            #expect(abs(found - expected) < 0.3, "\(index): \(found) \(expected)")
        }
    }
}
