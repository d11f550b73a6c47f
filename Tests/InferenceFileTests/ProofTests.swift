// SPDX-License-Identifier: Apache-2.0

import Inference
import InferenceClient
import Lattice
import Testing
import Wire

/// Who reads a server's plan trusts its writer for what was proven; `proven` doesn't.
@Suite struct ProofTests {
    private typealias Server = Blindsight_V6_BFVServerMessage

    private static func read(_ bytes: [UInt8]) throws -> Plan {
        try Plan(serialized: bytes, allowInsecure: true)
    }

    @Test(arguments: Method.allCases) func honestPlans(method: Method) throws {
        let fixture = try Fixture.of(method)
        let plan = try Self.read(fixture.bytes(.serverPlan))
        #expect(try plan.proven().client == fixture.plan.client)
        // The proof is over all other sections, and over what was proven by which version.
        let sections = try Fixture.sections(fixture.bytes(.serverPlan))
        #expect(sections[SectionRule.Number.proof] == Fixture.proof(sections))
        // Without it, or with another, the plan is proven when it is read.
        for proof: [UInt8]? in [
            nil, [], [UInt8](repeating: 0, count: 32), sections[1]?.prefix(32).map { $0 },
        ] {
            var other = sections
            other[SectionRule.Number.proof] = proof
            let bytes = try Fixture.sealed(
                other, .serverPlan, digest: fixture.plan.client.digest, proof: proof)
            #expect(try Self.read(bytes).client == fixture.plan.client)
        }
    }

    /// A margin that nothing supports: found only by who proves it anew.
    @Test(arguments: Method.onLattices) func falseMargin(method: Method) throws {
        let fixture = try Fixture.of(method)
        let honest = fixture.plan.certificate.noiseMarginBits[0].rounded(.down)
        let bytes = try fixture.resealed(method: .serverPlan) { (message: inout Server) in
            message.client.noiseMarginBits[0] = honest + 5
        }
        let plan = try Self.read(bytes)
        #expect(plan.certificate.noiseMarginBits[0] == honest + 5)
        #expect(plan.certificate.holds)
        let error = WireError.rebuiltPlanDiffers(
            expected: Envelope.hexadecimal(plan.client.digest),
            found: Envelope.hexadecimal(fixture.plan.client.digest))
        #expect(throws: error) { try plan.proven() }
        try Self.refusedWithoutProof(bytes, plan, error)
    }

    @Test(arguments: Method.onLattices) func falseCosts(method: Method) throws {
        let fixture = try Fixture.of(method)
        let bytes = try fixture.resealed(method: .serverPlan) { (message: inout Server) in
            message.evaluation.operations[0].count += 1
        }
        let plan = try Self.read(bytes)
        let honest = fixture.plan.evaluation.operations.counts[0]
        #expect(plan.evaluation.operations.counts[0] == honest + 1)
        let error = PlanError.invalid("its costs are not those of its network")
        #expect(throws: error) { try plan.proven() }
        try Self.refusedWithoutProof(bytes, plan, error)
    }

    /// What a file says of memory is no part of its proof: it is estimated anew.
    @Test(arguments: Method.onLattices) func otherMemory(method: Method) throws {
        let fixture = try Fixture.of(method)
        let bytes = try fixture.resealed(method: .serverPlan) { (message: inout Server) in
            message.evaluation.memoryBytes += 1
        }
        let plan = try Self.read(bytes)
        let honest = fixture.plan.evaluation.memoryBytes
        #expect(plan.evaluation.memoryBytes == honest + 1)
        #expect(try plan.proven().evaluation.memoryBytes == honest)
    }

    /// Replies of a bit a residue: no result is left in them.
    @Test(arguments: Method.onLattices) func falseReplies(method: Method) throws {
        let fixture = try Fixture.of(method)
        let bytes = try fixture.resealed(method: .serverPlan) { (message: inout Server) in
            message.client.replyC0Bits = 1
        }
        let plan = try Self.read(bytes)
        #expect(throws: PlanError.invalid("its certificate does not hold")) { try plan.proven() }
        // What it claims is wrong, and the client sees it, but where what it decrypts happens to be in range: of these
        // networks' outputs at most once in a hundred.
        var seen = 0
        for _ in 0..<40 {
            do { try Fixture.serve(plan) } catch is InferenceError { seen += 1 }
        }
        #expect(seen >= 36)
    }

    /// Keys for level 1 that share a decomposition with one for all levels.
    @Test func keysOfTooFewLevels() throws {
        let fixture = try Fixture.of(.branches)
        let bytes = try fixture.resealed(method: .serverPlan) { (message: inout Server) in
            for key in message.client.keys.galois.indices.dropFirst() {
                message.client.keys.galois[key].gadget.level = 1
            }
        }
        let plan = try Self.read(bytes)
        #expect(throws: PlanError.self) { try plan.proven() }
        #expect {
            try Fixture.serve(plan)
        } throws: { error in
            if case .keyCoversLevel(1, _)? = error as? EvaluationError { true } else { false }
        }
    }

    private static func refusedWithoutProof(
        _ bytes: [UInt8], _ plan: Plan, _ error: some Error & Equatable
    ) throws {
        #expect(throws: error) { try plan.proven() }
        var sections = try Fixture.sections(bytes)
        sections[SectionRule.Number.proof] = nil
        let bare = try Fixture.sealed(sections, .serverPlan, digest: plan.client.digest)
        #expect(throws: error) { try read(bare) }
    }

    /// What a Paillier plan says of its network is found anew whenever it is read.
    @Test func paillierTrustsNobody() throws {
        let fixture = try Fixture.of(.paillier)
        let bytes = try fixture.resealed(method: .serverPlan) {
            (message: inout Blindsight_V6_PaillierMessage) in message.slotBits += 1
        }
        #expect(throws: PlanError.invalid("its slots are not those of its network")) {
            try Self.read(bytes)
        }
    }
}
