// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing

/// Trees on ciphertexts, against walks through them.
@Suite struct ForestCircuitTests {
    private struct Options {
        var trees = 5
        var levels = 3
        var chains = 3
        var outputs = 1
        /// One in so many places is a leaf before its time.
        var leavesEarly = 4
    }

    private static func network(seed: UInt64, _ options: Options) throws -> IntegerNetwork {
        var generator = SplitMix64(seed: seed)
        let chains = (0..<options.chains).map { _ in Int.random(in: 1...5, using: &generator) }
        let conditions = chains.reduce(0, +)
        var splits: [(condition: Int, children: [Int])] = []
        var roots: [Int] = []
        var leaves = 0
        for _ in 0..<options.trees {
            var waiting = [(level: 0, parent: -1)]
            while let (level, parent) = waiting.popLast() {
                let isLeaf =
                    level == options.levels
                    || level > 0 && Int.random(in: 0..<options.leavesEarly, using: &generator) == 0
                let place = isLeaf ? -1 - leaves : splits.count
                if parent < 0 { roots.append(place) } else { splits[parent].children.append(place) }
                if isLeaf {
                    leaves += 1
                } else {
                    splits.append((Int.random(in: 0..<conditions, using: &generator), []))
                    waiting += [(level + 1, place), (level + 1, place)]
                }
            }
        }
        let forest = try Forest(
            chains: chains, leafCount: leaves, roots: roots,
            splits: splits.map {
                Forest.Split(
                    condition: $0.condition, whenTrue: $0.children[0], whenFalse: $0.children[1])
            })
        let weights = (0..<options.outputs * leaves).map { _ in
            Int64.random(in: -40...40, using: &generator)
        }
        return try IntegerNetwork(
            input: InputSpecification(shape: [conditions], range: 0...1, scale: 1),
            operations: [
                .init(.forest(forest), sources: [0]),
                .init(
                    .dense(
                        try Dense(
                            weights: weights,
                            bias: (0..<options.outputs).map { Int64(3 * $0 - 5) }, inputs: leaves,
                            outputs: options.outputs)), sources: [1]),
            ], outputScale: 1, labels: IntegerNetwork.defaultLabels(options.outputs),
            decision: options.outputs == 1 ? .regression : .largest)
    }

    private static let shapes: [Options] = [
        Options(), Options(trees: 3, levels: 1), Options(trees: 4, levels: 2, outputs: 3),
        Options(trees: 2, levels: 4, chains: 6, leavesEarly: 9),
        Options(trees: 2, levels: 5, chains: 7, outputs: 2),
        Options(trees: 1, levels: 6, chains: 8, leavesEarly: 5),
        Options(trees: 1, levels: 7, chains: 9, leavesEarly: 3),
    ]

    private static let planner = Planner.insecure(degrees: [256, 512, 1024, 2048, 4096])

    /// Encrypted outputs are those of a walk through the trees, and all that the plan counted was done.
    @Test(arguments: shapes.indices, [MethodName.slots, .features])
    func encryptedIsClear(index: Int, method: MethodName) throws {
        let network = try Self.network(seed: UInt64(index), Self.shapes[index])
        try check(Self.planner.plan(network, method: MethodChoice(method, samples: 4)), network)
    }

    /// The same where replies hide the model: every ciphertext of them is flooded.
    @Test(arguments: [0, 2, 3]) func hidden(index: Int) throws {
        let network = try Self.network(seed: UInt64(index), Self.shapes[index])
        var planner = Self.planner
        planner.functionPrivacyBits = 40
        let plan = try planner.plan(network, method: .slots)
        #expect(plan.settings.functionPrivacyBits == 40)
        let pairs = (plan.client.method as? Slots)?.factorPairs ?? 0
        let floods = plan.evaluation.operations["floods"]
        let moduli = plan.settings.parameters.plaintextModuli.count
        #expect(pairs > 0 && floods == (2 * pairs + 1) * moduli)
        try check(plan, network)
    }

    private func check(_ plan: Plan, _ network: IntegerNetwork) throws {
        let pair = try Pair(plan)
        let reference = IntegerReference(network)
        let count = plan.client.samplesPerGroup == 1 ? 1 : 4
        for start in 0..<3 {
            let samples = (0..<count).map { network.example(from: 11 * start + $0) }
            let before = pair.server.operations
            let found = try pair.predictions(samples)
            for (sample, prediction) in zip(samples, found) {
                #expect(try prediction.logits == reference.logits(sample))
            }
            let made = pair.server.operations.entries.map { $0.count - (before[$0.name] ?? 0) }
            #expect(made == plan.evaluation.operations.counts)
        }
    }

    /// Where there are fewer bits than literals of them, moduli are dropped from the bits.
    @Test func moduliAreDroppedFromBits() throws {
        func mapsBehindSwitches(_ options: Options) throws -> Int {
            let circuit = try FeatureCircuits.circuit(
                Self.network(seed: 1, options),
                shape: SlotShape(degree: 4096, index: 1), samples: 2048, babyCounts: [])
            let steps = circuit.instructions.map(\.step)
            return zip(steps, steps.dropFirst()).count {
                if case (.switchPoint(let point), .map) = ($0, $1) { point % 2 == 0 } else { false }
            }
        }
        #expect(try mapsBehindSwitches(Options(trees: 9)) > 0)
        #expect(try mapsBehindSwitches(Options(trees: 1, chains: 12)) == 0)
    }

