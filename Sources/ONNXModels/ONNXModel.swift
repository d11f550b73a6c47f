// SPDX-License-Identifier: Apache-2.0

import Files
import IntegerNetworks
import Samples
import SwiftProtobuf
import TensorGraphs

/// An ONNX model whose graph has been read and checked; the only door for a model.
///
/// Standard operators of operator sets 7 to 28, and those of `ai.onnx.ml`. Load it, then lower it with
/// `integerNetwork()` or evaluate it in floating point with `FloatReference`.
package struct ONNXModel: Sendable {
    /// Largest file that is read, in bytes.
    package static let maximumBytes = 1 << 26
    static let operatorSets: ClosedRange<Int64> = 7...28

    package let graph: ONNXGraph
    /// Version of the standard operators.
    package let operatorSet: Int
    /// Name and version of the program that wrote the model, as it says.
    package let producer: String
    /// Labels from the metadata property "labels" (comma-separated), if there is one.
    package let labels: [String]?
    /// Names of nodes that are left to the client, weights and all: from the metadata property
    /// "blindsight.client_nodes", a name a line.
    package let clientNodes: [String]
    /// From the metadata property "blindsight.outputs": "scores" or "quantities".
    package let outputKind: TensorGraph.OutputKind?

    /// Sizes of one sample, without the batch.
    package var sampleShape: [Int] { graph.sampleShape }

    /// Reads a serialized ModelProto.
    ///
    /// - Throws: `ONNXError`; no bytes make it trap or allocate out of proportion to their number.
    package static func load(_ bytes: [UInt8]) throws(ONNXError) -> ONNXModel {
        guard bytes.count <= maximumBytes else {
            throw .tooLarge(bytes: bytes.count, limit: maximumBytes)
        }
        let proto: ONNXModelProto
        do {
            proto = try decoded(bytes)
        } catch {
            throw .notAModel(ForeignFormat.name(bytes) ?? "it is no ONNX file, or a damaged one")
        }
        guard proto.hasGraph else {
            throw .notAModel(ForeignFormat.name(bytes) ?? "there is no graph in it")
        }
        return try ONNXModel(proto)
    }

    /// - Parameter use: what is asked of the graph's inputs and outputs.
    package init(
        _ proto: ONNXModelProto, for use: ONNXGraph.Use = .serving
    ) throws(ONNXError) {
        guard proto.hasGraph else { throw .notAModel("there is no graph in it") }
        guard proto.irVersion >= 3 else {
            throw .unsupportedVersion(
                "ONNX IR version \(proto.irVersion); 3 and later are read. Export the model again, or convert it with onnx.version_converter"
            )
        }
        // Exporters name a set twice at times. A model of ai.onnx.ml alone needs none.
        var sets = Set(
            proto.opsetImport.filter { $0.domain.isEmpty || $0.domain == "ai.onnx" }.map(\.version))
        if sets.isEmpty, proto.opsetImport.contains(where: { $0.domain == "ai.onnx.ml" }) {
            sets = [Self.operatorSets.upperBound]
        }
        guard sets.count == 1, let set = sets.first, Self.operatorSets.contains(set) else {
            throw .unsupportedVersion(Self.refusal(ofSets: sets.sorted()))
        }
        operatorSet = Int(set)
        let inlined = try FunctionInliner.inlined(proto, operatorSet: set)
        graph = try ONNXGraph(inlined, operatorSet: operatorSet, for: use)
        producer = [proto.producerName, proto.producerVersion]
            .filter { !$0.isEmpty }.joined(separator: " ")
        labels = proto.metadataProps.first { $0.key == "labels" }.map { property in
            property.value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        var clientNodes = proto.metadataProps.filter { $0.key == Self.clientNodesKey }.flatMap {
            $0.value.split(separator: "\n").map(String.init)
        }
        outputKind = proto.metadataProps.last { $0.key == Self.outputKindKey }
            .flatMap { TensorGraph.OutputKind(rawValue: $0.value) }
        let treeNames = graph.nodes.filter { $0.operator.contains("TreeEnsemble") }.map(\.name)
        if let trees = proto.metadataProps.last(where: { $0.key == Self.treesKey })
            .flatMap({ TensorGraph.TreeDisclosure(rawValue: $0.value) })
        {
            guard !treeNames.isEmpty else {
                throw .unsupportedModel(
                    "it has no trees, of which clients could be told something")
            }
            clientNodes += treeNames.map { $0 + TensorGraphImporter.suffix(trees) }
        }
        let names = Set(graph.nodes.map(\.name))
        let parts = [TensorGraphImporter.leavesSuffix, TensorGraphImporter.conditionsSuffix]
        if let missing = clientNodes.first(where: { name in
            !names.contains(name)
                && !parts.contains { part in
                    name.hasSuffix(part) && treeNames.contains(String(name.dropLast(part.count)))
                }
        }) {
            throw .unsupportedModel(
                "no node is called '\(missing)', which is to be left to the client")
        }
        self.clientNodes = clientNodes
    }

    private static func refusal(ofSets found: [Int64]) -> String {
        let accepted = "\(operatorSets.lowerBound) to \(operatorSets.upperBound) are read"
        let convert = "onnx.version_converter.convert_version(model, 17)"
        guard let set = found.first else {
            return "the model names no ONNX operator set; \(accepted)"
        }
        if found.count > 1 {
            return
                "the model names the operator sets \(found.map(\.description).joined(separator: " and ")) of ONNX, and only one can hold; convert it with \(convert)"
        }
        return set < operatorSets.lowerBound
            ? "ONNX operator set \(set); \(accepted). Convert the model with \(convert)"
            : "ONNX operator set \(set); \(accepted). Export the model with an older one, such as 17"
    }

    private static let clientNodesKey = "blindsight.client_nodes"
    private static let treesKey = "blindsight.trees"
    private static let outputKindKey = "blindsight.outputs"

    /// A model's bytes, with what it doesn't say itself.
    /// - Parameters:
    ///   - nodes: left to the client.
    ///   - outputs: what they are.
    ///   - trees: what clients may know of them.
    package static func bytes(
        _ bytes: [UInt8], movingToClient nodes: [String],
        outputs: TensorGraph.OutputKind? = nil, trees: TensorGraph.TreeDisclosure? = nil
    ) throws -> [UInt8] {
        var properties: [String: String] = [:]
        if !nodes.isEmpty { properties[clientNodesKey] = nodes.joined(separator: "\n") }
        if let outputs { properties[outputKindKey] = outputs.rawValue }
        if let trees { properties[treesKey] = trees.rawValue }
        guard !properties.isEmpty else { return bytes }
        var added = ONNXModelProto()
        added.metadataProps = properties.sorted { $0.key < $1.key }.map { key, value in
            var property = ONNXStringStringEntryProto()
            property.key = key
            property.value = value
            return property
        }
        // Messages end to end are one message: lists are joined.
        return bytes + (try added.serializedBytes() as [UInt8])
    }

    /// The network over integers that the model's QuantizeLinear and DequantizeLinear pairs describe.
    ///
    /// - Throws: `ONNXError` naming the first node that cannot be taken and what would be accepted.
    package func integerNetwork() throws(ONNXError) -> IntegerNetwork {
        guard clientNodes.isEmpty else {
            throw .unsupportedModel("a network whose integers are stated goes to the server whole")
        }
        var lowering = Lowering(graph)
        return try lowering.network(labels: labels)
    }

    /// Whether it states integers of what it computes, and not of its weights alone.
    package var quantizesItsActivations: Bool {
        graph.nodes.contains {
            ["QuantizeLinear", "QLinearConv", "QLinearMatMul", "QGemm"].contains($0.operator)
        }
    }

    /// Names of the operators that a tensor graph can be made of.
    package static var acceptedOperators: [String] { TensorGraphImporter.acceptedOperators }

    /// The model as operations on tensors, whatever they are: what can be evaluated, not only what can be encrypted.
    ///
    /// - Throws: `ONNXError` naming the first node that cannot be taken and what would be accepted.
    package func tensorGraph() throws(ONNXError) -> TensorGraph {
        var importer = TensorGraphImporter(self)
        var tensors = try importer.build()
        if graph.fixedBatch > 1 {
            try FixedBatch(model: self, count: graph.fixedBatch).check(tensors)
            tensors.notes.append(
                "the model's fixed batch of \(graph.fixedBatch): samples are treated one by one")
        } else if graph.use == .serving, graph.isBatchOpen {
            try FixedBatch(model: self, count: 2, isOpen: true).check(tensors)
        }
        return tensors
    }
}
