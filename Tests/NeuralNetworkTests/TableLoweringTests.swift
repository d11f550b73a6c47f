// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import Testing

/// QuantizeLinear of what layers make: tables, or a refusal that names the node.
@Suite struct TableLoweringTests {
    /// Codes of the input, 0 to 15 steps of 0.5.
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

    private static func codes(
        _ builder: inout ONNXBuilder, _ input: String, scale: Float = 1
    ) -> (codes: String, grid: [String]) {
        let grid = [
            builder.float("scale", scale), builder.integers("middle", [3], dims: [], type: .uint4),
        ]
        return (builder.node("QuantizeLinear", [input] + grid), grid)
    }

    private static func network(_ builder: inout ONNXBuilder, _ output: String) throws
        -> IntegerNetwork
    {
        builder.graph.output = [ONNXBuilder.info(output, [1, 2])]
        return try ONNXModel.load(ONNXBuilder.model(builder.graph).serializedBytes())
            .integerNetwork()
    }

    /// A range within another of its function shares that one; no run gets longer for it.
    @Test func elementsShareRunsThatHoldThem() {
        let ranges: [ClosedRange<Int64>] = [2...5, 0...10, -1...3, 0...10, 4...10, 8...12]
        let shared = TableDomains(ranges) { _ in 0 }
        #expect(shared.domains.map(\.range) == [0...10, -1...3, 8...12])
        #expect(shared.choices == [0, 0, 1, 0, 0, 2])
        let apart = TableDomains(ranges) { $0 % 2 }
        #expect(apart.domains.map(\.range) == [0...10, 4...10, -1...3, 8...12, 2...5])
        #expect(apart.domains.map(\.place) == [1, 0, 0, 1, 0])
        #expect(apart.choices == [4, 0, 2, 0, 1, 3])
    }

    /// An accumulator stands for an eighth: 8 of them are a step, halves go to even ones, codes are 0 to 15 about 3.
    @Test func valuesAreCodes() throws {
        var builder = ONNXBuilder(style: .init())
        let x = Self.input(&builder)
        let sums = Self.dense(&builder, x)
        let (codes, grid) = Self.codes(&builder, builder.node("Relu", [sums]))
        let network = try Self.network(&builder, builder.node("DequantizeLinear", [codes] + grid))
        guard case .table(let tables) = network.layers[1] else {
            Issue.record("no table")
            return
        }
        // Of each sum what its own weights can make of codes to 15.
        #expect((0..<2).map { tables.run(of: $0).domain } == [0...60, -30...15])
        let codesOf: [[(Int64, Int64)]] = [
            [(0, 0), (4, 0), (5, 1), (12, 2), (20, 2), (21, 3), (60, 8)],
            [(-30, 0), (-1, 0), (4, 0), (5, 1), (12, 2), (15, 2)],
        ]
        for (element, codes) in codesOf.enumerated() {
            for (accumulator, code) in codes {
                #expect(tables.run(of: element)[accumulator] == code)
            }
        }
        #expect(network.units.scale == 1)
    }

    /// What reads codes after another layer was made reads a value that is gone.
    @Test(arguments: ["DequantizeLinear", "MaxPool", "Clip"])
    func earlierCodesAreRefused(operation: String) throws {
        var builder = ONNXBuilder(style: .init())
        let x = Self.input(&builder)
        let first = Self.dense(&builder, x)
        let (early, grid) = Self.codes(&builder, first)
        let second = Self.dense(&builder, builder.node("DequantizeLinear", [early] + grid))
        let (late, lateGrid) = Self.codes(&builder, second, scale: 2)
        _ = builder.node("DequantizeLinear", [late] + lateGrid)
        let again: String
        switch operation {
        case "Clip":
            let limits = ["low", "high"].map {
                builder.integers($0, [$0 == "low" ? 2 : 5], dims: [], type: .uint4)
            }
            again = builder.node(
                "DequantizeLinear", [builder.node("Clip", [early] + limits)] + grid)
        case "MaxPool":
            let pooled = builder.node("MaxPool", [early])
            builder.attribute("kernel_shape", [1])
            again = builder.node("DequantizeLinear", [pooled] + grid)
        default: again = builder.node("DequantizeLinear", [early] + grid)
        }
        let output = Self.dense(&builder, again)
        #expect(throws: ONNXError.self) { _ = try Self.network(&builder, output) }
    }

    /// Numbers that lead to none: refused, not trapped on.
    @Test func noNumbersAreRefused() throws {
        func refused(_ make: (inout ONNXBuilder, String) -> (String, Float)) {
            var builder = ONNXBuilder(style: .init())
            let x = Self.input(&builder)
            let (value, scale) = make(&builder, Self.dense(&builder, x))
            let (codes, grid) = Self.codes(&builder, value, scale: scale)
            let output = builder.node("DequantizeLinear", [codes] + grid)
            #expect(throws: ONNXError.self) { _ = try Self.network(&builder, output) }
        }
        refused { builder, sums in
            let value = builder.node("LeakyRelu", [sums])
            builder.attribute("alpha", Float.nan)
            return (value, 1)
        }
        for alpha in [Float.nan, .infinity] {
            refused { builder, sums in
                let value = builder.node("HardSigmoid", [sums])
                builder.attribute("alpha", alpha)
                builder.attribute("beta", -alpha)
                return (value, 1)
            }
        }
        // The quotient of the scales is infinite, and 0 times it no number.
        refused { builder, sums in
            let weights = builder.scaled([1, 0, 0, 1], dims: [2, 2], type: .int8, scale: 0x1p120)
            _ = sums
            let x = builder.graph.node.first { $0.opType == "Gemm" }!.input[0]
            return (builder.node("Gemm", [x, weights]), 0x1p-120)
        }
    }
}
