// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import FuzzTargets
import Inference
import InferenceClient
import SwiftProtobuf
import Testing
import Wire

/// What the method's section of a plan may not say, all digests right.
@Suite struct MethodSectionTests {
    @Test(arguments: [ArtifactKind.clientPlan, .serverPlan]) func lattices(kind: ArtifactKind)
        throws
    {
        let changes: [(String, (inout Blindsight_V6_BFVMessage) -> Void)] = [
            ("no keys", { $0.clearKeys() }),
            ("degree 0", { $0.keys.lattice.degree = 0 }),
            ("degree not a power of two", { $0.keys.lattice.degree = 96 }),
            ("degree 2^31", { $0.keys.lattice.degree = 1 << 31 }),
            ("degree doubled", { $0.keys.lattice.degree *= 2 }),
            ("composite modulus", { $0.keys.lattice.ciphertextModuli[0] = 257 * 641 }),
            ("modulus 0", { $0.keys.lattice.specialModulus = 0 }),
            ("modulus 2^64 - 1", { $0.keys.lattice.specialModulus = .max }),
            ("no moduli", { $0.keys.lattice.ciphertextModuli = [] }),
            (
                "a modulus twice",
                { $0.keys.lattice.specialModulus = $0.keys.lattice.ciphertextModuli[0] }
            ),
            ("1 bit of security", { $0.keys.lattice.securityBits = 1 }),
            // A small ring can't claim it.
            ("128 bits of security", { $0.keys.lattice.securityBits = 128 }),
            ("256 bits of security", { $0.keys.lattice.securityBits = 256 }),
            ("2^32 - 1 bits of security", { $0.keys.lattice.securityBits = .max }),
            ("level 0", { $0.keys.relinearization.level = 0 }),
            ("level 65", { $0.keys.relinearization.level = 65 }),
            ("level 2^32 - 1", { $0.keys.relinearization.level = .max }),
            ("digits of 0 bits", { $0.keys.relinearization.digitBits = 0 }),
            ("digits of 801 bits", { $0.keys.relinearization.digitBits = 801 }),
            ("Galois element 1", { $0.keys.galois[0].element = 1 }),
            ("an even Galois element", { $0.keys.galois[0].element = 2 }),
            (
                "Galois element 2N + 1",
                { message in
                    let last = message.keys.galois.count - 1
                    message.keys.galois[last].element = 2 * message.keys.lattice.degree + 1
                }
            ),
            ("a Galois key twice", { $0.keys.galois.append($0.keys.galois[0]) }),
            ("Galois keys out of order", { $0.keys.galois.reverse() }),
            ("a Galois key without a gadget", { $0.keys.galois[0].clearGadget() }),
            ("no t", { $0.plaintexts.moduli = [] }),
            ("t twice", { $0.plaintexts.moduli.append($0.plaintexts.moduli[0]) }),
            ("t of 2^62", { $0.plaintexts.moduli[0] = 1 << 62 }),
            ("65 t", { $0.plaintexts.moduli = Array(repeating: 257, count: 65) }),
            ("unit 0", { $0.outputUnits[0] = 0 }),
            ("unit t", { $0.outputUnits[0] = $0.plaintexts.moduli[0] }),
            ("no units", { $0.outputUnits = [] }),
            ("reply of 0 bits", { $0.replyC0Bits = 0 }),
            ("reply of 63 bits", { $0.replyC1Bits = 63 }),
            ("reply of more bits than q_0", { $0.replyC1Bits = 62 }),
            ("reply of 2^32 - 1 bits", { $0.replyC1Bits = .max }),
            ("c0 wider than c1", { $0.replyC0Bits = $0.replyC1Bits + 1 }),
            ("margin 0", { $0.noiseMarginBits[0] = 0 }),
            ("margin of 64 bits", { $0.noiseMarginBits[0] = 64 }),
            ("margin NaN", { $0.noiseMarginBits[0] = .nan }),
            ("margin infinite", { $0.noiseMarginBits[0] = .infinity }),
            ("no margins", { $0.noiseMarginBits = [] }),
            ("short layout", { $0.inputLayout.removeLast() }),
            ("no layout", { $0.inputLayout = [] }),
            (
                "seventeen layouts",
                { $0.inputLayout = Array(repeating: 0, count: 17 * $0.outputLayout.count) }
            ),
            ("input that isn't there", { $0.inputLayout[0] = 7 }),
            ("input 2^32 - 1", { $0.inputLayout[0] = .max }),
            ("output that isn't there", { $0.outputLayout[0] = 4 }),
            ("two output layouts", { $0.outputLayout += $0.outputLayout }),
            ("an output count", { $0.outputCount = 3 }),
            ("one sample spelled out", { $0.samples = 1 }),
            ("three samples side by side", { $0.samples = 3 }),
            ("2^31 samples side by side", { $0.samples = 1 << 31 }),
            (
                "samples of trees side by side",
                { message in
                    message.samples = 2
                    message.factorPairs = 1
                }
            ),
        ]
        for (what, change) in changes {
            try Fixture.expectRefusal(kind, what) { try Self.resealed($0, kind, change) }
        }
        try Fixture.expectRefusal(kind, "layouts of features", nil, .features) {
            try Self.resealed($0, kind) { $0.inputLayout = [1] }
        }
        try Fixture.expectRefusal(kind, "samples side by side", nil, .features) {
            try Self.resealed($0, kind) { $0.samples = 2 }
        }
        try Fixture.expectRefusal(kind, "an output less", nil, .features) {
            try Self.resealed($0, kind) { $0.outputCount -= 1 }
        }
    }

