// SPDX-License-Identifier: Apache-2.0

import BFV
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing

/// Maxima of windows, as a + max(b - a, 0): their ranges, and images that stay in place while they are pooled.
@Suite struct PoolingTests {
    private static let most: Int64 = 3

    /// Operations that pool the last one's image by 2x2, columns first.
    private static func append(
        pooling image: ImageShape, to operations: inout [IntegerNetwork.Operation]
    ) throws -> ImageShape {
        var image = image
        for isInRow in [true, false] {
            let pixels = isInRow ? image.width : image.width * image.height
            let count = image.count
            // Pairs: neighbours in a row; then, of the halved rows, neighbours in a column.
            let firsts =
                isInRow
                ? (0..<count / 2).map { 2 * $0 }
                : (0..<count).filter { $0 % pixels / image.width % 2 == 0 }
            let gap = isInRow ? 1 : image.width
            var differences = SparseIntegerMatrix(columns: count)
            var joined = SparseIntegerMatrix(columns: count + firsts.count)
            for (place, first) in firsts.enumerated() {
                differences.append(column: first, weight: -1)
                differences.append(column: first + gap, weight: 1)
                differences.endRow()
                joined.append(column: first, weight: 1)
                joined.append(column: count + place, weight: 1)
                joined.endRow()
            }
            let source = operations.count
            let zeros = [Int64](repeating: 0, count: firsts.count)
            let shape = [image.channels, firsts.count / image.channels, 1]
            operations.append(
                .init(
                    .affine(try Affine(matrix: differences, bias: zeros, shape: shape)),
                    sources: [source]))
            operations.append(
                .init(
                    .table(
                        try LookupTables(
                            runs: [.init(-most...most) { max($0, 0) }],
                            choices: [Int](repeating: 0, count: firsts.count))),
                    sources: [source + 1]))
            operations.append(
                .init(
                    .affine(try Affine(matrix: joined, bias: zeros, shape: shape)),
                    sources: [source, source + 2]))
            if isInRow { image.width /= 2 } else { image.height /= 2 }
        }
        return image
    }

    private static func requantized(
        _ convolution: Convolution, most input: Int64, divisor: Int64
    ) throws -> LookupTables {
        let positions = convolution.positionsCount
        return try LookupTables(
            runs: (0..<convolution.mapsCount).map { map in
                let weights = (0..<convolution.tapsCount).map {
                    convolution.weight(map: map, tap: $0)
                }
                let low = weights.reduce(convolution.bias[map]) { $0 + min(0, $1) * input }
                let high = weights.reduce(convolution.bias[map]) { $0 + max(0, $1) * input }
                return .init(low...high) { min(max(0, $0 / divisor), most) }
            },
            choices: (0..<convolution.mapsCount * positions).map { $0 / positions })
    }

    /// Convolution 3x3 of 8x8 pixels, table, pooling, convolution 2x2, table, dense; of 14x14 pixels with a kernel of 5x5 and pooling
    /// before the last layer.
    /// - Parameters:
    ///   - padding: of the second convolution, on all sides.
    ///   - keeps: of its weights, those that aren't zero.
    private static func network(
        maps: Int, poolsTwice: Bool = false, padding: Int = 0, keeps: (Int) -> Bool = { _ in true }
    ) throws -> IntegerNetwork {
        let (side, kernel) = poolsTwice ? (14, 5) : (8, 2)
        var generator = SplitMix64(seed: 11)
        func weights(_ count: Int) -> [Int64] {
            (0..<count).map { _ in Int64.random(in: -1...1, using: &generator) }
        }
        let first = try Convolution(
            weights: weights(9 * maps), bias: (0..<maps).map { Int64($0) },
            inputShape: ImageShape(channels: 1, height: side, width: side),
            kernel: Extent(height: 3, width: 3))
        var operations: [IntegerNetwork.Operation] = [
            .init(.convolution(first), sources: [0]),
            .init(.table(try requantized(first, most: 1, divisor: 1)), sources: [1]),
        ]
        let pooled = try append(pooling: first.outputShape, to: &operations)
        let second = try Convolution(
            weights: weights(kernel * kernel * maps * maps).enumerated().map {
                keeps($0) ? $1 : 0
            }, bias: weights(maps), inputShape: pooled,
            kernel: Extent(height: kernel, width: kernel),
            padding: Padding(top: padding, left: padding, bottom: padding, right: padding))
        operations.append(.init(.convolution(second), sources: [operations.count]))
        operations.append(
            .init(
                .table(try requantized(second, most: most, divisor: 2)),
                sources: [operations.count]))
        let count =
            poolsTwice
            ? try append(pooling: second.outputShape, to: &operations).count
            : second.outputShape.count
        operations.append(
            .init(
                .dense(
                    try Dense(
                        weights: weights(3 * count), bias: [1, 2, 3], inputs: count, outputs: 3)),
                sources: [operations.count]))
        return try IntegerNetwork(
            input: InputSpecification(shape: [1, side, side], range: 0...1, scale: 1),
            operations: operations, outputScale: 1, labels: IntegerNetwork.defaultLabels(3))
    }

