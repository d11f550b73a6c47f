// SPDX-License-Identifier: Apache-2.0

import Inference
import ONNXModels
import Quantization
import Samples
import TensorGraphs

/// How much of a model that is too deep could be served: its beginning, cut after ever more activations, is quantized
/// with the fewest bits and planned until that fails.
struct DepthDiagnosis {
    /// Most cuts that are tried.
    private static let maximumCuts = 12

    /// Activations one after another that parameters carry.
    let fitting: Int
    /// The node that is the first too much.
    let firstTooMuch: String
    /// Of the largest ring that is planned for.
    let degree: Int

    /// nil where even the first activation can't be cut off, or all of them fit.
    init?(
        graph: TensorGraph, calibration: SampleSet, options: PlanningOptions,
        progress: (String) throws -> Void
    ) throws {
        var options = options
        let least = options.quantization.bits.lowerBound
        options.quantization.bits = least...least
        options.quantization.degrees = 2...2
        options.quantization.rangeBudget = nil
        options.quantization.samples = 64
        var fitting = 0
        for node in graph.nodes where node.operation.isNonlinear {
            guard fitting < Self.maximumCuts else { return nil }
            try progress("looking how deep parameters reach: '\(node.name)'")
            guard let part = Self.part(of: graph, upTo: node) else { return nil }
            guard Self.fits(part, calibration, options) else {
                guard fitting > 0 else { return nil }
                self.fitting = fitting
                firstTooMuch = node.name
                degree = options.planner.degrees.max() ?? 0
                return
            }
            fitting += 1
        }
        return nil
    }

    /// Widest value behind which a model is cut.
    private static let widest = 1024

    /// The graph up to a node, and a layer behind it that changes nothing: what no layer follows is the client's.
    private static func part(of graph: TensorGraph, upTo node: TensorGraph.Node) -> TensorGraph? {
        let count = graph.values[node.output].count
        guard count <= widest else { return nil }
        var part = graph
        part.nodes.removeAll { $0.output > node.output }
        var identity = [Float](repeating: 0, count: count * count)
        for index in 0..<count { identity[index * count + index] = 1 }
        let output = part.values.count
        part.values.append(TensorGraph.Value(name: "\(node.name)/cut", shape: [1, count]))
        part.nodes.append(
            TensorGraph.Node(
                name: "\(node.name)/cut", operator: "MatMul",
                operation: .matrix(
                    weights: TensorWeights(values: identity), bias: nil, rows: 1, inner: count,
                    columns: count), inputs: [node.output], output: output))
        part.outputs = [output]
        part.outputNames = [node.name]
        part.outputShapes = [[1, count]]
        part.meanings = [.real]
        part.decisions = nil
        part.labels = nil
        // Nobody is asked what it is.
        part.outputKind = .scores
        return part
    }

    private static func fits(
        _ graph: TensorGraph, _ calibration: SampleSet, _ options: PlanningOptions
    ) -> Bool {
        guard
            let quantizer = try? Quantizer(
                graph: graph, calibration: calibration, options: options.quantization),
            let found = try? quantizer.quantize()
        else { return false }
        return
            (try? PlannedModel.plan(
                found.network, calibration: calibration, options: options, progress: { _ in }))
            != nil
    }

    /// What to tell of a model with `depth` products one after another.
    func refusal(depth: Int) -> PlanRefusal {
        PlanRefusal(
            place: firstTooMuch,
            problem:
                "\(depth) activations one after another, and the largest ring (N = \(degree)) carries \(fitting) of them with the fewest bits: each squares the noise and doubles the bits of a result",
            remedies: [.fewerActivations(fitting), .distillation, .layersAtTheClient])
    }
}

extension TensorOperation {
    /// Whether it costs a product of ciphertexts, or can't be done at all.
    fileprivate var isNonlinear: Bool {
        switch self {
        case .gather, .scale, .quotient, .matrix, .convolution, .weightedSum, .add, .subtract,
            .quantize,
            .dequantize:
            false
        default: true
        }
    }
}
