// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Foundation
import Inference
import IntegerNetworks
import ONNXModels
import Quantization
import Samples
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

/// Tree ensembles: the client says which leaves, the server what they are worth.
@Suite struct TreeEnsembleTests {
    /// Whatever a split asks, and whether it holds of what is missing: on both sides of its threshold.
    @Test(arguments: [
        "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE", "BRANCH_EQ", "BRANCH_NEQ",
    ]) func modes(mode: String) throws {
        for missing in [0, 1] {
            let model = Self.model("TreeEnsembleRegressor") { builder in
                Self.replace(&builder, "nodes_modes")
                builder.attribute(
                    "nodes_modes", [mode, "LEAF", "BRANCH_LT", "LEAF", "LEAF", "LEAF"])
                Self.replace(&builder, "nodes_missing_value_tracks_true")
                builder.attribute("nodes_missing_value_tracks_true", [missing, 0, 0, 0, 0, 0])
            }
            let holds: [Bool] =
                switch mode {
                case "BRANCH_LEQ": [true, true, false]
                case "BRANCH_LT": [true, false, false]
                case "BRANCH_GT": [false, false, true]
                case "BRANCH_GTE": [false, true, true]
                case "BRANCH_EQ": [false, true, false]
                default: [true, false, true]
                }
            let reference = try FloatReference(ONNXModel(model).tensorGraph())
            for (x, isTrue) in zip(
                [Float(0.5).nextDown, 0.5, Float(0.5).nextUp, .nan],
                holds + [missing == 1 || mode == "BRANCH_NEQ"])
            {
                #expect(
                    try reference.outputs([x, 0]) == [[isTrue ? 10.25 : 35.25]],
                    "\(mode) \(x) \(missing)")
            }
        }
    }

    @Test func whatNoTreesAre() throws {
        func trees(
            _ roots: [Int], _ children: [(Int, Int)], leaves: Int, condition: Int = 0
        ) throws -> Forest {
            try Forest(
                chains: [1], leafCount: leaves, roots: roots,
                splits: children.map {
                    Forest.Split(condition: condition, whenTrue: $0.0, whenFalse: $0.1)
                })
        }
        _ = try trees([0], [(-1, -2)], leaves: 2)
        _ = try trees([0, -4], [(1, -1), (-2, -3)], leaves: 4)
        func refused(
            _ roots: [Int], _ children: [(Int, Int)], leaves: Int = 2, condition: Int = 0
        ) {
            #expect(throws: NetworkError.self, "\(roots) \(children)") {
                try trees(roots, children, leaves: leaves, condition: condition)
            }
        }
        refused([], [])
        refused([1], [(-1, -2)])
        refused([-3], [(-1, -2)])
        // Circles: a child is behind its parent.
        refused([0], [(0, -1)], leaves: 1)
        refused([0], [(1, -1), (0, -2)])
        refused([0], [(2, -1), (-1, -2)])
        refused([0], [(-4, -1)])
        refused([0], [(-1, -2)], condition: 1)
        refused([0], [(-1, -2)], leaves: 0)
        refused([0], [(.min, -2)])
        // Walks would be longer than all splits together.
        refused([0, 0], [(-1, -2)])
        refused([0], [(1, 1), (-1, -2)])
        refused([0], [(-1, -1)], leaves: 1)
        refused([0], [(-1, -2)], leaves: 3)
        refused([0], [(-1, -2), (-3, -4)], leaves: 4)
    }

    /// Two trees over two features; the second a leaf alone.
    private static func model(
        _ operation: String, _ change: (inout ONNXBuilder) -> Void = { _ in }
    ) -> ONNXModelProto {
        var builder = ONNXBuilder(input: [nil, 2])
        let isClassifier = operation == "TreeEnsembleClassifier"
        var outputs = builder.classical(operation, ["x"], outputs: isClassifier ? 2 : 1)
        builder.attribute("nodes_treeids", [0, 0, 0, 0, 0, 1])
        builder.attribute("nodes_nodeids", [0, 1, 2, 3, 4, 0])
        builder.attribute("nodes_featureids", [0, 0, 1, 0, 0, 0])
        builder.attribute("nodes_values", [0.5, 0, -1, 0, 0, 0] as [Float])
        builder.attribute(
            "nodes_modes", ["BRANCH_LEQ", "LEAF", "BRANCH_LT", "LEAF", "LEAF", "LEAF"])
        builder.attribute("nodes_truenodeids", [1, 0, 3, 0, 0, 0])
        builder.attribute("nodes_falsenodeids", [2, 0, 4, 0, 0, 0])
        builder.attribute("nodes_missing_value_tracks_true", [1, 0, 0, 0, 0, 0])
        let kind = isClassifier ? "class" : "target"
        builder.attribute(kind + "_treeids", [0, 0, 0, 1])
        builder.attribute(kind + "_nodeids", [1, 3, 4, 0])
        builder.attribute(kind + "_ids", [0, 0, 0, 0])
        builder.attribute(kind + "_weights", [10, -20, 35, 0.25] as [Float])
        if isClassifier {
            builder.attribute("classlabels_strings", ["no", "yes"])
            builder.attribute("post_transform", "LOGISTIC")
        } else {
            outputs = Array(outputs.prefix(1))
        }
        change(&builder)
        return builder.model(outputs)
    }

    private static func replace(_ builder: inout ONNXBuilder, _ name: String) {
        builder.graph.node[builder.graph.node.count - 1].attribute.removeAll { $0.name == name }
    }

    private static let samples: [(sample: [Float], score: Float)] = [
        ([0.5, 7], 10.25), ([.nan, 7], 10.25), ([1, -2], -19.75), ([1, -1], 35.25),
        ([1, .nan], 35.25), ([-9, -9], 10.25),
    ]

    @Test func floatReference() throws {
        let regressor = try FloatReference(
            ONNXModel(Self.model("TreeEnsembleRegressor")).tensorGraph())
        let classifier = try FloatReference(
            ONNXModel(Self.model("TreeEnsembleClassifier")).tensorGraph())
        for (sample, score) in Self.samples {
            #expect(try regressor.outputs(sample) == [[score]])
            let found = try classifier.outputs(sample)
            let shares = try #require(found.first { $0.count == 2 })
            #expect(abs(shares[1] - 1 / (1 + Float(exp(-Double(score))))) < 1e-6)
            #expect(try #require(found.first { $0.count == 1 }) == [score > 0 ? 1 : 0])
        }
    }

    private static func planned(_ trees: TensorGraph.TreeDisclosure?) throws -> PlannedModel {
        var options = PlanningOptions()
        options.planner = .insecure(degrees: [256, 512])
        options.method = .slots
        options.trees = trees
        let bytes: [UInt8] = try model("TreeEnsembleRegressor").serializedBytes()
        var generator = SplitMix64(seed: 9)
        let calibration = SampleSet(
            (0..<100).map { _ in (0..<2).map { _ in Float.random(in: -3...3, using: &generator) } },
            sampleShape: [2])
        return try PlannedModel(model: bytes, calibration: calibration, options: options)
    }

    /// Nothing of the trees goes to the client unasked; then as much as is asked, and no value of a leaf.
    @Test(arguments: [TensorGraph.TreeDisclosure.thresholds, .structure])
    func treesGoWhereAsked(known: TensorGraph.TreeDisclosure) throws {
        #expect {
            _ = try Self.planned(nil)
        } throws: {
            ($0 as? PlanRefusal)?.remedies
                == [.knownTrees(.grid), .knownTrees(.thresholds), .knownTrees(.structure)]
        }
        let planned = try Self.planned(known)
        let prefix = try #require(planned.plan.client.prefix)
        let steps = prefix.program.steps
        #expect(steps.count == (known == .structure ? 2 : 1))
        #expect(planned.plan.network.input.count == (known == .structure ? 4 : 2))
        guard case .conditions(let conditions) = steps[0].operation else {
            Issue.record("a step that isn't of conditions")
            return
        }
        // In the order of features and thresholds, whatever the trees.
        #expect(conditions.conditions.map(\.feature) == [0, 1])
        if known == .structure {
            guard case .forest(let forest) = steps[1].operation else {
                Issue.record("a step that isn't of trees")
                return
            }
            #expect(forest.splits.count == 2 && forest.roots.count == 2)
        }
        #expect(planned.plan.network.input.range == 0...1)
        // What is decrypted is the model's to five digits, missing values and all.
        let plan = try ClientPlan(serialized: planned.plan.client.serialized(), allowInsecure: true)
        #expect(plan.prefix == prefix)
        let client = try Client(plan)
        let server = try Server(planned.plan, keys: client.evaluationKeys())
        for (sample, score) in Self.samples {
            let request = try client.encrypt(sample)
            let found = try client.decrypt(server.predict(request), of: request)[0].values[0]
            #expect(abs(found - Double(score)) < 1e-3, "\(sample): \(found) for \(score)")
        }
    }

    /// A grid is of the samples alone: models of other trees send the same one, of all features. What is between two
    /// limits and a threshold goes the other way, and the plan says how often; missing values, which no sample has, are
    /// refused.
    @Test func gridTellsNothing() throws {
        func prefix(_ change: @escaping (inout ONNXBuilder) -> Void) throws -> (
            InputProgram, PlannedModel
        ) {
            var options = PlanningOptions()
            options.planner = .insecure(degrees: [256, 512])
            options.method = .slots
            options.trees = .grid
            options.treeBins = 8
            options.acceptsAnyError = true
            var generator = SplitMix64(seed: 9)
            let calibration = SampleSet(
                (0..<100).map { _ in
                    (0..<2).map { _ in Float.random(in: -3...3, using: &generator) }
                }, sampleShape: [2])
            let planned = try PlannedModel(
                model: Self.model("TreeEnsembleRegressor", change).serializedBytes(),
                calibration: calibration, options: options)
            return (try #require(planned.plan.client.prefix), planned)
        }
        let (first, planned) = try prefix { _ in }
        let (second, _) = try prefix { builder in
            Self.replace(&builder, "nodes_values")
            builder.attribute("nodes_values", [1.25, 0, 2, 0, 0, 0] as [Float])
            Self.replace(&builder, "nodes_featureids")
            builder.attribute("nodes_featureids", [1, 0, 1, 0, 0, 0])
        }
        #expect(first == second)
        guard case .conditions(let grid)? = first.program.steps.first?.operation else {
            Issue.record("a client that compares nothing")
            return
        }
        #expect(Set(grid.conditions.map(\.feature)) == [0, 1] && grid.conditions.count == 14)
        // Two digits each.
        for condition in grid.conditions {
            let digits = String(format: "%.1e", Double(condition.values[0]))
            #expect(Float(digits) == condition.values[0])
        }
        #expect(planned.notes.contains { $0.contains("2 thresholds were moved") })
        let client = try Client(planned.plan.client)
        #expect(throws: (any Error).self) { _ = try client.encrypt([.nan, 0]) }
        let server = try Server(planned.plan, keys: client.evaluationKeys())
        for (sample, score) in [([-2, 0], 10.25), ([2, -2], -19.75), ([2, 2], 35.25)] {
            let request = try client.encrypt(sample.map(Float.init))
            let found = try client.decrypt(server.predict(request), of: request)[0].values[0]
            #expect(abs(found - score) < 1e-3, "\(sample): \(found) for \(score)")
        }
    }

    /// A grid on which the trees say something else is refused, and so is a choice for trees that a model hasn't.
    @Test func whatAGridCannotDo() throws {
        var options = PlanningOptions()
        options.planner = .insecure(degrees: [256, 512])
        options.method = .slots
        options.trees = .grid
        options.treeBins = 2
        var generator = SplitMix64(seed: 9)
        let calibration = SampleSet(
            (0..<100).map { _ in (0..<2).map { _ in Float.random(in: -3...3, using: &generator) } },
            sampleShape: [2])
        #expect {
            _ = try PlannedModel(
                model: Self.model("TreeEnsembleRegressor").serializedBytes(),
                calibration: calibration, options: options)
        } throws: {
            ($0 as? PlanRefusal)?.remedies.contains(.knownTrees(.thresholds)) == true
        }
        var builder = ONNXBuilder(input: [nil, 2])
        let output = builder.node(
            "MatMul", ["x", builder.floats("w", [1, 2, 3, 4], dims: [2, 2])])
        let linear: [UInt8] = try builder.model([output]).serializedBytes()
        #expect {
            _ = try ImportedModel(linear, options: options)
        } throws: {
            "\($0)".contains("no trees")
        }
        let name = try #require(ONNXModel.load(linear).graph.nodes.first).name
        for suffix in ["/leaves", "/conditions"] {
            var options = PlanningOptions()
            options.clientNodes = [name + suffix]
            #expect {
                _ = try ImportedModel(linear, options: options)
            } throws: {
                "\($0)".contains("no node is called")
            }
        }
    }

    @Test func hostileTrees() throws {
        func refused(_ text: String, _ change: (inout ONNXBuilder) -> Void) {
            #expect {
                _ = try ONNXModel(Self.model("TreeEnsembleRegressor", change)).tensorGraph()
            } throws: {
                "\($0)".contains(text)
            }
        }
        func replaced(_ name: String, _ values: [Int]) -> (inout ONNXBuilder) -> Void {
            { builder in
                let last = builder.graph.node.count - 1
                builder.graph.node[last].attribute.removeAll { $0.name == name }
                builder.attribute(name, values)
            }
        }
        refused("two parents", replaced("nodes_truenodeids", [0, 0, 3, 0, 0, 0]))
        refused("two parents", replaced("nodes_truenodeids", [2, 0, 3, 0, 0, 0]))
        refused("leads to 9", replaced("nodes_truenodeids", [9, 0, 3, 0, 0, 0]))
        refused("there twice", replaced("nodes_nodeids", [0, 1, 2, 3, 3, 0]))
        refused("no tree leads to", replaced("nodes_falsenodeids", [1, 0, 4, 0, 0, 0]))
        refused("feature 7 of 2", replaced("nodes_featureids", [0, 0, 7, 0, 0, 0]))
        refused("which is no leaf", replaced("target_nodeids", [2, 3, 4, 0]))
        refused("of output 3 of 1", replaced("target_ids", [0, 0, 0, 3]))
    }

    /// A set of categories is written as a list of equalities that lead to one place, a split or a leaf: one condition.
    @Test(arguments: [false, true]) func setsOfCategories(isLeaf: Bool) throws {
        let place = isLeaf ? 4 : 3
        let model = Self.model("TreeEnsembleRegressor") { builder in
            func set(_ name: String, _ values: [Int]) {
                Self.replace(&builder, name)
                builder.attribute(name, values)
            }
            set("nodes_treeids", [Int](repeating: 0, count: 7))
            set("nodes_nodeids", Array(0..<7))
            set("nodes_featureids", [0, 0, 0, 1, 0, 0, 0])
            set("nodes_truenodeids", [place, place, place, isLeaf ? 5 : 4, 0, 0, 0])
            set("nodes_falsenodeids", [1, 2, isLeaf ? 3 : 6, isLeaf ? 6 : 5, 0, 0, 0])
            set("nodes_missing_value_tracks_true", [0, 0, 0, 0, 0, 0, 0])
            set("target_treeids", [0, 0, 0])
            set("target_nodeids", [4, 5, 6])
            set("target_ids", [0, 0, 0])
            Self.replace(&builder, "nodes_values")
            builder.attribute("nodes_values", [2, 5, 3, 1, 0, 0, 0] as [Float])
            Self.replace(&builder, "nodes_modes")
            builder.attribute(
                "nodes_modes",
                ["BRANCH_EQ", "BRANCH_EQ", "BRANCH_EQ", "BRANCH_LT", "LEAF", "LEAF", "LEAF"])
            Self.replace(&builder, "target_weights")
            builder.attribute("target_weights", [1, 2, 4] as [Float])
        }
        let graph = try ONNXModel(model).tensorGraph()
        let tests = graph.nodes.compactMap { node -> [SplitConditions.Condition]? in
            guard case .conditions(let asked) = node.operation else { return nil }
            return asked.conditions
        }
        #expect(tests.first?.map(\.test) == [.isOneOf([2, 3, 5]), .isAtMost(Float(1).nextDown)])
        let reference = FloatReference(graph)
        for x in [Float(2), 3, 5, 4, .nan] {
            for y in [Float(0), 1] {
                let isIn = [2, 3, 5].contains(x)
                let expected: Float =
                    isLeaf ? (isIn ? 1 : y < 1 ? 2 : 4) : isIn ? (y < 1 ? 1 : 2) : 4
                #expect(try reference.outputs([x, y]) == [[expected]], "\(x) \(y)")
            }
        }
    }

    /// Runtimes pass over base values of targets that no leaf has a value of.
    @Test func targetsWithoutValues() throws {
        let model = Self.model("TreeEnsembleRegressor") { builder in
            builder.attribute("n_targets", 2)
            builder.attribute("base_values", [1, 2] as [Float])
        }
        #expect {
            _ = try ONNXModel(model).tensorGraph()
        } throws: {
            "\($0)".contains("pass its base value over")
        }
    }

    /// Of ai.onnx.ml 5 by places: those that are none, sets that no split asks for, nodes of several trees.
    @Test func hostileEnsembles() throws {
        func refused(_ text: String, _ name: String, _ values: [Int64]) throws {
            var model = try ONNXCase.named("trees-5").proto()
            let node = model.graph.node.count - 1
            model.graph.node[node].attribute.removeAll { $0.name == name }
            var attribute = ONNXAttributeProto()
            attribute.name = name
            attribute.type = 7
            attribute.ints = values
            model.graph.node[node].attribute.append(attribute)
            #expect {
                _ = try ONNXModel(model).tensorGraph()
            } throws: {
                "\($0)".contains(text)
            }
        }
        let roots: [Int64] = [0, 1, 2, 3, 4, 5, 6, 7, 9]
        try refused("tree_roots", "tree_roots", roots.dropLast() + [10])
        try refused("tree_roots", "tree_roots", [-1] + roots.dropFirst())
        try refused("tree_roots", "tree_roots", [])
        try refused("no tree leads to", "tree_roots", roots.dropLast())
        try refused("node 0 has two parents", "tree_roots", roots + [0])
        try refused("node 8 has two parents", "tree_roots", roots + [8])
        // A circle.
        try refused(
            "node 7 has two parents", "nodes_truenodeids", [0, 2, 4, 6, 8, 10, 12, 7, 14, 17])
        try refused(
            "with 10, which is none", "nodes_truenodeids", [0, 2, 4, 6, 8, 10, 12, 10, 14, 17])
        try refused(
            "with 18, which is none", "nodes_truenodeids", [18, 2, 4, 6, 8, 10, 12, 8, 14, 17])
        try refused("for 10, or one below 0", "nodes_trueleafs", [1, 1, 1, 1, 1, 1, 1, 0, 1])
        try refused("of output 1 of 1", "leaf_targetids", [Int64](repeating: 1, count: 18))
        try refused("not a tensor of reals", "nodes_splits", [Int64](repeating: 1, count: 10))
        try refused("membership_values", "membership_values", [])
        try refused("no nodes_modes", "nodes_modes", [Int64](repeating: 0, count: 10))
        try refused("feature 3 of 3 at node 9", "nodes_featureids", [0, 0, 0, 0, 1, 1, 1, 2, 0, 3])
    }

    /// Runtimes don't agree on labels of two scores of two classes, and pass over classes without a score.
    @Test func labelsThatRuntimesDisagreeOn() throws {
        func refused(_ text: String, classes: [String], ids: [Int], base: [Float] = []) {
            #expect {
                _ = try ONNXModel(
                    Self.model("TreeEnsembleClassifier") { builder in
                        let last = builder.graph.node.count - 1
                        for name in ["class_ids", "classlabels_strings", "post_transform"] {
                            builder.graph.node[last].attribute.removeAll { $0.name == name }
                        }
                        builder.attribute("class_ids", ids)
                        builder.attribute("classlabels_strings", classes)
                        if !base.isEmpty { builder.attribute("base_values", base) }
                    }
                ).tensorGraph()
            } throws: {
                "\($0)".contains(text)
            }
        }
        refused("both of two classes", classes: ["a", "b"], ids: [0, 0, 1, 0])
        refused("both of two classes", classes: ["a", "b"], ids: [1, 1, 1, 1])
        refused("both of two classes", classes: ["a", "b"], ids: [0, 0, 0, 0], base: [1, 2])
        refused("in some leaves alone", classes: ["a", "b", "c"], ids: [0, 1, 2, 0])
        // With base values each class has a score.
        let graph = try ONNXModel(
            Self.model("TreeEnsembleClassifier") { builder in
                let last = builder.graph.node.count - 1
                for name in ["class_ids", "classlabels_strings", "post_transform"] {
                    builder.graph.node[last].attribute.removeAll { $0.name == name }
                }
                builder.attribute("class_ids", [0, 1, 2, 0])
                builder.attribute("classlabels_strings", ["a", "b", "c"])
                builder.attribute("base_values", [0, 1, 2] as [Float])
            }
        ).tensorGraph()
        let found = try FloatReference(graph).outputs([1, -2])
        #expect(found.contains([0.25, -19, 2]) && found.contains([2]))
    }
}