    /// Keys for few rotations: a pooling step takes one, a convolution those of its rows, columns and maps.
    @Test(arguments: [1, 2]) func imagesArePooledInPlace(maps: Int) throws {
        let network = try Self.network(maps: maps)
        let plan = try Planner.insecure(degrees: [4096, 8192]).plan(network, method: .slots)
        #expect(plan.settings.keys.galois.count <= 16)
        let pair = try Pair(plan)
        let reference = IntegerReference(network)
        var generator = SplitMix64(seed: 3)
        for _ in 0..<4 {
            let sample = (0..<64).map { _ in Int.random(in: 0...1, using: &generator) }
            let before = pair.server.operations
            let found = try pair.predictions([sample])
            #expect(try found[0].logits == reference.logits(sample))
            let made = pair.server.operations.entries.map { $0.count - (before[$0.name] ?? 0) }
            #expect(made == plan.evaluation.operations.counts)
        }
    }

    /// Rotation keys are those of a kernel's form, with padding and without: pruned weights change none.
    @Test(arguments: [0, 2], [2, 4, 8]) func rotationsTellNoZeros(padding: Int, index: Int) throws {
        func rotations(_ keeps: (Int) -> Bool) throws -> Set<SlotPermutation> {
            try SlotCircuits.circuit(
                Self.network(maps: 4, poolsTwice: true, padding: padding, keeps: keeps),
                shape: SlotShape(degree: 8192, index: index), samples: 1, babyCounts: []
            ).permutations
        }
        let all = try rotations { _ in true }
        #expect(all.count > 10)
        // The middle alone, which no border lacks; no row but one; one weight a map.
        #expect(try rotations { $0 % 25 == 12 } == all)
        #expect(try rotations { $0 % 25 / 5 == 1 } == all)
        #expect(try rotations { $0 % 100 == 7 } == all)
    }

    /// Rows of a kernel over several maps are sums of their own, of the same rotations, in samples side by side too; and
    /// all weights and tables of convolutions repeat after a few columns.
    @Test func rowsOfKernelsShareRotations() throws {
        let samples = 2
        let network = try Self.network(maps: 4, poolsTwice: true)
        let plan = try Planner.insecure(degrees: [8192]).plan(
            network, method: MethodChoice(.slots, samples: samples))
        #expect(plan.client.samplesPerGroup == samples)
        let maps = plan.slots.circuit.maps
        // Pools are by thresholds. Of two elements that are multiplied the first stays where it is, with no map.
        let laid = try ThresholdPooling.applied(to: network)
        let products = laid.layers.count(where: \.isProduct)
        #expect(products == 12)
        let linear = laid.layers.count { !$0.isTable && !$0.isProduct }
        #expect(maps.count == linear - products + 1)
        #expect(maps.dropLast().allSatisfy { $0.spacing >= 64 })
        let pair = try Pair(plan)
        let reference = IntegerReference(network)
        var generator = SplitMix64(seed: 4)
        let inputs = (0..<samples).map { _ in
            (0..<196).map { _ in Int.random(in: 0...1, using: &generator) }
        }
        for (input, found) in zip(inputs, try pair.predictions(inputs)) {
            #expect(try found.logits == reference.logits(input))
        }
    }

