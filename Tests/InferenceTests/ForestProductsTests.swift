// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing

/// Trees as products of vectors: how many there are, in what parts, and that no unit comes between them.
@Suite struct ForestProductsTests {
    /// Complete trees, each split of a chain of its own unless told otherwise.
    private static func network(
        trees: Int, levels: Int, chains: [Int]? = nil, condition: (Int, Int) -> Int
    ) throws -> IntegerNetwork {
        let size = 1 << levels - 1
        var splits: [Forest.Split] = []
        for tree in 0..<trees {
            for node in 0..<size {
                func child(_ number: Int) -> Int {
                    number < size ? tree * size + number : -1 - (tree * (size + 1) + number - size)
                }
                splits.append(
                    Forest.Split(
                        condition: condition(tree, node), whenTrue: child(2 * node + 1),
                        whenFalse: child(2 * node + 2)))
            }
        }
        let count = splits.reduce(0) { max($0, $1.condition + 1) }
        let forest = try Forest(
            chains: chains ?? [Int](repeating: 1, count: count), leafCount: trees * (size + 1),
            roots: (0..<trees).map { $0 * size }, splits: splits)
        return try IntegerNetwork(
            input: InputSpecification(
                shape: [forest.conditionCount], range: 0...1, scale: 1),
            operations: [
                .init(.forest(forest), sources: [0]),
                .init(
                    .dense(
                        try Dense(
                            weights: (0..<Int64(forest.leafCount)).map { $0 * $0 % 61 - 30 },
                            bias: [5], inputs: forest.leafCount, outputs: 1)), sources: [1]),
            ], outputScale: 1, labels: ["y"], decision: .regression)
    }

    private static func plan(_ network: IntegerNetwork) throws -> Plan {
        try Planner.insecure(degrees: [256, 512, 1024, 2048]).plan(
            network, method: MethodChoice(.features, samples: 4))
    }

    private static func keySwitches(_ plan: Plan) -> Int? {
        plan.evaluation.operations["key_switches"]
    }

    /// One a split that is neither the root nor of the last level, and one for the sum.
    @Test(arguments: [(1, 0), (2, 1), (3, 3), (4, 7), (5, 15), (6, 31)])
    func relinearizations(levels: Int, expected: Int) throws {
        let network = try Self.network(trees: 1, levels: levels) { $1 }
        let plan = try Self.plan(network)
        let moduli = plan.settings.parameters.plaintextModuli.count
        #expect(Self.keySwitches(plan) == expected * moduli)
    }

    /// Trees that ask for the same conditions share their products; of one chain none is needed.
    @Test func productsAreShared() throws {
        let apart = try Self.plan(Self.network(trees: 2, levels: 3) { 7 * $0 + $1 })
        let shared = try Self.plan(Self.network(trees: 2, levels: 3) { $1 })
        let chain = try Self.plan(Self.network(trees: 2, levels: 3, chains: [7]) { $1 })
        #expect(Self.keySwitches(apart) == 5)
        #expect(Self.keySwitches(shared) == 3)
        #expect(Self.keySwitches(chain) == 1)
    }

    /// At all levels of products Q_l is -1 modulo t: weights stay those of the trees.
    ///
    /// Eight of the key switches of a tree of eight levels are for products that are switched down to the next level.
    @Test(arguments: [(6, 1, 3 * 30 + 1), (8, 2, 3 * (126 + 8) + 1)])
    func productsBringNoUnit(levels: Int, distinct: Int, keySwitches: Int) throws {
        let plan = try Self.plan(Self.network(trees: 3, levels: levels) { 255 * $0 + $1 })
        let method = plan.features
        let parameters = method.choices.parameters
        #expect(parameters.plaintextModuli.count == 1)
        let points = method.circuit.switchPoints.filter { $0 % 2 == 0 }
        #expect(points.count == 3)
        #expect(Set(points.map { method.choices.levels[$0] }).count == distinct)
        for point in points {
            #expect(parameters.productsBringNoUnit(level: method.choices.levels[point]))
        }
        #expect(method.evaluation.operations["key_switches"] == keySwitches)
    }

    /// Primes with a residue are what they are said to be, and as long.
    @Test(arguments: [(37, 4096, 1_589_249), (41, 8192, 5_767_169), (49, 8192, 5_767_169)])
    func primesOfResidues(bits: Int, degree: Int, t: Int) {
        let t = UInt64(t)
        var found = 0
        for residue in [1, 2, t - 1, t / 2] {
            for prime in PrimeSupply.primes(bits: bits, degree: degree, residue: residue, modulo: t)
            {
                found += 1
                #expect(Primes.isPrime(prime))
                #expect(prime % UInt64(2 * degree) == 1 && prime % t == residue)
                #expect(prime > UInt64(5) << UInt64(bits) / 6 && prime < 1 << 49)
            }
        }
        #expect(found >= 4)
        let none = PrimeSupply.primes(
            bits: bits, degree: degree, residue: 1, modulo: (1 << 40) + 15)
        #expect(none.isEmpty)
    }

    /// Of twice the trees, run in three parts, answers are right, counts the plan's, and memory is that of one part.
    @Test func parts() throws {
        func network(trees: Int) throws -> IntegerNetwork {
            try Self.network(trees: trees, levels: 5) { (31 * $0 + 7 * $1) % 300 }
        }
        let one = try Self.plan(network(trees: 148))
        let two = try Self.plan(network(trees: 296))
        func copies(_ plan: Plan) -> Int {
            plan.features.circuit.instructions.count {
                if case .product = $0.step { true } else { false }
            }
        }
        #expect(copies(two) == 3 * copies(one))
        #expect(two.evaluation.memoryBytes < one.evaluation.memoryBytes * 3 / 2)
        let pair = try Pair(two)
        let reference = try IntegerReference(network(trees: 296))
        let samples = try (0..<3).map { try network(trees: 296).example(from: 5 + $0) }
        for (sample, prediction) in zip(samples, try pair.predictions(samples)) {
            #expect(try prediction.logits == reference.logits(sample))
        }
        #expect(pair.server.operations.entries.map(\.count) == two.evaluation.operations.counts)
    }
}
