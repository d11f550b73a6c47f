// SPDX-License-Identifier: Apache-2.0

import BFV
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing

/// Maxima of windows by what is below each threshold: the same integers as by differences, in fewer products in a row.
@Suite struct ThresholdPoolingTests {
    /// Of a value, the larger ones of one or two elements each, by differences.
    private static func append(
        _ groups: [[Int]], of value: Int, width: Int, span: Int64,
        to operations: inout [IntegerNetwork.Operation]
    ) throws {
        var differences = SparseIntegerMatrix(columns: width)
        var joined = SparseIntegerMatrix(columns: width + groups.count { $0.count > 1 })
        for group in groups {
            joined.append(column: group.min()!, weight: 1)
            if group.count > 1 {
                joined.append(column: width + differences.rows, weight: 1)
                differences.append(column: group.min()!, weight: -1)
                differences.append(column: group.max()!, weight: 1)
                differences.endRow()
            }
            joined.endRow()
        }
        let pairs = differences.rows
        let first = operations.count
        operations += [
            .init(
                .affine(
                    try Affine(matrix: differences, bias: [Int64](repeating: 0, count: pairs))),
                sources: [value]),
            .init(
                .table(
                    try LookupTables(
                        runs: [.init(-span...span) { max($0, 0) }],
                        choices: [Int](repeating: 0, count: pairs))), sources: [first + 1]),
            .init(
                .affine(
                    try Affine(
                        matrix: joined, bias: [Int64](repeating: 0, count: groups.count))),
                sources: [value, first + 2]),
        ]
    }

    /// Codes of inputs, pooled step after step, then weighted.
    /// - Parameters:
    ///   - reads: whether the output also reads what the first step makes.
    ///   - weighs: else the outputs are what is pooled.
    private static func network(
        _ steps: [[[Int]]], width: Int, codes: ClosedRange<Int64>, reads: Bool = false,
        weighs: Bool = true
    ) throws -> IntegerNetwork {
        let span = codes.upperBound - codes.lowerBound
        var operations: [IntegerNetwork.Operation] = [
            .init(
                .table(
                    try LookupTables(
                        runs: [.init(0...9) { codes.lowerBound + $0 * 7 % (span + 1) }],
                        choices: [Int](repeating: 0, count: width))), sources: [0])
        ]
        var widths = [width]
        for step in steps {
            try append(
                step, of: operations.count, width: widths.last!, span: span, to: &operations)
            widths.append(step.count)
        }
        // Values are numbered from the input's; a step has three operations.
        let sources = reads ? [operations.count, 4] : [operations.count]
        let count = widths.last! + (reads ? widths[1] : 0)
        if !weighs {
            return try IntegerNetwork(
                input: InputSpecification(shape: [width], range: 0...9, scale: 1),
                operations: operations, outputScale: 1,
                labels: IntegerNetwork.defaultLabels(count))
        }
        operations.append(
            .init(
                .dense(
                    try Dense(
                        weights: (0..<2 * count).map { Int64($0 * $0 % 7) - 3 }, bias: [1, -1],
                        inputs: count, outputs: 2)), sources: sources))
        if reads {
            var matrix = SparseIntegerMatrix(columns: count)
            for row in 0..<2 {
                for column in 0..<count {
                    matrix.append(column: column, weight: Int64((row + column) % 3 - 1))
                }
                matrix.endRow()
            }
            operations[operations.count - 1] = .init(
                .affine(try Affine(matrix: matrix, bias: [1, -1])), sources: sources)
        }
        return try IntegerNetwork(
            input: InputSpecification(shape: [width], range: 0...9, scale: 1),
            operations: operations, outputScale: 1, labels: IntegerNetwork.defaultLabels(2))
    }

    private static let pairs = [[[0, 1], [2, 3], [4, 5], [6, 7]], [[0, 1], [2, 3]]]
    /// Windows of three: one element goes on alone.
    private static let threes = [[[0, 1], [2], [5, 3], [4]], [[0, 1], [2, 3]]]

