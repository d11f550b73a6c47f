// SPDX-License-Identifier: Apache-2.0

import Quantization
import TensorGraphs

/// What may be left to the client so that a node which no polynomial does is done there, before encryption: the node, and
/// what it reads. Tried before it is told.
struct ClientRemedy {
    /// Most nodes that are named.
    private static let most = 16

    /// Names of nodes, in the model's order.
    let nodes: [String]

    /// nil where nothing is left to hide then, or something else stands in the way.
    /// - Parameter node: that is refused.
    init?(_ imported: ImportedModel, refused node: String) {
        guard let graph = try? imported.model.tensorGraph(),
            graph.nodes.contains(where: { $0.name == node })
        else { return nil }
        var names: Set<String> = []
        var refused = node
        while true {
            let known = names.count
            names.formUnion(graph.hiddenNodes(before: refused))
            guard names.count > known, names.count <= Self.most else { return nil }
            var options = PlanningOptions()
            for node in graph.nodes
            where names.contains(node.name) && !options.clientNodes.contains(node.name) {
                options.clientNodes.append(node.name)
            }
            do {
                _ = try RealReference(ImportedModel(imported.bytes, options: options).model)
                nodes = options.clientNodes
                return
            } catch QuantizationError.unsupported(let next, _, _, _) {
                refused = next
            } catch {
                return nil
            }
        }
    }
}

extension ImportedModel {
    /// What could be done about a node that no polynomial does; the error itself where nothing is known to work.
    func refusal(_ error: QuantizationError) -> any Error {
        guard case .unsupported(let node, let name, let reason, let advice) = error,
            let remedy = ClientRemedy(self, refused: node)
        else { return error }
        return PlanRefusal(
            place: node, problem: "\(name): \(reason); \(advice)",
            remedies: [.nodesAtTheClient(remedy.nodes)])
    }
}
