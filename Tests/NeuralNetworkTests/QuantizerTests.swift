// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
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

@Suite struct QuantizerTests {
    /// Real outputs of an integer network.
    private func outputs(_ network: IntegerNetwork, _ samples: [[Float]]) throws -> [[Double]] {
        let reference = IntegerReference(network)
        return try samples.map { sample in
            try reference.logits(network.input.quantize(sample)).map {
                $0.doubleTowardZero * network.units.scale
            }
        }
    }

    private func relativeError(_ found: [[Double]], _ expected: [[Double]]) -> Double {
        let all = expected.flatMap { $0 }
        let mean = all.reduce(0, +) / Double(all.count)
        let variance = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let error = zip(found.flatMap { $0 }, all).reduce(0) {
            $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
        }
        return (error / variance).squareRoot()
    }

    /// The search's doubles are the network's integers, and its ranges those of interval arithmetic.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func searchMeasuresTheNetwork(seed: UInt64) throws {
        let model = RandomTensorGraph.make(seed: seed)
        var options = QuantizationOptions()
        options.degrees = 2...4
        let result = try #require(try quantizer(model, options)?.quantize(), "seed \(seed)")
        try Self.expectMeasured(result, on: model.samples, seed: seed)
    }

    /// Ranges of the outputs that a search measured are the network's.
    static func expectMeasured(
        _ result: QuantizedModel, on samples: [[Float]], seed: UInt64
    ) throws {
        let network = result.network
        let reference = IntegerReference(network)
        var largest = BigInt(0)
        for sample in samples {
            for logit in try reference.logits(network.input.quantize(sample)) {
                largest = max(largest, logit.magnitude)
            }
        }
        let observed = log2(2 * largest.doubleTowardZero + 1)
        #expect(abs(observed - result.report.observedBits) < 1e-9, "seed \(seed)")
        let certified = OutputBounds.certify(network, methods: [])
        let bits = log2(2 * certified.magnitude.doubleTowardZero + 1)
        #expect(abs(bits - result.report.rangeBits) < 1e-6, "seed \(seed)")
    }

    /// Integers approximate polynomials: all but a few models whose constants would exceed 62 bits.
    @Test func integersApproximatePolynomials() throws {
        var near = 0
        let seeds = 100..<140 as Range<UInt64>
        for seed in seeds {
            let model = RandomTensorGraph.make(seed: seed)
            var options = QuantizationOptions()
            options.degrees = 2...3
            guard let quantizer = try quantizer(model, options) else { continue }
            let expected = try quantizer.polynomialNetwork.outputs(model.samples)
            let network = try quantizer.quantize().network
            let error = relativeError(try outputs(network, model.samples), expected)
            if error < 0.13 { near += 1 }
        }
        #expect(near >= seeds.count * 8 / 10, "\(near)")
    }

    private func quantizer(
        _ model: RandomTensorGraph.Model, _ options: QuantizationOptions
    ) throws -> Quantizer? {
        let result = Result {
            try Quantizer(graph: model.graph, calibration: model.calibration, options: options)
        }
        if case .failure(let error) = result, case .outOfRange? = error as? QuantizationError {
            return nil
        }
        return try result.get()
    }

    private func residual() -> TensorGraph {
        var generator = SplitMix64(seed: 5)
        func reals(_ count: Int) -> [Float] {
            (0..<count).map { _ in Float.random(in: -0.6...0.6, using: &generator) }
        }
        let builder = TensorGraphBuilder(input: [1, 6, 6])
        let first = builder.batchNormalization(
            builder.convolution(0, weights: reals(27), maps: 3, kernel: 3), factors: [1, 2, 0.5],
            terms: [0.1, -0.2, 0.3])
        let square = builder.multiply(first, first)
        let second = builder.convolution(square, weights: reals(81), maps: 3, kernel: 3, padding: 1)
        let sum = builder.add(square, builder.multiply(second, second))
        let pooled = builder.averagePool(sum, window: 2)
        return builder.graph(
            [
                builder.softmax(
                    builder.dense(builder.flatten(pooled), weights: reals(36), outputs: 3))
            ])
    }

    private func samples(_ count: Int, _ size: Int, seed: UInt64 = 1) -> [[Float]] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            (0..<size).map { _ in Float.random(in: 0...1, using: &generator) }
        }
    }

    /// More bits bring the integers nearer, at the price of range.
    @Test func errorShrinksWithBits() throws {
        let graph = residual()
        let samples = samples(100, 36)
        var last = (error: Double.infinity, range: 0.0)
        for bits in [4, 6, 8] {
            var options = QuantizationOptions()
            options.bits = bits...bits
            options.perChannel = false
            let quantizer = try Quantizer(
                graph: graph, calibration: SampleSet(samples, sampleShape: [6, 6]),
                options: options)
            let result = try quantizer.quantize()
            let expected = try quantizer.polynomialNetwork.outputs(samples)
            let error = relativeError(try outputs(result.network, samples), expected)
            #expect(error < 0.5 * last.error && result.report.rangeBits > last.range)
            last = (error, result.report.rangeBits)
        }
        #expect(last.error < 0.02)
    }

    @Test func structureOfAResidualNetwork() throws {
        let result = try Quantizer(
            graph: residual(), calibration: SampleSet(samples(100, 36), sampleShape: [6, 6])
        ).quantize()
        let network = result.network
        guard case .convolution = network.operations[0].layer else {
            Issue.record("the first operation is no convolution")
            return
        }
        #expect(network.depth == 2 && network.transform == .softmax)
        #expect(network.operations.count == 5)
        #expect(network.operations[4].sources.count == 2)
        #expect(network.input.range.lowerBound == 0 && network.input.offsets.isEmpty)
    }

    @Test func budgetsAreKept() throws {
        let graph = residual()
        let quantizer = try Quantizer(
            graph: graph, calibration: SampleSet(samples(100, 36), sampleShape: [6, 6]))
        let best = try quantizer.quantize()
        let smaller = try quantizer.quantize(rangeBudget: best.report.rangeBits - 6)
        #expect(smaller.report.rangeBits <= best.report.rangeBits - 6)
        #expect(smaller.report.integer.relativeError > best.report.integer.relativeError)
        #expect(throws: QuantizationError.self) { try quantizer.quantize(rangeBudget: 5) }
        let frontier = best.report.frontier
        #expect(frontier.count > 3)
        for (a, b) in zip(frontier, frontier.dropFirst()) {
            #expect(
                a.rangeBits < b.rangeBits
                    && a.fidelity.relativeError > b.fidelity.relativeError)
        }
    }

    /// Weights that are integers times a scale stay those integers.
    @Test func integerWeightsAreTaken() throws {
        let builder = TensorGraphBuilder(input: [2, 2])
        let weights: [Float] = [3, -7, 1, 0, 5, 2, -1, 4].map { $0 * 0.013 }
        let output = builder.dense(builder.flatten(0), weights: weights, outputs: 2)
        let samples = samples(50, 4).map { $0.map { ($0 * 7).rounded() / 7 } }
        let result = try Quantizer(
            graph: builder.graph([output]),
            calibration: SampleSet(samples, sampleShape: [2, 2])
        ).quantize()
        guard case .dense(let dense) = result.network.operations[0].layer else {
            Issue.record("no dense layer")
            return
        }
        #expect(dense.weights == [3, 1, 5, -1, -7, 0, 2, 4])
        #expect(result.network.input.range == 0...7)
        #expect(result.report.integer.relativeError < 1e-6)
    }

    @Test(arguments: [ScalarFunction.sigmoid, .relu, .silu])
    func fittedActivations(function: ScalarFunction) throws {
        var generator = SplitMix64(seed: 3)
        func reals(_ count: Int) -> [Float] {
            (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
        }
        let builder = TensorGraphBuilder(input: [8])
        let hidden = builder.function(builder.dense(0, weights: reals(64), outputs: 8), function)
        let output = builder.dense(hidden, weights: reals(24), outputs: 3)
        let samples = samples(200, 8)
        let quantizer = try Quantizer(
            graph: builder.graph([output]), calibration: SampleSet(samples, sampleShape: [8]))
        let report = try quantizer.quantize().report
        #expect(report.activations.count == 1 && report.replaced.count == 1)
        #expect(report.polynomial.relativeError < 0.15)
        #expect(report.integer.relativeError < 0.2)

        var options = QuantizationOptions()
        options.forcedDegrees = [3]
        let forced = try Quantizer(
            graph: builder.graph([output]), calibration: SampleSet(samples, sampleShape: [8]),
            options: options
        ).quantize()
        #expect(forced.report.activations[0].degree == 3)
        #expect(forced.network.depth == 2)
    }

    @Test func deepModelsAreRefused() throws {
        let builder = TensorGraphBuilder(input: [3])
        var value = 0
        for _ in 0..<12 {
            value = builder.function(
                builder.dense(value, weights: [1, 0, 0, 1, 1, 0, 0, 1, 1], outputs: 3), .relu)
        }
        let graph = builder.graph([builder.dense(value, weights: [1, 1, 1], outputs: 1)])
        #expect(throws: QuantizationError.tooDeep(depth: 12, limit: 8)) {
            try Quantizer(graph: graph, calibration: SampleSet(samples(9, 3), sampleShape: [3]))
        }
    }

    @Test func samplesAreChecked() throws {
        let builder = TensorGraphBuilder(input: [3])
        let graph = builder.graph([builder.dense(0, weights: [1, 1, 1], outputs: 1)])
        for bad in [samples(4, 2), [[1, 2, .nan]], [[1, .infinity, 0]]] {
            #expect(throws: QuantizationError.self) {
                try Quantizer(
                    graph: graph, calibration: SampleSet(bad, sampleShape: [bad[0].count]))
            }
        }
        #expect(throws: QuantizationError.self) {
            try Quantizer(
                graph: graph, calibration: SampleSet(samples(4, 3), sampleShape: [3]),
                labels: [1, 2])
        }
        var options = QuantizationOptions()
        options.bits = 0...40
        #expect(throws: QuantizationError.self) {
            try Quantizer(
                graph: graph, calibration: SampleSet(samples(4, 3), sampleShape: [3]),
                options: options)
        }
        // Samples that are all alike still give a network.
        let constant = try Quantizer(
            graph: graph, calibration: SampleSet([[2, 2, 2], [2, 2, 2]], sampleShape: [3])
        ).quantize()
        #expect(try constant.network.input.quantize([2, 2, 2]) == [0, 0, 0])
    }
}
