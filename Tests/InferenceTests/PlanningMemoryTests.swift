// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing

/// Planning does no work twice, and plans what it would without a memory. Counts are exact: a change that raises one
/// must say why.
@Suite struct PlanningMemoryTests {
    private static let network = RandomNetwork.make(seed: 11)

    private static func plan(
        privacy: Int?, memory: PlanningMemory, trials: Int = 200
    ) throws -> Plan {
        var planner = Planner.insecure(degrees: [64, 128, 256])
        planner.functionPrivacyBits = privacy
        planner.chainTrials = trials
        let bounds = OutputBounds.certify(network)
        return try planner.plan(
            network,
            outputs: OutputReading(
                network, bounds: bounds.outputs, boundMethod: "interval", rangeIsProven: true),
            method: .slots, memory: memory)
    }

    private static func counts(privacy: Int?, trials: Int = 200) throws -> PlanningMemory.Counts {
        let memory = PlanningMemory()
        _ = try plan(privacy: privacy, memory: memory, trials: trials)
        return memory.counts
    }

    @Test func counts() throws {
        let counts = try Self.counts(privacy: 0)
        #expect(counts.circuits == 4)
        #expect(counts.bounds == 6)
        #expect(counts.plaintexts == 6)
        #expect(counts.chains == 25)
        #expect(counts.evaluations == 50)
    }

    /// Layouts and plaintext moduli serve both plans of a choice of function privacy.
    @Test func privacySharesLayouts() throws {
        let (plain, both) = (try Self.counts(privacy: 0), try Self.counts(privacy: nil))
        #expect(both.circuits == plain.circuits)
        #expect(both.plaintexts == plain.plaintexts)
        #expect(both.chains > plain.chains)
    }

    /// Random steps come back to chains that were tried.
    @Test func chainsAreTriedOnce() throws {
        let (few, many) = (try Self.counts(privacy: 0), try Self.counts(privacy: 0, trials: 2000))
        #expect(many.chains < few.chains + 1800)
        #expect(many.evaluations < 5 * many.chains)
    }

    @Test func aMemoryChangesNothing() throws {
        let memory = PlanningMemory()
        let first = try Self.plan(privacy: 40, memory: memory)
        let counts = memory.counts
        let again = try Self.plan(privacy: 40, memory: memory)
        #expect(again.slots.choices == first.slots.choices)
        #expect(again.slots.evaluation == first.slots.evaluation)
        #expect(
            again.slots.choices
                == (try Self.plan(privacy: 40, memory: PlanningMemory())).slots.choices)
        #expect(memory.counts.circuits == counts.circuits)
        #expect(memory.counts.plaintexts == counts.plaintexts)
    }

    /// Whatever is taken, and where a size has no more.
    @Test(arguments: [(64, 14), (64, 20), (4096, 17), (8192, 47)])
    func primes(degree: Int, bits: Int) {
        var supply = PrimeSupply(degree: degree)
        var taken: Set<UInt64> = []
        for _ in 0..<9 {
            let prime = supply.prime(bits: bits, excluding: taken)
            #expect(
                prime
                    == Primes.nttPrimes(
                        bits: bits, count: 1, congruentTo1Modulo: UInt64(2 * degree),
                        excluding: taken
                    ).first)
            guard let prime else { break }
            taken.insert(prime)
        }
        #expect(supply.prime(bits: bits, excluding: []) == taken.max())
    }
}

/// Layers of more diagonals than a search looks at.
@Suite struct LargeLayerTests {
    /// What was estimated is proven with every term, and the outputs are the network's.
    @Test(arguments: [0, 40]) func estimatesArePlannedAndProven(privacy: Int) throws {
        let (inputs, outputs) = (180, 170)
        var generator = SplitMix64(seed: 5)
        func random(_ count: Int) -> [Int64] {
            (0..<count).map { _ in Int64.random(in: -7...7, using: &generator) }
        }
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [inputs], range: -3...3, scale: 1),
            layers: [
                .dense(
                    Dense(
                        weights: random(inputs * outputs), bias: random(outputs), inputs: inputs,
                        outputs: outputs)),
                .square(count: outputs),
                .dense(Dense(weights: random(outputs), bias: [3], inputs: outputs, outputs: 1)),
            ], outputScale: 1, labels: ["x"])
        var planner = Planner.insecure(degrees: [512])
        planner.functionPrivacyBits = privacy
        let plan = try planner.plan(network, method: .slots)
        // A flood may ask for fewer slots, and so for fewer terms.
        let terms = plan.slots.circuit.maps.map { $0.giants.reduce(0) { $0 + $1.terms.count } }
        #expect(privacy > 0 || terms.contains { $0 > 128 })
        #expect(try plan.proven().client == plan.client)
        let input = (0..<inputs).map { _ in Int.random(in: -3...3, using: &generator) }
        let expected = try IntegerReference.logits(network, input: input)
        #expect(try Pair(plan).predictions([input])[0].logits == expected)
    }
}