    private static func expectSame(_ network: IntegerNetwork, _ found: IntegerNetwork) throws {
        var generator = SplitMix64(seed: 9)
        for _ in 0..<50 {
            let sample = (0..<network.inputCount).map { _ in
                Int.random(in: 0...9, using: &generator)
            }
            #expect(
                try IntegerReference(found).logits(sample)
                    == IntegerReference(network).logits(sample))
        }
    }

    @Test(arguments: [0...7, 0...4, -3...4, 2...3, -1...1] as [ClosedRange<Int64>])
    func maximaAreTheSame(codes: ClosedRange<Int64>) throws {
        for (steps, width) in [(Self.pairs, 8), (Self.threes, 6)] {
            let network = try Self.network(steps, width: width, codes: codes)
            let found = try ThresholdPooling.applied(to: network)
            let thresholds = Int(codes.upperBound - codes.lowerBound)
            #expect(found.layers.count(where: \.isProduct) == 2 * thresholds)
            #expect(found.layers.count(where: \.isTable) == 1 + thresholds)
            let levels = LookupTables.depth(values: thresholds + 1) + 2
            #expect(found.depth == 4 + levels)
            #expect(network.depth == 4 + 2 * LookupTables.depth(values: 2 * thresholds + 1))
            try Self.expectSame(network, found)
        }
    }

    /// Of many codes, or where something reads what is between, pools are as they were.
    @Test func othersStay() throws {
        let many = try Self.network(Self.pairs, width: 8, codes: 0...8)
        #expect(try ThresholdPooling.applied(to: many) == many)
        // Two pools of one step each: 8 codes take as many products in a row either way.
        let between = try Self.network(Self.pairs, width: 8, codes: 0...7, reads: true)
        #expect(try ThresholdPooling.applied(to: between) == between)
        // Of four codes each takes three by differences too, not two.
        let few = try Self.network(Self.pairs, width: 8, codes: 0...1, reads: true)
        let found = try ThresholdPooling.applied(to: few)
        #expect(found.depth < few.depth)
        try Self.expectSame(few, found)
    }

    /// Windows of two and three on ciphertexts, alone and side by side.
    @Test(arguments: [1, 4], [true, false]) func encrypted(samples: Int, threes: Bool) throws {
        let (steps, width) = threes ? (Self.threes, 6) : (Self.pairs, 8)
        for weighs in [true, false] {
            try expectSame(
                Self.network(steps, width: width, codes: -1...2, weighs: weighs),
                samples: samples)
        }
    }

    /// Pairs at ten distances have no layout in which both elements lie alike: differences serve them.
    @Test func scatteredPairsAreSubtracted() throws {
        let network = try Self.network(
            [(0..<10).map { [$0, 19 - $0] }], width: 20, codes: 0...1)
        #expect(try ThresholdPooling.applied(to: network) != network)
        try expectSame(network, samples: 1)
        let circuit = try SlotCircuits.circuit(
            network, shape: SlotShape(degree: 2048, index: 4), samples: 1, babyCounts: [])
        #expect(circuit.switchPointCount == 2 * network.depth)
    }

    private func expectSame(_ network: IntegerNetwork, samples: Int) throws {
        let plan = try Planner.insecure(degrees: [2048, 4096]).plan(
            network, method: MethodChoice(.slots, samples: samples))
        #expect(plan.client.samplesPerGroup == samples)
        let pair = try Pair(plan)
        let reference = IntegerReference(network)
        var generator = SplitMix64(seed: 10)
        for _ in 0..<3 {
            let inputs = (0..<samples).map { _ in
                (0..<network.inputCount).map { _ in Int.random(in: 0...9, using: &generator) }
            }
            let before = pair.server.operations
            for (input, found) in zip(inputs, try pair.predictions(inputs)) {
                #expect(try found.logits == reference.logits(input))
            }
            let made = pair.server.operations.entries.map { $0.count - (before[$0.name] ?? 0) }
            #expect(made == plan.evaluation.operations.counts)
        }
    }

    /// Powers are there once for all tables of a value, and more of them are worth it.
    @Test func tablesShareTheirPowers() {
        #expect(TableSteps(values: 8).products == 4)
        #expect(TableSteps(values: 8, sharing: 7).products == 6)
    }
}
