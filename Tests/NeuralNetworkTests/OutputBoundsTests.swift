// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import TestSupport
import Testing

@Suite struct OutputBoundsTests {
    /// Each method on its own (interval arithmetic always runs), and all together.
    static let methods: [Set<BoundMethod>] = [
        [.interval], [.rowSums], [.semidefinite], [.joint], Set(BoundMethod.allCases),
    ]

    /// Networks with so few inputs that every point of the box can be tried.
    private func tiny(_ seed: UInt64) -> IntegerNetwork {
        var generator = SplitMix64(seed: seed)
        var options = RandomNetwork.Options()
        options.channels = 1...1
        options.side = 2...2
        options.features = 1...5
        options.kernel = 1...2
        options.hidden = 1...5
        options.linearLayers = 1...4
        options.low = -1...0
        options.high = 1...2
        return RandomNetwork.make(using: &generator, options: options)
    }

    private func everyInput(of network: IntegerNetwork, _ body: ([Int]) throws -> Void) rethrows {
        let range = network.input.range
        var input = Array(repeating: range.lowerBound, count: network.inputCount)
        while true {
            try body(input)
            guard let index = input.firstIndex(where: { $0 < range.upperBound }) else { return }
            for lower in 0..<index { input[lower] = range.lowerBound }
            input[index] += 1
        }
    }

    @Test(arguments: 0..<80 as Range<UInt64>)
    func noInputEscapes(seed: UInt64) throws { try checkEveryInput(of: tiny(seed), seed: seed) }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func noInputEscapesGraphs(seed: UInt64) throws {
        var options = RandomGraph.Options()
        options.features = 1...4
        options.range = -1...1
        try checkEveryInput(of: RandomGraph.make(seed: seed, options: options), seed: seed)
    }

