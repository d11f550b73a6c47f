// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import Inference
import IntegerNetworks
import ONNXModels
import Quantization
import Samples
import TensorGraphs
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// Float models whose activations are kept, as tables.
@Suite struct TableQuantizationTests {
    /// Weights of 8 x 6 and 6 x 3, with a bias each.
    private static let numbers: [Float] = {
        var generator = SplitMix64(seed: 11)
        return (0..<75).map { _ in Float.random(in: -1...1, using: &generator) }
    }()

    private static func network(_ x: [Float]) -> [Double] {
        func dense(_ x: [Double], _ first: Int, _ rows: Int) -> [Double] {
            (0..<rows).map { row in
                x.indices.reduce(Double(numbers[first + x.count * rows + row])) {
                    $0 + Double(numbers[first + $1 * rows + row]) * x[$1]
                }
            }
        }
        return dense(dense(x.map(Double.init), 0, 6).map { max($0, 0) }, 54, 3)
    }

    private static func model(_ activation: String = "Relu") throws -> [UInt8] {
        var builder = ONNXBuilder(input: [nil, 8])
        func dense(_ x: String, _ first: Int, _ inputs: Int, _ rows: Int) -> String {
            let bias = first + inputs * rows
            return builder.node(
                "Gemm",
                [
                    x,
                    builder.floats(
                        "w\(first)", Array(numbers[first..<bias]), dims: [inputs, rows]),
                    builder.floats("b\(first)", Array(numbers[bias..<bias + rows]), dims: [rows]),
                ])
        }
        let hidden = builder.node(activation, [dense("x", 0, 8, 6)])
        let scores = dense(hidden, 54, 6, 3)
        return try builder.model([scores]).serializedBytes()
    }

    private static func samples(_ count: Int) -> SampleSet {
        var generator = SplitMix64(seed: 12)
        return SampleSet(
            (0..<count).map { _ in (0..<8).map { _ in Float.random(in: -1...1, using: &generator) }
            },
            sampleShape: [8])
    }

    private static func tables(_ network: IntegerNetwork) -> [LookupTables] {
        network.layers.compactMap { if case .table(let tables) = $0 { tables } else { nil } }
    }

    @Test(arguments: [64, 256, 4096]) func accumulatorsFitTheTables(values: Int) throws {
        var options = QuantizationOptions()
        options.activations = .tables(values: values)
        let samples = Self.samples(200)
        let made = try Quantizer(
            ONNXModel.load(Self.model()), calibration: samples, options: options
        ).quantize()
        let tables = Self.tables(made.network)
        try #require(tables.count == 1 && tables[0].count == 6)
        #expect(tables[0].longest <= values)
        // Codes grow with the accumulator, from none.
        for run in tables[0].runs {
            #expect(zip(run.values, run.values.dropFirst()).allSatisfy { $0 <= $1 })
            #expect(run.values.allSatisfy { $0 >= 0 })
        }
        #expect(made.report.replaced.count == 1 && made.report.replaced[0].contains("by tables"))
        let reference = IntegerReference(made.network)
        var (error, size) = (0.0, 0.0)
        for index in 0..<samples.count {
            let sample = samples.sample(at: index)
            let found = try reference.logits(made.network.input.quantize(sample)).map {
                $0.doubleTowardZero * made.network.units.scale
            }
            for (a, b) in zip(found, Self.network(sample)) {
                error += (a - b) * (a - b)
                size += b * b
            }
        }
        let limit = [64: 0.35, 256: 0.15, 4096: 0.05][values]!
        #expect((error / size).squareRoot() < limit)
    }

    /// What the search measures in doubles is what the network computes, tables included, and its proven range is theirs.
    @Test func searchMeasuresTheNetwork() throws {
        var tablesCount = 0
        for seed in 0..<40 as Range<UInt64> {
            let model = RandomTensorGraph.make(seed: seed)
            var options = QuantizationOptions()
            options.activations = .tables(values: 256)
            guard
                let result = try? Quantizer(
                    graph: model.graph, calibration: model.calibration, options: options
                ).quantize()
            else { continue }
            tablesCount += Self.tables(result.network).count
            try QuantizerTests.expectMeasured(result, on: model.samples, seed: seed)
        }
        #expect(tablesCount >= 20, "\(tablesCount) tables")
    }

