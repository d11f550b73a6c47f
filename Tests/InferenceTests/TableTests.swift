// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing

/// Functions given by their values, on ciphertexts, against looking them up.
@Suite struct TableTests {
    /// ReLU, a division with rounding half to even, saturation at `most`.
    private static func requantized(_ x: Int64, by divisor: Double, most: Int64) -> Int64 {
        min(max(0, Int64((Double(x) / divisor).rounded(.toNearestOrEven))), most)
    }

    /// Dense layers with a table behind each but the last.
    ///
    /// - Parameter perChannel: whether outputs have divisors of their own.
    private static func network(
        _ widths: [Int], most: Int64 = 7, weight: Int64 = 3, perChannel: Bool = false
    ) throws -> IntegerNetwork {
        var generator = SplitMix64(seed: 5)
        var layers: [IntegerNetwork.Layer] = []
        for (inputs, outputs) in zip(widths, widths.dropFirst()) {
            let dense = try Dense(
                weights: (0..<inputs * outputs).map { _ in
                    Int64.random(in: -weight...weight, using: &generator)
                }, bias: (0..<outputs).map { Int64($0 % 5) - 2 }, inputs: inputs, outputs: outputs)
            layers.append(.dense(dense))
            guard layers.count < 2 * widths.count - 3 else { break }
            let ranges = (0..<outputs).map { row -> ClosedRange<Int64> in
                let weights = dense.weights[row * inputs..<(row + 1) * inputs]
                let high = weights.reduce(0) { $0 + max(0, $1) } * most + dense.bias[row]
                let low = weights.reduce(0) { $0 + min(0, $1) } * most + dense.bias[row]
                return low...high
            }
            layers.append(
                .table(
                    try LookupTables(
                        runs: ranges.enumerated().map { row, range in
                            .init(range) {
                                requantized(
                                    $0, by: perChannel ? 2.5 + Double(row) : 4.5, most: most)
                            }
                        }, choices: Array(0..<outputs))))
        }
        return try IntegerNetwork(
            input: InputSpecification(shape: [widths[0]], range: 0...Int(most), scale: 1),
            layers: layers, outputScale: 1,
            labels: IntegerNetwork.defaultLabels(widths[widths.count - 1]))
    }

    private static let planner = Planner.insecure(degrees: [1024, 2048, 4096, 8192])

    private static let networks: [[Int]] = [[3, 2, 3], [4, 3, 2, 2], [5, 4, 3, 3]]

    @Test func tablesMayTakeTheLargestRing() throws {
        let usual = [4096, 8192, 16384, 32768]
        let tables = try Self.network([3, 2, 3])
        #expect(Planner().degrees(for: tables) == usual + [65536])
        #expect(Planner(degrees: [4096]).degrees(for: tables) == [4096])
        let dense = try IntegerNetwork(
            input: InputSpecification(shape: [1], range: 0...1, scale: 1),
            layers: [.dense(Dense(weights: [1], bias: [0], inputs: 1, outputs: 1))],
            outputScale: 1, labels: ["x"])
        #expect(Planner().degrees(for: dense) == usual)
    }

    @Test(arguments: networks.indices) func encryptedIsLookedUp(index: Int) throws {
        let network = try Self.network(
            Self.networks[index], most: index == 2 ? 3 : 7, perChannel: index == 1)
        let plan = try Self.planner.plan(network, method: MethodChoice(.features, samples: 8))
        let pair = try Pair(plan)
        let reference = IntegerReference(network)
        let samples = (0..<8).map { network.example(from: 3 * $0) }
        let before = pair.server.operations
        let found = try pair.predictions(samples)
        for (sample, prediction) in zip(samples, found) {
            #expect(try prediction.logits == reference.logits(sample))
        }
        let made = pair.server.operations.entries.map { $0.count - (before[$0.name] ?? 0) }
        #expect(made == plan.evaluation.operations.counts)
    }

