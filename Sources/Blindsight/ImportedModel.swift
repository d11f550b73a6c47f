// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import Quantization
import TensorGraphs

/// A model as it is planned: read once, and split into what the client does and what is encrypted.
package struct ImportedModel: Sendable {
    enum Kind: Sendable {
        /// Its integers are stated.
        case integers(IntegerNetwork)
        /// It has to be quantized.
        case float(InputSplit, TensorGraph)
    }

    /// The file, with what the options say of it.
    let bytes: [UInt8]
    let model: ONNXModel
    let kind: Kind
    /// Of a model that states integers, where it was asked for tables and these can't be what it states, why.
    let whyInexact: ONNXError?

    /// - Parameter bytes: the ONNX file's.
    /// - Throws: `ONNXError` or `QuantizationError` naming the node that cannot be taken, or `PlanRefusal`.
    package init(_ bytes: [UInt8], options: PlanningOptions = PlanningOptions()) throws {
        self.bytes = try ONNXModel.bytes(
            bytes, movingToClient: options.clientNodes, outputs: options.outputKind,
            trees: options.trees)
        model = try ONNXModel.load(self.bytes)
        var inexact: ONNXError?
        do throws(ONNXError) {
            let network = try model.integerNetwork()
            if options.activations != .polynomial || !network.hasTables {
                kind = .integers(network)
                whyInexact = nil
                return
            }
        } catch {
            // Else it is a float model.
            if options.activations == .table, model.quantizesItsActivations { inexact = error }
        }
        let graph = try model.tensorGraph()
        let split = try InputSplit(graph)
        if let trees = split.graph.nodes.first(where: \.isTrees),
            // Else it is told why it can't be.
            !split.graph.clientNodes.contains(trees.name)
        {
            throw PlanRefusal(
                place: trees.name,
                problem: "each node of its trees compares, which no polynomial does well",
                remedies: TensorGraph.TreeDisclosure.allCases.map(PlanRefusal.Remedy.knownTrees))
        }
        kind = .float(split, graph)
        whyInexact = inexact
    }

    /// What samples are made of, where the client makes something of them first; nil elsewhere.
    package var columns: [InputColumn]? {
        guard case .float(let split, _) = kind else { return nil }
        return split.program?.columns
    }

    /// Sizes of one sample.
    package var sampleShape: [Int] { model.sampleShape }

    /// Whether it is taken as it is, and needs no calibration.
    package var statesIntegers: Bool {
        if case .integers = kind { true } else { false }
    }

    /// Names of its classes; nil where it has none, or its labels are numbers.
    package var labelNames: [String]? {
        switch kind {
        case .integers(let network): return network.decision == .regression ? nil : network.labels
        case .float(_, let graph):
            for meaning in graph.meanings {
                if case .label(let names) = meaning { return names }
            }
            return graph.labels
        }
    }
}

extension TensorGraph.Node {
    fileprivate var isTrees: Bool {
        if case .conditions = operation { true } else { false }
    }
}
