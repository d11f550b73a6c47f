// SPDX-License-Identifier: Apache-2.0

import FuzzTargets
import Inference
import InferenceClient
import TestSupport
import Testing
import Wire

/// Plans whose fields are changed at random, all digests right: refused by a typed error, or plans that a server can
/// prepare and predict with, and a client can work by.
@Suite struct HostilePlanTests {
    private typealias Generator = SplitMix64

    @Test(arguments: Method.onLattices) func serverPlans(method: Method) throws {
        let fixture = try Fixture.of(method)
        var generator = Generator(seed: 0x5E47)
        var counts = (read: 0, proven: 0)
        for _ in 0..<2000 {
            let bytes = try fixture.resealed(method: .serverPlan) {
                (message: inout Blindsight_V6_BFVServerMessage) in
                for _ in 0...Int.random(in: 0..<2, using: &generator) {
                    switch Int.random(in: 0..<5, using: &generator) {
                    case 0: Mutation.change(&message.levels, &generator)
                    case 2: Mutation.change(&message.evaluation.memoryBytes, &generator)
                    case 1: Mutation.change(&message.babyCounts, &generator)
                    default: Self.change(&message.client, &generator)
                    }
                }
            }
            do {
                let plan = try Plan(serialized: bytes, allowInsecure: true)
                counts.read += 1
                if (try? plan.proven()) != nil { counts.proven += 1 }
                try Fixture.serve(plan)
            } catch {
                #expect(Party.isTyped(error), "\(error)")
            }
        }
        #expect(counts.read > 100 && counts.proven < counts.read, "\(counts)")
    }

    @Test(arguments: Method.onLattices) func clientPlans(method: Method) throws {
        let fixture = try Fixture.of(method)
        var generator = Generator(seed: 0xC11E)
        var count = 0
        for _ in 0..<1000 {
            let bytes = try fixture.resealed(method: .clientPlan) {
                (message: inout Blindsight_V6_BFVMessage) in
                for _ in 0...Int.random(in: 0..<2, using: &generator) {
                    Self.change(&message, &generator)
                }
            }
            do {
                let plan = try ClientPlan(serialized: bytes, allowInsecure: true)
                count += 1
                try Fixture.own(Client(plan))
            } catch {
                #expect(Party.isTyped(error), "\(error)")
            }
        }
        #expect(count > 100)
    }

    /// Weights of all sizes, layers that read other values: no plan was made for these.
    @Test(arguments: Method.allCases) func networks(method: Method) throws {
        let fixture = try Fixture.of(method)
        var generator = Generator(seed: 0x4E27)
        var count = 0
        for _ in 0..<500 {
            let bytes = try fixture.resealed(network: { message in
                for _ in 0...Int.random(in: 0..<2, using: &generator) {
                    let at = message.operations.indices.randomElement(using: &generator)!
                    Self.change(&message.operations[at], &generator)
                }
            })
            do {
                let plan = try Plan(serialized: bytes, allowInsecure: true)
                count += 1
                if let proven = try? plan.proven() { #expect(proven.client == plan.client) }
                try Fixture.serve(plan)
            } catch {
                #expect(Party.isTyped(error), "\(error)")
            }
        }
        #expect(count > 50)
    }

    @Test(arguments: Method.allCases, [ArtifactKind.clientPlan, .serverPlan])
    func inputsAndOutputs(method: Method, kind: ArtifactKind) throws {
        let fixture = try Fixture.of(method)
        var generator = Generator(seed: 0x1008)
        for _ in 0..<400 {
            let bytes = try fixture.resealed(plan: kind) { Self.change(&$0, &generator) }
            do { try fixture.use(bytes, as: kind) } catch {
                #expect(Party.isTyped(error), "\(error)")
            }
        }
    }

    private static func change(
        _ message: inout Blindsight_V6_BFVMessage, _ generator: inout Generator
    ) {
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: Mutation.change(&message.inputLayout, &generator)
        case 1: Mutation.change(&message.outputLayout, &generator)
        case 2: Mutation.change(&message.outputUnits, &generator)
        case 3: Mutation.change(&message.replyC0Bits, &generator)
        case 4: Mutation.change(&message.replyC1Bits, &generator)
        case 5:
            message.noiseMarginBits[0] = [
                0.015625, 1, 63.9, 0, -1, .nan, .infinity, .leastNonzeroMagnitude,
            ].randomElement(using: &generator)!
        case 6: changeLattice(&message, &generator)
        case 7: Mutation.change(&message.plaintexts.generators, &generator)
        case 8: Mutation.change(&message.keys.relinearization.level, &generator)
        case 9: Mutation.change(&message.keys.relinearization.digitBits, &generator)
        case 10: changeGalois(&message.keys, &generator)
        default: Mutation.change(&message.outputCount, &generator)
        }
    }

