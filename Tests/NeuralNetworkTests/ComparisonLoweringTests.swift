// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import ONNXModels
import TestSupport
import Testing

/// Comparisons of accumulators with constants, signs, and a label at the end: the integers that a float evaluation of the
/// graph says, or a refusal that names the node.
@Suite struct ComparisonLoweringTests {
    /// y_0 = (c_0 + 3 c_1) / 8, y_1 = (c_1 - 2 c_0) / 8, of codes 0 to 15 that are half a unit each.
    private static func sums(_ builder: inout ONNXBuilder) -> String {
        dense(&builder, input(&builder))
    }

    private static func input(_ builder: inout ONNXBuilder) -> String {
        builder.graph.input = [ONNXBuilder.info("x", [1, 2])]
        let step = builder.float("step", 0.5)
        let zero = builder.integers("zero", [0], dims: [], type: .uint4)
        let codes = builder.node("QuantizeLinear", ["x", step, zero])
        return builder.node("DequantizeLinear", [codes, step, zero])
    }

    private static func dense(_ builder: inout ONNXBuilder, _ input: String) -> String {
        let weights = builder.scaled([1, -2, 3, 1], dims: [2, 2], type: .int8, scale: 0.25)
        return builder.node("Gemm", [input, weights])
    }

    private static func network(_ builder: inout ONNXBuilder, _ output: String) throws
        -> IntegerNetwork
    {
        builder.graph.output = [ONNXBuilder.info(output, [1, 2])]
        return try ONNXModel.load(ONNXBuilder.model(builder.graph).serializedBytes())
            .integerNetwork()
    }