    /// The client's half of a method on lattices, in either file.
    private static func resealed(
        _ fixture: Fixture, _ kind: ArtifactKind, _ change: (inout Blindsight_V6_BFVMessage) -> Void
    ) throws -> [UInt8] {
        if kind == .clientPlan { return try fixture.resealed(method: kind, change) }
        return try fixture.resealed(method: kind) {
            (message: inout Blindsight_V6_BFVServerMessage) in
            change(&message.client)
        }
    }

    @Test(arguments: [ArtifactKind.clientPlan, .serverPlan]) func generators(kind: ArtifactKind)
        throws
    {
        let plan = try #require(try Self.planWithGenerators())
        let fixture = try Fixture(.slots, plan, seed: 1)
        typealias Plaintexts = Blindsight_V6_PlaintextsMessage
        let settings = try #require(plan.client.method as? Slots).settings
        let index = settings.parameters.slots.index
        let generators = settings.parameters.plaintexts.flatMap(\.generator)
        let count = generators.count / index
        func set(_ plaintexts: inout Plaintexts, _ index: Int, _ value: (Int64, Int) -> Int64) {
            plaintexts.generators = plaintexts.moduli.flatMap { t in
                (0..<index).map { value(Int64(t), $0) }
            }
        }
        #expect(index > 1 && count == settings.parameters.plaintextModuli.count)
        let changes: [(String, (inout Plaintexts) -> Void)] = [
            ("none", { $0.generators = [] }),
            ("one off", { $0.generators[1] += 1 }),
            ("one less", { $0.generators.removeLast() }),
            ("one more", { $0.generators.append(0) }),
            ("half of each", { $0.generators.removeLast(index * count / 2) }),
            ("conjugate", { $0.generators[1].negate() }),
            ("largest", { $0.generators[0] = .max }),
            ("least", { $0.generators[0] = .min }),
            ("no primes", { $0.moduli = [] }),
            ("2^64 - 1", { $0.moduli[0] = .max }),
            ("one coefficient", { $0.generators = [1] }),
            ("65 coefficients", { set(&$0, 65) { _, _ in 1 } }),
            ("index 3", { set(&$0, 3) { t, i in i == 0 ? t : 0 } }),
            ("zero", { set(&$0, 2) { _, _ in 0 } }),
            ("generators of 1", { set(&$0, 2) { _, i in i == 0 ? 1 : 0 } }),
            ("generators of -2^63", { set(&$0, 4) { _, _ in .min } }),
            ("generators of 2^63 - 1", { set(&$0, 4) { _, _ in .max } }),
            ("index 64", { set(&$0, 64) { t, i in i == 0 ? t : 0 } }),
            // In the ideal, but for other slots than the layouts have.
            ("another index", { set(&$0, index == 2 ? 4 : 2) { t, i in i == 1 ? t : 0 } }),
        ]
        for (what, change) in changes {
            let bytes = try Self.resealed(fixture, kind) { change(&$0.plaintexts) }
            #expect("\(what)") {
                _ = try fixture.rewritten(bytes, as: kind)
            } throws: { Party.isTyped($0) }
        }
    }

    private static func planWithGenerators() throws -> Plan? {
        let planner = Planner.insecure(degrees: [64, 128, 256, 512, 1024])
        for seed: UInt64 in 0..<12 {
            let plan = try planner.plan(Networks.square(seed: seed), method: .slots)
            if let slots = plan.client.method as? Slots, slots.settings.parameters.slots.index > 1 {
                return plan
            }
        }
        return nil
    }

    @Test func serverChoices() throws {
        typealias Server = Blindsight_V6_BFVServerMessage
        let changes: [(String, (inout Server) -> Void)] = [
            ("nothing", { $0 = Server() }),
            ("levels rising", { $0.levels[1] = 64 }),
            ("level 0", { $0.levels[0] = 0 }),
            ("level 2^32 - 1", { $0.levels[0] = .max }),
            ("a level less", { $0.levels.removeLast() }),
            ("a level more", { $0.levels.append(1) }),
            ("baby steps 0", { $0.babyCounts[0] = 0 }),
            ("baby steps 2^32 - 1", { $0.babyCounts[0] = .max }),
            ("baby steps of 513 layers", { $0.babyCounts = Array(repeating: 1, count: 513) }),
            ("a key less", { $0.client.keys.galois.removeLast() }),
            ("no relinearization", { $0.client.keys.clearRelinearization() }),
            ("another input layout", { $0.client.inputLayout.swapAt(0, 1) }),
            ("another output layout", { $0.client.outputLayout.reverse() }),
            // Of what fits the layouts, but isn't how this network lies.
            ("two samples side by side", { $0.client.samples = 2 }),
            ("samples that don't fit", { $0.client.samples = 64 }),
        ]
        for (what, change) in changes {
            try Fixture.expectRefusal(.serverPlan, what) {
                try $0.resealed(method: .serverPlan, change)
            }
        }
    }

    @Test(arguments: [ArtifactKind.clientPlan, .serverPlan]) func paillier(kind: ArtifactKind)
        throws
    {
        let changes: [(String, (inout Blindsight_V6_PaillierMessage) -> Void)] = [
            ("a key of 0 bits", { $0.keyBits = 0 }),
            ("a key of 128 bits", { $0.keyBits = 128 }),
            ("a key of 513 bits", { $0.keyBits = 513 }),
            ("a key of 2^32 - 1 bits", { $0.keyBits = .max }),
            ("slots of 0 bits", { $0.slotBits = 0 }),
            ("slots of 1 bit", { $0.slotBits = 1 }),
            ("slots that outputs don't fit", { $0.slotBits = 20 }),
            ("slots wider than a plaintext", { $0.slotBits = $0.keyBits - 1 }),
            ("slots of 2^32 - 1 bits", { $0.slotBits = .max }),
        ]
        for (what, change) in changes {
            try Fixture.expectRefusal(kind, what, nil, .paillier) {
                try $0.resealed(method: kind, change)
            }
        }
        // Slots of a bit, though inputs and outputs would fit them.
        let tiny = try Fixture.of(.paillier).resealed(kind) { sections in
            try Fixture.change(&sections[SectionRule.Number.plan]!) {
                (plan: inout Blindsight_V6_PlanMessage) in
                (plan.input.lowest, plan.input.highest) = (-1, 0)
                for output in plan.outputs.bounds.indices {
                    plan.outputs.bounds[output].lowest = "-1"
                    plan.outputs.bounds[output].highest = "0"
                }
            }
            try Fixture.changeMethod(&sections) {
                (message: inout Blindsight_V6_PaillierMessage) in message.slotBits = 1
            }
        }
        try Fixture.expectRefusal(kind, "slots of a bit for everything", nil, .paillier) { _ in tiny
        }
        // Of a server's plan all is found anew.
        for (what, change) in [
            ("wider slots", { $0.slotBits += 1 })
        ] as [(String, (inout Blindsight_V6_PaillierMessage) -> Void)] where kind == .serverPlan {
            try Fixture.expectRefusal(kind, what, nil, .paillier) {
                try $0.resealed(method: kind, change)
            }
        }
        try Fixture.expectRefusal(kind, "bounds that are a guess", nil, .paillier) {
            try $0.resealed(plan: kind) { $0.outputs.rangeIsCalibrated = true }
        }
    }
}