    /// The cheapest method of all is found for trees of one split, which take no product.
    @Test func anyMethod() throws {
        let network = try Self.network(seed: 1, Self.shapes[1])
        let plan = try Self.planner.plan(network, method: .auto)
        #expect(plan.client.method is Slots)
        try check(plan, network)
    }

    /// Networks that no layout has are refused, as a plan's file may name them.
    @Test func whatHasNoLayout() throws {
        func network(_ splits: Int, weight: Int64) throws -> IntegerNetwork {
            // A list of splits, each of a chain of its own.
            let forest = try Forest(
                chains: [Int](repeating: 1, count: splits), leafCount: splits + 1, roots: [0],
                splits: (0..<splits).map {
                    Forest.Split(
                        condition: $0, whenTrue: $0 + 1 < splits ? $0 + 1 : -1 - splits,
                        whenFalse: -1 - $0)
                })
            return try IntegerNetwork(
                input: InputSpecification(shape: [splits], range: 0...1, scale: 1),
                operations: [
                    .init(.forest(forest), sources: [0]),
                    .init(
                        .affine(
                            .init(
                                matrix: {
                                    var matrix = SparseIntegerMatrix(columns: splits + 1)
                                    if weight != 0 { matrix.append(column: splits, weight: weight) }
                                    matrix.endRow()
                                    return matrix
                                }(), bias: [1])), sources: [1]),
                ], outputScale: 1, labels: ["y"], decision: .regression)
        }
        _ = try Self.planner.plan(network(3, weight: 5), method: .slots)
        #expect(throws: PlanError.self) {
            _ = try Self.planner.plan(network(3, weight: 0), method: .slots)
        }
        #expect(throws: PlanError.self) {
            _ = try Self.planner.plan(network(300, weight: 5), method: .slots)
        }
        #expect(throws: NetworkError.self) { _ = try network(Forest.mostLevels + 1, weight: 5) }
    }

    /// Whatever the layout: one leaf a slot or two, one map or two, one group or several.
    @Test(arguments: [
        [1, 64, 1], [2, 64, 1], [1, 8, 8], [2, 8, 8], [1, 8, 8, 16, 4], [2, 8, 8, 16, 4],
        [1, 4, 2, 16, 8], [2, 6, 2, 16, 8],
    ]) func everyLayout(numbers: [Int]) throws {
        for options in [Options(trees: 40), Options(trees: 9, levels: 4, chains: 5, outputs: 2)] {
            let network = try Self.network(seed: 7, options)
            let plan = try Self.planner.plan(network, method: .slots)
            let circuit = try SlotCircuits.circuit(
                network, shape: plan.slots.circuit.shape, samples: 1, babyCounts: numbers)
            #expect(circuit.babyCounts == numbers)
            let reference = IntegerReference(network)
            for number in 0..<5 {
                let sample = network.example(from: 3 + number)
                let found = try Self.logits(of: sample, through: circuit, plan)
                #expect(try found == reference.logits(sample), "\(numbers)")
            }
        }
    }

    /// A circuit in the open, with a plan's moduli.
    private static func logits(
        of sample: [Int], through circuit: Circuit<SlotCircuits>, _ plan: Plan
    ) throws -> [BigInt] {
        let old = plan.slots.client.settings
        let parameters = old.parameters
        let levels = [Int](repeating: parameters.maximumLevel, count: circuit.switchPointCount)
        var units: [UInt64] = []
        let slots = try ResidueSlots.all(parameters).enumerated().flatMap { index, residues in
            let interpreter = ClearSlots(circuit: circuit, residues: residues)
            let program = try Program(
                circuit, levels: levels, maximumLevel: parameters.maximumLevel,
                isOne: circuit.unitIsOne(parameters), on: interpreter)
            units.append(program.outputUnit.value(parameters, plaintextIndex: index))
            return try program.run([sample], on: interpreter)
        }
        let settings = BFVSettings(
            parameters: parameters, keys: old.keys, outputUnits: units,
            replyC0Bits: old.replyC0Bits, replyC1Bits: old.replyC1Bits,
            noiseMarginBits: old.noiseMarginBits, functionPrivacyBits: 0)
        let outputs = plan.client.outputs
        return SlotCircuits.client(settings, circuit, outputCount: outputs.count).outputs(
            slots, OutputDecoder(settings, outputs), samples: 1, noiseMarginBits: .infinity
        ).logits(of: 0)
    }

    /// Every sample that there can be, through circuits in the open: each output is a walk's, and within its bounds.
    @Test(arguments: shapes.indices) func everySample(index: Int) throws {
        let network = try Self.network(seed: 100 + UInt64(index), Self.shapes[index])
        guard case .forest(let forest) = network.operations[0].layer else { return }
        let bounds = OutputBounds.certify(network)
        let reference = IntegerReference(network)
        let plan = try Self.planner.plan(network, method: .slots)
        var samples: [[Int]] = [[]]
        for count in forest.chains {
            samples = samples.flatMap { start in
                (0...count).map { first in start + (0..<count).map { $0 < first ? 0 : 1 } }
            }
        }
        var generator = SplitMix64(seed: 1)
        for sample in samples.shuffled(using: &generator).prefix(200) {
            let logits = try reference.logits(sample)
            let clear = try plan.slots.clearLogits(of: [sample], outputs: plan.client.outputs)
            #expect(clear == [logits])
            for (logit, range) in zip(logits, bounds.outputs) { #expect(range.contains(logit)) }
        }
        // Of several trees, narrower than by all leaves apart.
        #expect(bounds.layers[1].ends[.trees] != nil || forest.roots.count == 1)
    }
}
