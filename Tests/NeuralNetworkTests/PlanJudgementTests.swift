// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Inference
import Quantization
import Samples
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

/// Plans that are of no use are refused, poor ones come with a warning.
@Suite struct PlanJudgementTests {
    private static func model() throws -> [UInt8] {
        var builder = ONNXBuilder(input: [nil, 2])
        let weights = builder.floats("w", [1, 0.25, -1, 0.5, -0.75, 0.3], dims: [2, 3])
        let output = builder.node("MatMul", ["x", weights])
        return try builder.model([output]).serializedBytes()
    }

    private static func samples(_ count: Int, change: (Int, inout [Float]) -> Void = { _, _ in })
        -> SampleSet
    {
        var generator = SplitMix64(seed: 5)
        return SampleSet(
            (0..<count).map { index in
                var sample = (0..<2).map { _ in Float.random(in: -1...1, using: &generator) }
                change(index, &sample)
                return sample
            }, sampleShape: [2])
    }

    private static func planned(
        _ samples: SampleSet, acceptsAnyError: Bool = false
    ) throws -> PlannedModel {
        var options = PlanningOptions()
        options.planner = .insecure(degrees: [256, 512])
        options.method = .slots
        options.acceptsAnyError = acceptsAnyError
        return try PlannedModel(model: model(), calibration: samples, options: options)
    }

    @Test func goodPlansPass() throws {
        let judgement = try #require(Self.planned(Self.samples(200)).judgement)
        #expect(judgement.verdict == .good && judgement.findings.isEmpty)
        guard case .sameDecision(let share) = judgement.measure else {
            Issue.record("\(judgement.measure)")
            return
        }
        #expect(share > 0.95)
    }

    @Test func oneSampleIsRefused() throws {
        #expect {
            _ = try Self.planned(Self.samples(1))
        } throws: {
            ($0 as? PlanRefusal)?.problem.contains("one calibration sample") == true
        }
        let accepted = try Self.planned(Self.samples(1), acceptsAnyError: true)
        #expect(accepted.judgement?.verdict == .useless)
    }

    @Test func fewSamplesAreWarnedOf() throws {
        let judgement = try #require(Self.planned(Self.samples(10)).judgement)
        #expect(judgement.verdict == .poor)
        #expect(judgement.findings.contains { $0.contains("10 calibration samples") })
    }

    /// One value far away takes all the resolution of its feature: of the decisions half are left.
    @Test func outliersAreTold() throws {
        let samples = Self.samples(200) { index, sample in if index == 7 { sample[1] = 1e30 } }
        #expect {
            _ = try Self.planned(samples)
        } throws: {
            ($0 as? PlanRefusal)?.problem.contains("feature 1: nearly all") == true
        }
    }

    /// An output of small values beside one of large ones is judged by itself.
    @Test func eachQuantityCounts() {
        let reference = SampleMatrix([[100, 1], [-100, -1], [50, 1], [-50, -1]], count: 2)
        let outputs = SampleMatrix([[100, 0], [-100, 0], [50, 0], [-50, 0]], count: 2)
        #expect(outputs.relativeError(from: reference) < 0.02)
        #expect(outputs.largestRelativeError(from: reference, elements: [0, 1]) == 1)
        // What doesn't vary has no deviation, but a size.
        let constant = SampleMatrix([[100, 7], [-100, 7]], count: 2)
        #expect(
            SampleMatrix([[100, 6], [-100, 6]], count: 2).largestRelativeError(
                from: constant, elements: [0, 1]) == 1.0 / 7)
    }

    /// A feature that is zero in nearly all samples is none of an outlier.
    @Test func sparseFeaturesAreNoOutliers() throws {
        let samples = Self.samples(400) { index, sample in if index % 25 != 0 { sample[1] = 0 } }
        let judgement = try #require(Self.planned(samples).judgement)
        #expect(judgement.findings.allSatisfy { !$0.contains("nearly all") })
    }

    /// Of one feature: a sine that no polynomial follows, and a line.
    private static func sines(_ weights: [Float], bias: [Float]) throws -> [UInt8] {
        var builder = ONNXBuilder(input: [nil, 2])
        let turns = builder.floats("turns", [30, 0, 0, 1], dims: [2, 2])
        let sine = builder.node("Sin", [builder.node("MatMul", ["x", turns])])
        let output = builder.node(
            "Gemm",
            [
                sine, builder.floats("w", weights, dims: [2, 2]),
                builder.floats("b", bias, dims: [2]),
            ])
        return try builder.model([output]).serializedBytes()
    }

    /// Why a model of what 200 samples of its outputs lose is refused.
    private static func problem(
        _ model: [UInt8], _ kind: TensorGraph.OutputKind
    ) throws -> String? {
        var options = PlanningOptions()
        options.planner = .insecure(degrees: [256, 512])
        options.method = .slots
        options.outputKind = kind
        do {
            _ = try PlannedModel(model: model, calibration: Self.samples(200), options: options)
            return nil
        } catch let refusal as PlanRefusal { return refusal.problem }
    }

    /// The same decision for each sample, of scores that aren't the model's.
    @Test func lostScoresAreRefused() throws {
        let problem = try Self.problem(Self.sines([1, 0, 0, 0.01], bias: [0, 9]), .scores)
        #expect(problem?.contains("R^2 of the scores") == true)
    }

    /// The output that is lost is named, and its element.
    @Test func lostQuantitiesAreNamed() throws {
        let problem = try Self.problem(Self.sines([0, 1, 1, 0], bias: [0, 0]), .quantities)
        #expect(problem?.contains("of element 1 of 'gemm") == true)
    }
}