    private static func change(
        _ message: inout Blindsight_V6_OperationMessage, _ generator: inout Generator
    ) {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: Mutation.change(&message.sources, &generator)
        case 1: Mutation.change(&message.sizes, &generator)
        case 2: message.kind = message.kind == .square ? .product : .square
        case 3: Mutation.change(&message.columnIndices, &generator)
        case 4: Mutation.change(&message.rowCounts, &generator)
        case 5: Mutation.change(&message.bias, &generator)
        default:
            guard let at = message.weights.indices.randomElement(using: &generator) else { return }
            Mutation.change(&message.weights[at], &generator)
        }
    }

    private static func changeLattice(
        _ message: inout Blindsight_V6_BFVMessage, _ generator: inout Generator
    ) {
        // Primes that are 1 modulo 2^12.
        let primes: [UInt64] = [12289, 40961, 61441, 65537, 1_099_511_480_321, 114689, 147457]
        let prime = primes.randomElement(using: &generator)!
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: message.keys.lattice.degree &*= 2
        case 1: message.keys.lattice.degree /= 2
        case 2: Mutation.change(&message.keys.lattice.ciphertextModuli, &generator)
        case 3: message.keys.lattice.ciphertextModuli.append(prime)
        case 4: message.keys.lattice.ciphertextModuli = [prime]
        case 5: message.keys.lattice.specialModulus = prime
        case 6: message.plaintexts.moduli[0] = prime
        default: Mutation.change(&message.keys.lattice.securityBits, &generator)
        }
    }

    private static func changeGalois(
        _ keys: inout Blindsight_V6_KeySetMessage, _ generator: inout Generator
    ) {
        guard let at = keys.galois.indices.randomElement(using: &generator) else {
            var key = Blindsight_V6_GaloisKeyMessage()
            key.element = 3
            key.gadget = keys.relinearization
            keys.galois.append(key)
            return
        }
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: Mutation.change(&keys.galois[at].element, &generator)
        case 1: Mutation.change(&keys.galois[at].gadget.level, &generator)
        case 2: Mutation.change(&keys.galois[at].gadget.digitBits, &generator)
        case 3: keys.galois.remove(at: at)
        default:
            // One more than are used.
            var key = keys.galois[at]
            key.element &+= 2
            keys.galois.insert(key, at: at + 1)
        }
    }

    private static func change(
        _ message: inout Blindsight_V6_PlanMessage, _ generator: inout Generator
    ) {
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: Mutation.change(&message.input.shape, &generator)
        case 1: Mutation.change(&message.input.lowest, &generator)
        case 2: Mutation.change(&message.input.highest, &generator)
        case 3: Mutation.change(&message.input.zeroPoint, &generator)
        case 4:
            message.input.scale = [0, -1, .nan, .infinity, 1e-38, 3].randomElement(
                using: &generator)!
        case 5: message.outputs.bounds.swapAt(0, message.outputs.bounds.count - 1)
        case 6:
            let texts = ["0", "-1", "1", "99999999999999999999999999999999999999", "x", "", "-0"]
            message.outputs.bounds[0].highest = texts.randomElement(using: &generator)!
        case 7: message.outputs.rangeIsCalibrated.toggle()
        default: message.outputs.labels.shuffle(using: &generator)
        }
    }
}