    /// Outputs of a few features stay in place whatever their weights are.
    @Test func fewFeaturesAnOutput() throws {
        var matrix = SparseIntegerMatrix(columns: 5)
        for row in [[(0, 1), (1, 2)], [(2, 1), (3, -1)], [(4, 3)]] as [[(Int, Int64)]] {
            for (column, weight) in row { matrix.append(column: column, weight: weight) }
            matrix.endRow()
        }
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [5], range: 0...1, scale: 1),
            operations: [
                .init(.affine(try Affine(matrix: matrix, bias: [0, 1, -1])), sources: [0]),
                .init(
                    .table(
                        try LookupTables(
                            runs: [.init(-1...3) { ($0 * $0 + 1) % 5 }], choices: [0, 0, 0])),
                    sources: [1]),
            ], outputScale: 1, labels: IntegerNetwork.defaultLabels(3))
        let pair = try Pair(
            try Planner.insecure(degrees: [1024, 2048]).plan(network, method: .slots))
        let reference = IntegerReference(network)
        for sample in [[0, 1, 1, 0, 1], [1, 1, 0, 1, 0], [1, 0, 1, 1, 1]] {
            #expect(try pair.predictions([sample])[0].logits == reference.logits(sample))
        }
    }

    /// A maximum has the range of its operands, whatever a sum would say; what only looks like one has the sum's.
    @Test func maximaHaveTheirOwnRange() throws {
        /// Accepted where the table at the end covers all that the sum of a and f(c b + d a + e) can be.
        func isAccepted(
            _ end: ClosedRange<Int64>, run: ClosedRange<Int64> = -3...3, signs: [Int64] = [-1, 1],
            weights: [Int64] = [1, 1], bias: [Int64] = [0, 0], element: Int = 0,
            function: (Int64) -> Int64 = { max($0, 0) }
        ) throws -> Bool {
            func affine(_ columns: Int, _ row: [(Int, Int64)], _ bias: Int64) throws -> Affine {
                var matrix = SparseIntegerMatrix(columns: columns)
                for (column, weight) in row { matrix.append(column: column, weight: weight) }
                matrix.endRow()
                return try Affine(matrix: matrix, bias: [bias])
            }
            let operations: [IntegerNetwork.Operation] = [
                .init(
                    .affine(try affine(2, [(0, signs[0]), (1, signs[1])], bias[0])), sources: [0]),
                .init(
                    .table(try LookupTables(runs: [.init(run, function)], choices: [0])),
                    sources: [1]),
                .init(
                    .affine(try affine(3, [(element, weights[0]), (2, weights[1])], bias[1])),
                    sources: [0, 2]),
                .init(
                    .table(try LookupTables(runs: [.init(end) { $0 }], choices: [0])),
                    sources: [3]),
            ]
            do {
                _ = try IntegerNetwork(
                    input: InputSpecification(shape: [2], range: 0...3, scale: 1),
                    operations: operations, outputScale: 1, labels: ["y"])
                return true
            } catch { return false }
        }
        #expect(try isAccepted(0...3))
        #expect(try isAccepted(0...3, signs: [1, -1], element: 1))
        #expect(try !isAccepted(0...2))
        #expect(try !isAccepted(1...3))
        // b + max(b - a, 0), a + max(b - a + 1, 0), a + 1 + ..., 2 a + ..., a + 2 max(b - a, 0).
        #expect(try !isAccepted(0...3, element: 1))
        #expect(try !isAccepted(0...3, run: -2...4, bias: [1, 0]))
        #expect(try !isAccepted(0...3, bias: [0, 1]))
        #expect(try !isAccepted(0...3, weights: [2, 1]))
        #expect(try !isAccepted(0...3, weights: [1, 2]))
        // a + max(2 b - a, 0), and other functions.
        #expect(try !isAccepted(0...3, run: -3...6, signs: [-1, 2]))
        #expect(try !isAccepted(0...3, run: -6...3, signs: [-2, 1]))
        #expect(try !isAccepted(0...3) { abs($0) })
        #expect(try !isAccepted(0...3) { $0 == 3 ? 4 : max($0, 0) })
        // Sums cover them.
        #expect(try isAccepted(0...6) { abs($0) })
    }
}