    /// The same of one sample, in the slots of one ciphertext: elements with tables of their own, and images.
    @Test(arguments: networks.indices) func slots(index: Int) throws {
        let network = try Self.network(
            Self.networks[index], most: index == 2 ? 3 : 7, perChannel: index == 1)
        let plan = try Self.planner.plan(network, method: .slots)
        let pair = try Pair(plan)
        let reference = IntegerReference(network)
        for number in 0..<3 {
            let sample = network.example(from: 5 * number)
            let before = pair.server.operations
            let found = try pair.predictions([sample])
            #expect(try found[0].logits == reference.logits(sample))
            let made = pair.server.operations.entries.map { $0.count - (before[$0.name] ?? 0) }
            #expect(made == plan.evaluation.operations.counts)
        }
    }

    /// Tables of any length at the end, where what comes last is what is put out; with replies that hide weights, too.
    @Test(
        arguments: [1, 2, 3, 4, 5, 6, 7, 9, 17, 31], [MethodName.slots, .features])
    func tableAtTheEnd(count: Int, method: MethodName) throws {
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [2], range: 0...max(1, count - 1), scale: 1),
            layers: [
                .dense(
                    try Dense(
                        weights: count == 1 ? [0, 0, 0, 0] : [1, 0, 0, -1], bias: [0, 2], inputs: 2,
                        outputs: 2)),
                .table(
                    try LookupTables(
                        runs: [
                            .init(0...Int64(count - 1)) { ($0 * $0 + 3) % 7 },
                            .init(3 - Int64(count)...2) { $0 < 0 ? 5 : $0 },
                        ], choices: [0, 1])),
            ], outputScale: 1, labels: ["a", "b"])
        for privacy in count == 5 ? [0, 40] : [0] {
            var planner = Self.planner
            planner.functionPrivacyBits = privacy
            let plan = try planner.plan(network, method: MethodChoice(method, samples: 4))
            #expect(plan.settings.functionPrivacyBits == privacy)
            let pair = try Pair(plan)
            let reference = IntegerReference(network)
            let samples = (0..<max(2, count)).map { [$0, max(1, count - 1) - $0] }
            for group in method == .slots ? samples.map({ [$0] }) : [samples] {
                let before = pair.server.operations
                let found = try pair.predictions(group)
                for (sample, prediction) in zip(group, found) {
                    #expect(try prediction.logits == reference.logits(sample))
                }
                let made = pair.server.operations.entries.map { $0.count - (before[$0.name] ?? 0) }
                #expect(made == plan.evaluation.operations.counts)
            }
        }
    }

    /// Polynomials go through all values, whatever the run.
    @Test(arguments: [1, 2, 3, 31, 64, 257]) func interpolation(count: Int) throws {
        let t: UInt64 = 65537
        let run = LookupTables.Run(Int64(-count / 2)...Int64(count - 1 - count / 2)) {
            ($0 * $0 * 7919 + 13) % 211 - 100
        }
        let tables = try LookupTables(runs: [run], choices: [0])
        let polynomials = TablePolynomials(tables)
        #expect(TableSteps(values: count).products < max(2, count))
        for x in run.domain {
            var sum: UInt64 = 0
            for power in (0..<count).reversed() {
                let c = polynomials.coefficients(ofPower: power, modulo: t)[0]
                sum = ModularArithmetic.add(
                    ModularArithmetic.multiply(
                        sum, ModularArithmetic.reduce(x, modulo: t), modulo: t), c, modulo: t)
            }
            #expect(ModularArithmetic.centered(sum, modulo: t) == run[x])
        }
    }

    /// Leaves and giants put together as each form says give the values of long and short runs, and take no more products
    /// in a row than the longest asks for.
    @Test(arguments: [3, 9, 12, 13, 16, 28, 31, 100, 240, 241, 256, 500], [1, 5])
    func forms(count: Int, sharing: Int) throws {
        let t: UInt64 = 65537
        let runs = [count, count / 2 + 1].map { count -> LookupTables.Run in
            let low = Int64(-count / 3)
            return LookupTables.Run(low...low + Int64(count) - 1) {
                ($0 * $0 * 7919 + 13) % 211 - 100
            }
        }
        let polynomials = TablePolynomials(try LookupTables(runs: runs, choices: [0, 1]))
        let steps = TableSteps(values: count, sharing: sharing)
        for (element, run) in runs.enumerated() {
            func value(_ x: UInt64) -> UInt64 {
                func multiply(_ a: UInt64, _ b: UInt64) -> UInt64 {
                    ModularArithmetic.multiply(a, b, modulo: t)
                }
                func add(_ a: UInt64, _ b: UInt64) -> UInt64 {
                    ModularArithmetic.add(a, b, modulo: t)
                }
                func power(_ exponent: Int) -> UInt64 {
                    ModularArithmetic.power(x, UInt64(exponent), modulo: t)
                }
                func leaf(_ block: Int) -> UInt64 {
                    (0..<steps.blockSize).reduce(0) { sum, place in
                        let c = polynomials.coefficients(
                            at: block * steps.blockSize + place, of: steps, modulo: t)[element]
                        return add(sum, multiply(c, power(place)))
                    }
                }
                func monic(_ blocks: Range<Int>) -> UInt64 {
                    guard blocks.count > 1 else { return leaf(blocks.lowerBound) }
                    let middle = blocks.lowerBound + blocks.count / 2
                    let giant = power(steps.babies * (blocks.count / 2 + 1))
                    return add(
                        multiply(add(giant, leaf(middle)), monic(middle + 1..<blocks.upperBound)),
                        monic(blocks.lowerBound..<middle))
                }
                switch steps.form {
                case .tree(let leaves):
                    return (0..<leaves).reduce(0) {
                        add($0, multiply(leaf($1), power($1 * steps.babies)))
                    }
                case .monic(let stages, let hasTop):
                    let all = (1 << stages) - 1
                    let whole = monic(0..<all)
                    return hasTop
                        ? add(whole, multiply(leaf(all), power(all * steps.babies))) : whole
                }
            }
            for x in run.domain {
                let found = value(ModularArithmetic.reduce(x, modulo: t))
                #expect(ModularArithmetic.centered(found, modulo: t) == run[x])
            }
        }
        if case .monic(let stages, let hasTop) = steps.form {
            let depth = steps.babies.trailingZeroBitCount + stages
            #expect(depth == LookupTables.depth(values: count))
            #expect(hasTop == (count > steps.babies * ((1 << stages) - 1)))
        }
    }

    /// Half as many products as leaves, but for the longest runs of a depth.
    @Test func monicFormsTakeFewerProducts() {
        #expect(
            [12, 240, 256, 496, 512].map { TableSteps(values: $0).products } == [5, 25, 29, 34, 39])
        #expect(TableSteps(values: 496).form == .monic(stages: 5, hasTop: false))
        #expect(TableSteps(values: 512).form == .monic(stages: 5, hasTop: true))
    }

    /// An element that its table doesn't cover is refused, and so is a table without an element.
    @Test func runsCoverWhatTheyRead() throws {
        func network(_ domain: ClosedRange<Int64>) throws -> IntegerNetwork {
            try IntegerNetwork(
                input: InputSpecification(shape: [1], range: 0...3, scale: 1),
                layers: [
                    .dense(try Dense(weights: [2], bias: [-1], inputs: 1, outputs: 1)),
                    .table(try LookupTables(runs: [.init(domain) { abs($0) }], choices: [0])),
                ], outputScale: 1, labels: ["y"])
        }
        _ = try network(-1...5)
        #expect(throws: NetworkError.self) { _ = try network(-1...4) }
        #expect(throws: NetworkError.self) { _ = try network(0...5) }
        #expect(throws: NetworkError.self) {
            _ = try LookupTables(runs: [.init(0...1) { $0 }, .init(0...2) { $0 }], choices: [0])
        }
        #expect(throws: NetworkError.self) {
            _ = try LookupTables(
                runs: [.init(0...Int64(LookupTables.mostValues)) { $0 }], choices: [0])
        }
    }
}