    /// Squares of hidden neurons and, beside them, the squares that they are made of; in both orders.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func noInputEscapesResiduals(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        func random(_ rows: Int, _ columns: Int, _ range: ClosedRange<Int64>) throws
            -> IntegerNetwork.Layer
        {
            var matrix = SparseIntegerMatrix(columns: columns)
            for _ in 0..<rows {
                for column in 0..<columns {
                    let weight = Int64.random(in: range, using: &generator)
                    if weight != 0 { matrix.append(column: column, weight: weight) }
                }
                matrix.endRow()
            }
            let bias = (0..<rows).map { _ in Int64.random(in: range, using: &generator) }
            return .affine(try Affine(matrix: matrix, bias: bias))
        }
        let (inputs, squares, hidden) = (4, 5, 3)
        let order = seed % 2 == 0 ? [4, 2] : [2, 4]
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [inputs], range: -1...2, scale: 1),
            operations: [
                IntegerNetwork.Operation(random(squares, inputs, -3...3), sources: [0]),
                IntegerNetwork.Operation(.square(count: squares), sources: [1]),
                IntegerNetwork.Operation(random(hidden, squares, -2...2), sources: [2]),
                IntegerNetwork.Operation(.square(count: hidden), sources: [3]),
                IntegerNetwork.Operation(random(2, squares + hidden, -900...900), sources: order),
            ], outputScale: 1, labels: ["a", "b"])
        try checkEveryInput(of: network, seed: seed)
        let joint = OutputBounds.certify(network, methods: [.joint])
        #expect(joint.layers[4].ends[.joint] ?? 0 > 0, "the joint bound gives no end, seed \(seed)")
    }

    private func checkEveryInput(of network: IntegerNetwork, seed: UInt64) throws {
        let reference = IntegerReference(network)
        let certificates = Self.methods.map { OutputBounds.certify(network, methods: $0) }
        var lowest: [BigInt] = []
        var highest: [BigInt] = []
        try everyInput(of: network) { input in
            let logits = try reference.logits(input)
            lowest = lowest.isEmpty ? logits : zip(lowest, logits).map { min($0, $1) }
            highest = highest.isEmpty ? logits : zip(highest, logits).map { max($0, $1) }
        }
        for (methods, certificate) in zip(Self.methods, certificates) {
            for (index, range) in certificate.outputs.enumerated() {
                #expect(
                    range.lowerBound <= lowest[index] && highest[index] <= range.upperBound,
                    "seed \(seed), \(methods), output \(index)")
            }
        }
    }

    /// A linear network and a single square over one are bounded exactly.
    @Test func intervalsAreExactWithoutCorrelation() throws {
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [2], range: -1...3, scale: 1),
            layers: [
                .dense(Dense(weights: [2, -1, 0, 1], bias: [1, 2], inputs: 2, outputs: 2)),
                .square(count: 2),
            ], outputScale: 1, labels: ["a", "b"])
        let bounds = OutputBounds.certify(network)
        #expect(bounds.outputs == [0...64, 1...25])
        #expect(bounds.magnitude == 64)
    }

    @Test func paddingCountsAsZero() throws {
        // A kernel of ones over a lone pixel of 1...2: the padding adds nothing.
        let convolution = try Convolution(
            weights: Array(repeating: 1, count: 9), bias: [0],
            inputShape: .init(channels: 1, height: 1, width: 1),
            kernel: .init(height: 3, width: 3),
            padding: .init(top: 1, left: 1, bottom: 1, right: 1))
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [1, 1, 1], range: 1...2, scale: 1),
            layers: [.convolution(convolution)], outputScale: 1, labels: ["y"])
        #expect(OutputBounds.certify(network).outputs == [1...2])
    }

    /// h = (x + y)^2 - (x - y)^2 = 4xy: within +-16 for x, y in -2...2, where intervals can only say +-16 too, and
    /// h = (x + y)^2 + (x - y)^2 = 2x^2 + 2y^2 <= 16, where intervals say 32 and the forms are exact.
    @Test func formsSeeWhatCancels() throws {
        func bounds(_ methods: Set<BoundMethod>, _ sign: Int64) throws -> ClosedRange<BigInt> {
            let network = try IntegerNetwork(
                input: InputSpecification(shape: [2], range: -2...2, scale: 1),
                layers: [
                    .dense(Dense(weights: [1, 1, 1, -1], bias: [0, 0], inputs: 2, outputs: 2)),
                    .square(count: 2),
                    .dense(Dense(weights: [1, sign], bias: [0], inputs: 2, outputs: 1)),
                ], outputScale: 1, labels: ["y"])
            return OutputBounds.certify(network, methods: methods).outputs[0]
        }
        #expect(try bounds([.interval], 1) == 0...32)
        #expect(try bounds([.rowSums], 1) == 0...16)
        #expect(try bounds([.semidefinite], 1).upperBound <= 17)
        #expect(try bounds([.rowSums], -1) == -16...16)
        let report = try #require(
            OutputBounds.certify(tiny(0), methods: [.interval]).layers.first)
        #expect(report.ends[.interval] == 2 * tiny(0).layers[0].outputCount)
    }

    /// h1 = x^2 and h2 = 4 - x^2 are never large together: h1^2 + h2^2 <= 16 for x in -2...2.
    @Test func jointBoundSeesWhatIsNeverLargeTogether() throws {
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [1], range: -2...2, scale: 1),
            layers: [
                .dense(Dense(weights: [1], bias: [0], inputs: 1, outputs: 1)), .square(count: 1),
                .dense(Dense(weights: [1, -1], bias: [0, 4], inputs: 1, outputs: 2)),
                .square(count: 2),
                .dense(Dense(weights: [1, 1, -1, -1], bias: [0, 0], inputs: 2, outputs: 2)),
            ], outputScale: 1, labels: ["y", "-y"])
        let without = OutputBounds.certify(network, methods: [.rowSums, .semidefinite])
        #expect(without.outputs[0] == 0...32)
        let joint = OutputBounds.certify(network, methods: [.rowSums, .joint])
        #expect(joint.outputs[0].upperBound >= 16 && joint.outputs[0].upperBound <= 18)
        // At least half of 4^2 is always there: (h1 + h2)^2 / 2 = 8. Intervals see none of it.
        #expect(joint.outputs[1].upperBound <= -1 && joint.outputs[1].upperBound >= -8)
        #expect(joint.layers[4].ends[.joint] == 4)
    }

    /// Rank-one forms: the semidefinite bound is known to be tight, and must come close to it.
    @Test func semidefiniteBoundIsTightWhereItShould() throws {
        // h = (sum c_i x_i)^2 with x in -3...3 reaches (3 sum |c|)^2.
        let weights: [Int64] = [5, -3, 2, 7, -1, 4, 0, 6]
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [8], range: -3...3, scale: 1),
            layers: [
                .dense(Dense(weights: weights + weights, bias: [0, 0], inputs: 8, outputs: 2)),
                .square(count: 2),
                .dense(Dense(weights: [3, -2], bias: [0], inputs: 2, outputs: 1)),
            ], outputScale: 1, labels: ["y"])
        // 3 z^2 - 2 z^2 = z^2: intervals allow 3 z^2.
        let exact = BigInt(84 * 84)
        let bound = OutputBounds.certify(network, methods: [.semidefinite]).outputs[0]
        #expect(bound.upperBound >= exact)
        #expect(bound.upperBound * 100 <= exact * 101)
        #expect(
            OutputBounds.certify(network, methods: [.interval]).outputs[0].upperBound == exact * 3)
    }

    /// Larger networks, sampled at random and by climbing towards the ends.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func neverBelowSampledValues(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var options = RandomNetwork.Options()
        options.side = 6...9
        options.maps = 2...4
        options.hidden = 4...8
        options.linearLayers = 3...3
        let network = RandomNetwork.make(using: &generator, options: options)
        let reference = IntegerReference(network)
        let bounds = Self.methods.map { OutputBounds.certify(network, methods: $0) }
        let range = network.input.range
        for output in 0..<network.outputCount {
            for sign in [1, -1] {
                var input = RandomNetwork.input(for: network, using: &generator)
                var best = try reference.logits(input)[output] * BigInt(sign)
                for index in input.indices {
                    for value in [range.lowerBound, range.upperBound] {
                        let old = input[index]
                        input[index] = value
                        let found = try reference.logits(input)[output] * BigInt(sign)
                        if found > best { best = found } else { input[index] = old }
                    }
                }
                for (methods, bound) in zip(Self.methods, bounds) {
                    #expect(
                        bound.outputs[output].contains(best * BigInt(sign)),
                        "seed \(seed), \(methods), output \(output)")
                }
            }
        }
    }

    /// Numbers beyond Int64 and forms beyond Double go to exact big intervals.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func hugeWeights(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var options = RandomNetwork.Options()
        options.linearLayers = 2...4
        options.weight = seed % 2 == 0 ? .min ... .max : -2_000_000...2_000_000
        options.bias = options.weight
        let network = RandomNetwork.make(using: &generator, options: options)
        let bounds = OutputBounds.certify(network)
        let reference = IntegerReference(network)
        for _ in 0..<20 {
            let input = RandomNetwork.input(for: network, using: &generator)
            for (range, value) in zip(bounds.outputs, try reference.logits(input)) {
                #expect(range.contains(value), "seed \(seed)")
            }
        }
    }

    /// A box of one point, and forms whose integers would overflow.
    @Test func degenerateBoxes() throws {
        for (weight, factor) in [(3, Int64.max), (1 << 40, 2), (1 << 20, 1 << 40)]
            as [(Int64, Int64)]
        {
            for range in [0...0, 2...2, -1...1] {
                let network = try IntegerNetwork(
                    input: InputSpecification(shape: [1], range: range, scale: 1),
                    layers: [
                        .dense(Dense(weights: [weight], bias: [0], inputs: 1, outputs: 1)),
                        .square(count: 1),
                        .dense(Dense(weights: [factor], bias: [0], inputs: 1, outputs: 1)),
                    ], outputScale: 1, labels: ["y"])
                let bounds = OutputBounds.certify(network).outputs[0]
                for value in range {
                    let logit = try IntegerReference.logits(network, input: [value])[0]
                    #expect(bounds.contains(logit))
                }
            }
        }
    }

    @Test func repeats() {
        let network = tiny(5)
        #expect(OutputBounds.certify(network) == OutputBounds.certify(network))
    }
}
