// SPDX-License-Identifier: Apache-2.0

import ONNXModels
import TensorGraphs
import Testing

/// Trees of several nodes become those of one, and say what they said.
@Suite struct JoinedTreesTests {
    private static func forests(_ graph: TensorGraph) -> [Int] {
        graph.nodes.compactMap {
            if case .forest(let forest) = $0.operation { forest.roots.count } else { nil }
        }
    }

    @Test(arguments: ["trees-joined-sum", "trees-joined-product", "trees-joined-functions"])
    func oneNodeOfTrees(name: String) throws {
        let example = try ONNXCase.named(name)
        let graph = try example.load().tensorGraph()
        #expect(Self.forests(graph) == [1, 1, 3])
        let joined = graph.joiningTrees()
        #expect(Self.forests(joined) == [5])
        #expect(joined.notes.contains { $0.contains("trees of 3 nodes") })
        // The trees' leaves go into one matrix; what isn't a sum over trees stays behind it.
        let matrices = joined.nodes.filter {
            if case .matrix = $0.operation { true } else { false }
        }
        #expect(matrices.count == 1)
        let (before, after) = (FloatReference(graph), FloatReference(joined))
        for sample in try #require(example.samples) {
            let (expected, found) = (try before.logits(sample), try after.logits(sample))
            for (a, b) in zip(expected, found) { #expect(abs(a - b) <= 3e-6 * max(1, abs(a))) }
        }
    }

    /// Constants beside trees take no digits from what their leaves add.
    @Test func offsets() throws {
        func weights(_ name: String) throws -> [Float] {
            let graph = try ONNXCase.named(name).load().tensorGraph().joiningTrees()
            return graph.nodes.flatMap { node -> [Float] in
                guard case .matrix(let weights, _, _, _, _) = node.operation else { return [] }
                return weights.values
            }
        }
        let plain = try weights("trees-joined-plain")
        #expect(Set(plain).count > 8)
        #expect(try weights("trees-joined-offset") == plain)
    }

    /// Trees that ask for other values stay apart, and so do those that clients know more of.
    @Test func whatStaysApart() throws {
        let apart = try ONNXCase.named("trees-apart").load().tensorGraph()
        #expect(apart.joiningTrees() == apart)
        var told = try ONNXCase.named("trees-joined-sum").load().tensorGraph()
        let names = told.nodes.filter {
            Self.forests(TensorGraph(values: told.values, nodes: [$0], outputs: [0])) != []
        }
        .map(\.name)
        #expect(names.count == 3)
        told.clientNodes = Set(names.prefix(2))
        #expect(told.joiningTrees() == told)
        told.clientNodes = Set(names)
        #expect(Self.forests(told.joiningTrees()) == [5])
    }
}
