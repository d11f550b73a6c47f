// SPDX-License-Identifier: Apache-2.0

import BFV
import Files
import Foundation
import Inference
import InferenceClient
import IntegerNetworks
import Lattice
import Testing
import Wire

/// A server that learns which of its replies were refused, and reads the secret key from that.
@Suite struct ReactionTests {
    /// A client that goes on whatever happens.
    private struct Careless: RefusalRecord {
        func count() -> Int { 0 }
        func increment() {}
    }

    private static func plan() throws -> Plan {
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [2], range: -3...3, scale: 1),
            layers: [
                .dense(Dense(weights: [3, 1, -2, 5], bias: [0, 0], inputs: 2, outputs: 2)),
                .square(count: 2),
                .dense(Dense(weights: [2, 1], bias: [0], inputs: 2, outputs: 1)),
            ], outputScale: 1, labels: ["a"])
        return try Planner.insecure(degrees: [64]).plan(network, method: .features(samples: 64))
    }

    /// Coefficients of s as far as answers go, from replies with c_0 = e X^j and c_1 = d: their noise is g e + t d s_j at
    /// j, g = t 2^(k_1 - k_0), and t d s_i elsewhere; e and d are such that only s_j = 1 takes it over the plan's bound.
    private func attack(
        _ plan: Plan, isRefused: (CompressedCiphertext) throws -> Bool?
    ) throws -> [Int] {
        let settings = plan.settings
        let (k0, k1) = (settings.replyC0Bits, settings.replyC1Bits)
        let t = Double(settings.parameters.plaintextModuli[0])
        let step = t * exp2(Double(k1 - k0))
        let bound = exp2(Double(k1 - 1) - settings.noiseMarginBits[0])
        let spike = (bound / step).rounded(.down)
        #expect(spike >= 1 && spike < exp2(Double(k0 - 1)))
        let difference = ((bound - spike * step) / t).rounded(.down) + 2
        #expect(difference * t < bound)
        let n = settings.parameters.degree
        var found: [Int] = []
        for j in 0..<n {
            var value = 0
            for sign in [1.0, -1] {
                var c0 = [UInt64](repeating: 0, count: n)
                var c1 = c0
                c0[j] = UInt64(bitPattern: Int64(spike * sign)) & (1 << UInt64(k0) - 1)
                c1[0] = UInt64(difference)
                guard
                    let refused = try isRefused(
                        CompressedCiphertext(
                            c0Bits: k0, c1Bits: k1, plaintextIndex: 0, c0: c0, c1: c1))
                else { return found }
                if refused { value = Int(sign) }
            }
            found.append(value)
        }
        return found
    }

    /// Asks a client, as a server that sees its reaction; nil when it doesn't answer any more.
    private func oracle(
        _ client: Client, _ request: Request, _ reply: Reply
    ) -> (CompressedCiphertext) throws -> Bool? {
        { ciphertext in
            let group = reply.groups[0]
            let honest = try #require(group.body as? CompressedReply).ciphertexts
            let forged = ReplyGroup(
                head: group.head,
                body: CompressedReply(ciphertexts: [ciphertext] + honest.dropFirst()))
            do {
                _ = try client.decrypt(forged, of: request.groups[0])
                return false
            } catch InferenceError.excessiveNoise {
                return true
            } catch InferenceError.tooManyRefusals {
                return nil
            }
        }
    }

    private func secret(_ client: Client, _ plan: Plan) throws -> [Int] {
        let context = try LatticeContext(plan.settings.keys.lattice)
        let key = try BFVSecret.key(client.secretBytes()[...], context).coefficients
        return withExtendedLifetime(key) { (0..<key.count).map { Int(key.base[$0]) } }
    }

    @Test func theKeyIsNotReadFromReactions() throws {
        let plan = try Self.plan()
        let first = try Client(plan.client)
        let bytes = try first.serializedSecretKey()
        let key = try secret(first, plan)
        let request = try first.encrypt(quantized: [[1, -2]])
        let reply = try Server(plan, keys: first.evaluationKeys()).predict(request)

        // Without a count of refusals the whole key is read.
        let careless = try Client(plan.client, secretKey: bytes, refusals: Careless())
        let found = try attack(plan, isRefused: oracle(careless, request, reply))
        #expect(found == key)

        let client = try Client(plan.client, secretKey: bytes)
        let learned = try attack(plan, isRefused: oracle(client, request, reply))
        #expect(learned == Array(key.prefix(learned.count)))
        #expect(learned.count { $0 != 0 } <= 16)
        #expect(learned.count < 64)
        // From then on honest replies are refused too.
        #expect(throws: InferenceError.tooManyRefusals) {
            try client.decrypt(reply, of: request)
        }
    }

    /// What anyone can see of a reply doesn't count: nobody can wear out another's keys with it.
    @Test func publicRefusalsAreFree() throws {
        let plan = try Self.plan()
        let client = try Client(plan.client)
        let server = try Server(plan, keys: client.evaluationKeys())
        let request = try client.encrypt(quantized: [[1, -2]])
        let other = try client.encrypt(quantized: [[1, -2]])
        let reply = try server.predict(request)
        for _ in 0..<20 {
            #expect(throws: InferenceError.otherRequest(group: 0)) {
                try client.decrypt(reply, of: other)
            }
            #expect(throws: InferenceError.self) {
                try client.decrypt(
                    ReplyGroup(head: reply.groups[0].head, body: CompressedReply(ciphertexts: [])),
                    of: request.groups[0])
            }
        }
        #expect(try client.decrypt(reply, of: request)[0].logits == [146])
    }

    /// Refusals are counted beside the key, over clients and processes.
    @Test func refusalsOutliveTheClient() throws {
        let plan = try Self.plan()
        let first = try Client(plan.client)
        let bytes = try first.serializedSecretKey()
        let request = try first.encrypt(quantized: [[1, -2]])
        // Other keys: noise.
        let stranger = try Client(plan.client)
        let reply = try Server(plan, keys: stranger.evaluationKeys()).predict(request)
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("refusals-\(UInt64.random(in: 0...UInt64.max))").path
        let tally = TallyFile(path)
        defer { try? tally.remove() }
        for round in 0..<16 {
            let client = try Client(plan.client, secretKey: bytes, refusals: tally)
            #expect(try tally.count() == round)
            #expect(throws: InferenceError.excessiveNoise) {
                try client.decrypt(reply, of: request)
            }
        }
        let client = try Client(plan.client, secretKey: bytes, refusals: tally)
        #expect(throws: InferenceError.tooManyRefusals) { try client.decrypt(reply, of: request) }
        #expect(try tally.count() == 16)
        // Where the count can't be kept, nothing is told.
        let nowhere = try Client(
            plan.client, secretKey: bytes, refusals: TallyFile(path + ".missing/count"))
        #expect(throws: FileError.self) { try nowhere.decrypt(reply, of: request) }
    }
}