    /// Every input, through what `make` makes of the sums and another layer, against `expected` of each sum.
    private static func expect(
        _ expected: (_ sum: Double, _ channel: Int) -> Double,
        _ make: (inout ONNXBuilder, String) -> String
    ) throws {
        var builder = ONNXBuilder(style: .init())
        let made = make(&builder, sums(&builder))
        let network = try network(&builder, dense(&builder, made))
        let reference = IntegerReference(network)
        for (first, second) in (0..<256).map({ (Double($0 / 16), Double($0 % 16)) }) {
            let y = [(first + 3 * second) / 8, (second - 2 * first) / 8].enumerated().map {
                expected($1, $0)
            }
            let logits = try reference.logits([Int(first), Int(second)])
            #expect(
                network.units.reals(logits) == [
                    (y[0] + 3 * y[1]) / 4, (y[1] - 2 * y[0]) / 4,
                ])
        }
    }

    private static func cast(_ builder: inout ONNXBuilder, _ truths: String) -> String {
        let value = builder.node("Cast", [truths])
        builder.attribute("to", 1)
        return value
    }

    private static let relations: [(String, @Sendable (Double, Double) -> Bool)] = [
        ("Greater", { $0 > $1 }), ("GreaterOrEqual", { $0 >= $1 }), ("Less", { $0 < $1 }),
        ("LessOrEqual", { $0 <= $1 }), ("Equal", { $0 == $1 }),
    ]

    @Test(arguments: relations.indices) func truthsAreNumbers(index: Int) throws {
        let (name, holds) = Self.relations[index]
        // One of the values that sums take, and none of them.
        for constant in [0.5, -0.0, 0.3] as [Float] {
            let c = Double(constant)
            try Self.expect(
                { sum, _ in holds(sum, c) ? 1 : 0 },
                { builder, sums in
                    let truths = builder.node(name, [sums, builder.float("limit", constant)])
                    return Self.cast(&builder, truths)
                })
            // The constant first, and the opposite.
            try Self.expect(
                { sum, _ in holds(c, sum) ? 0 : 1 },
                { builder, sums in
                    let truths = builder.node(name, [builder.float("limit", constant), sums])
                    return Self.cast(&builder, builder.node("Not", [truths]))
                })
        }
    }

    /// A constant a channel; one of two numbers; a ReLU before.
    @Test func choices() throws {
        try Self.expect(
            { sum, channel in max(sum, 0) > [2, 0.25][channel] ? 0.75 : -1.5 },
            { builder, sums in
                let limits = builder.floats("limits", [2, 0.25], dims: [1, 2])
                let truths = builder.node("Greater", [builder.node("Relu", [sums]), limits])
                let values = [builder.float("yes", 0.75), builder.float("no", -1.5)]
                return builder.node("Where", [truths] + values)
            })
        try Self.expect(
            { sum, _ in sum < 0 ? -1 : sum > 0 ? 1 : 0 },
            { builder, sums in builder.node("Sign", [sums]) })
    }

    @Test func labels() throws {
        var builder = ONNXBuilder(style: .init())
        let sums = Self.sums(&builder)
        let label = builder.node("ArgMax", [sums])
        builder.attribute("axis", 1)
        let network = try Self.network(&builder, label)
        #expect(network.decision == .largest)
        let reference = IntegerReference(network)
        for (first, second) in [(0, 0), (3, 2), (0, 9), (15, 0)] {
            let found = try argmax(reference.logits([first, second]))
            #expect(found == (first + 3 * second >= second - 2 * first ? 0 : 1))
        }
    }

    /// - Parameter source: what is made of the input first.
    private static func refusal(
        source: (inout ONNXBuilder) -> String = { sums(&$0) },
        _ make: (inout ONNXBuilder, String) -> String
    ) -> String? {
        var builder = ONNXBuilder(style: .init())
        let output = make(&builder, source(&builder))
        do {
            _ = try network(&builder, output)
            return nil
        } catch { return "\(error)" }
    }

    @Test func refusals() throws {
        func greater(_ builder: inout ONNXBuilder, _ sums: String, _ limit: Float) -> String {
            builder.node("Greater", [sums, builder.float("limit", limit)])
        }
        // What is true is no number, and no score.
        let truths = Self.refusal { builder, sums in
            Self.dense(&builder, greater(&builder, sums, 1))
        }
        #expect(truths?.contains("Cast") == true)
        #expect(Self.refusal { builder, sums in greater(&builder, sums, 1) } != nil)
        #expect(Self.refusal { builder, sums in greater(&builder, sums, .nan) } != nil)
        // No unit of both; no comparison; two values.
        let unit = Self.refusal { builder, sums in
            let values = [builder.float("yes", 0.1), builder.float("no", 1)]
            return Self.dense(
                &builder, builder.node("Where", [greater(&builder, sums, 1)] + values))
        }
        #expect(unit?.contains("multiples") == true)
        #expect(Self.refusal { builder, sums in Self.cast(&builder, sums) } != nil)
        #expect(
            Self.refusal { builder, sums in
                Self.cast(&builder, builder.node("Greater", [sums, sums]))
            } != nil)
        // Values that are no numbers, and of a scale that no float has.
        for name in ["Sign", "Greater", "Where"] {
            func compared(_ builder: inout ONNXBuilder, _ value: String) -> String {
                if name == "Sign" { return Self.dense(&builder, builder.node("Sign", [value])) }
                let truths = greater(&builder, value, 1)
                let ends = [builder.float("yes", 1), builder.float("no", -1)]
                return Self.dense(
                    &builder,
                    name == "Where"
                        ? builder.node("Where", [truths] + ends) : Self.cast(&builder, truths))
            }
            let noNumber = Self.refusal { builder, sums in
                let value = builder.node("LeakyRelu", [sums])
                builder.attribute("alpha", Float.nan)
                return compared(&builder, value)
            }
            #expect(noNumber?.contains("no number") == true)
            let tiny = { (builder: inout ONNXBuilder) -> String in
                let x = Self.input(&builder)
                let weights = builder.scaled(
                    [1, 0, 0, 1], dims: [2, 2], type: .int8, scale: 0x1p-126)
                return builder.node("Gemm", [x, weights])
            }
            let noFloat = Self.refusal(source: tiny, compared)
            #expect(noFloat?.contains("no float") == true)
        }
        // A truth of another layer's sums.
        #expect(
            Self.refusal { builder, sums in
                let early = greater(&builder, sums, 1)
                let later = Self.dense(&builder, Self.cast(&builder, early))
                _ = later
                return Self.dense(&builder, Self.cast(&builder, early))
            } != nil)
        // Constants that lie otherwise than channels.
        #expect(
            Self.refusal { builder, sums in
                let limits = builder.floats("limits", [1, 2], dims: [2, 1])
                return Self.dense(
                    &builder, Self.cast(&builder, builder.node("Less", [sums, limits])))
            } != nil)
        // The last of equal scores, along another axis, and in the middle.
        for (name, value) in [("select_last_index", 1), ("axis", 0)] {
            #expect(
                Self.refusal { builder, sums in
                    let label = builder.node("ArgMax", [sums])
                    builder.attribute("axis", 1)
                    if name == "axis" {
                        builder.graph.node[builder.graph.node.count - 1].attribute = []
                    }
                    builder.attribute(name, value)
                    return label
                } != nil)
        }
        let middle = Self.refusal { builder, sums in
            let label = builder.node("ArgMax", [sums])
            builder.attribute("axis", 1)
            return builder.node("Identity", [label])
        }
        #expect(middle?.contains("at the end") == true)
    }
}