    /// Products of products are no table's arguments, and no crash; without activations there is nothing for tables.
    @Test func whatNoTableTakes() throws {
        var builder = ONNXBuilder(input: [nil, 8])
        var values = (0..<8).map { index in
            builder.node(
                "Gemm",
                [
                    "x",
                    builder.floats(
                        "w\(index)", Array(Self.numbers[index..<index + 48]), dims: [8, 6]),
                ])
        }
        while values.count > 1 {
            values = stride(from: 0, to: values.count, by: 2).map {
                builder.node("Mul", [values[$0], values[$0 + 1]])
            }
        }
        // At the end the client would do it.
        let hidden = builder.node("Relu", values)
        let last = builder.floats("last", Array(Self.numbers[..<12]), dims: [6, 2])
        let scores = builder.node("MatMul", [hidden, last])
        var options = QuantizationOptions()
        options.activations = .tables(values: 4096)
        let deep: [UInt8] = try builder.model([scores]).serializedBytes()
        #expect {
            _ = try Quantizer(ONNXModel.load(deep), calibration: Self.samples(50), options: options)
        } throws: {
            if case .outOfRange? = $0 as? QuantizationError { true } else { false }
        }
        var linear = ONNXBuilder(input: [nil, 8])
        let sums = linear.node(
            "Gemm", ["x", linear.floats("w", Array(Self.numbers[..<48]), dims: [8, 6])])
        let flat: [UInt8] = try linear.model([sums]).serializedBytes()
        let planned = try Self.planned(flat, .table, samples: Self.samples(200))
        #expect(!planned.plan.network.hasTables && planned.judgement?.verdict == .good)
    }

    private static func planned(
        _ model: [UInt8], _ activations: PlanningOptions.ActivationChoice, samples: SampleSet?
    ) throws -> PlannedModel {
        var options = PlanningOptions()
        options.planner = .insecure(degrees: [256, 512, 1024])
        options.method = .features(samples: 16)
        options.activations = activations
        // Short ones are planned fast.
        if activations == .table { options.quantization.activations = .tables(values: 64) }
        return try PlannedModel(model: model, calibration: samples, options: options)
    }

    @Test func tablesAreTakenWhereAskedFor() throws {
        let samples = Self.samples(200)
        let kept = try Self.planned(Self.model(), .table, samples: samples)
        #expect(kept.plan.network.hasTables && kept.notes.isEmpty)
        for choice in [PlanningOptions.ActivationChoice.auto, .polynomial] {
            #expect(
                try !Self.planned(Self.model(), choice, samples: samples).plan.network.hasTables)
        }
        #expect(throws: PlanRefusal.self) {
            try Self.planned(Self.model(), .table, samples: nil)
        }
    }

    /// Of 8 bits throughout: no table takes its accumulators, and what it states is not kept.
    @Test func integersOfManyBitsAreQuantizedAnew() throws {
        var builder = ONNXBuilder(input: [nil, 8])
        let grid = [
            builder.float("step", 1 / 127),
            builder.integers("zero", [0], dims: [], type: .int8),
        ]
        func coded(_ x: String) -> String {
            builder.node("DequantizeLinear", [builder.node("QuantizeLinear", [x] + grid)] + grid)
        }
        let codes = Self.numbers.prefix(48).map { Int64(($0 * 127).rounded()) }
        let weights = builder.scaled(codes, dims: [8, 6], type: .int8, scale: 1 / 127)
        let hidden = coded(builder.node("Relu", [builder.node("MatMul", [coded("x"), weights])]))
        let last = builder.scaled(
            Self.numbers[54..<72].map { Int64(($0 * 127).rounded()) }, dims: [6, 3], type: .int8,
            scale: 1 / 127)
        let scores = builder.node("MatMul", [hidden, last])
        let model: [UInt8] = try builder.model([scores]).serializedBytes()
        let planned = try Self.planned(model, .table, samples: Self.samples(200))
        #expect(planned.plan.network.hasTables)
        #expect(planned.notes.contains { $0.contains("quantized anew") })
        #expect(planned.plan.network.input.range.count <= 128)
        #expect(planned.judgement?.verdict != .useless)
    }
}
