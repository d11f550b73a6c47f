// SPDX-License-Identifier: Apache-2.0

import BFV
import Inference
import InferenceClient
import IntegerNetworks
import Lattice
import Ring
import TestSupport
import Testing
import Threading
import Wire

/// Attacks on the model by who sees requests, replies and evaluation keys. Each succeeds on replies that were not
/// re-randomized, and must fail on those that a server sends.
@Suite struct ListenerTests {
    /// A plan, keys of one client, and the same keys with a public key that is zero: replies under them are a function
    /// of request and weights, but for c_0's mask.
    private struct Scene {
        let plan: Plan
        let client: Client
        let keys: EvaluationKeySet
        let withoutDefence: EvaluationKeySet

        init(_ plan: Plan) throws {
            self.plan = plan
            client = try Client(plan.client)
            keys = try client.evaluationKeys()
            guard case .made(let material) = keys.material, let made = material as? BFVKeys,
                let key = made.keys.rerandomization
            else { throw InferenceError.missingKey("the public key") }
            let zero = Polynomial<NTTValues>(zero: key.b.basis)
            withoutDefence = EvaluationKeySet(
                method: keys.method, keySet: keys.keySet,
                material: .made(
                    try BFVKeys(
                        made.set,
                        EvaluationKeys(
                            relinearization: made.keys.relinearization, galois: made.keys.galois,
                            rerandomization: RerandomizationKey(
                                level: key.level, seed: key.seed, b: zero, a: zero)))))
        }

        /// What a server of `plan` would answer; whether the request was made for that plan is not checked.
        func replies(
            _ request: Request, _ plan: Plan, _ keys: EvaluationKeySet
        ) throws -> [CompressedCiphertext] {
            try replies(request, plan.network, plan.method, keys)
        }

        private func replies<Method: ServerMethod>(
            _ request: Request, _ network: IntegerNetwork, _ method: Method,
            _ keys: EvaluationKeySet
        ) throws -> [CompressedCiphertext] {
            let pool = WorkerPool(threads: 1)
            guard case .made(let material) = keys.material,
                let own = material as? Method.Prepared.Keys,
                let body = request.groups[0].body as? Method.Client.Session.Request
            else { throw InferenceError.missingKey("all keys") }
            let predictor = try method.prepare(network, on: pool).predictor(own, on: pool)
            let reply = try predictor.predict(body, sampleCount: 1) { _, _ in }
            return try #require(reply as? CompressedReply).ciphertexts
        }
    }

    /// - Parameter within: a plan whose keys serve this one too.
    private static func plan(
        _ weights: [Int64], squares: Bool, _ method: MethodChoice, within: Plan? = nil
    ) throws -> Plan {
        let hidden = try Dense(
            weights: weights, bias: [Int64](repeating: 0, count: weights.count / 2), inputs: 2,
            outputs: weights.count / 2)
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [2], range: -3...3, scale: 1),
            layers: squares
                ? [
                    .dense(hidden), .square(count: 2),
                    .dense(Dense(weights: [2, 1], bias: [0], inputs: 2, outputs: 1)),
                ] : [.dense(hidden)], outputScale: 1,
            labels: (0..<(squares ? 1 : weights.count / 2)).map(String.init))
        return try Planner.insecure(degrees: [64, 128, 256]).plan(
            network, method: method, within: within?.client)
    }

    /// Coefficients of c_1 in all, and how many are next to each other's, a sixteenth of the range at most.
    private func near(
        _ a: [CompressedCiphertext], _ b: [CompressedCiphertext]
    ) -> (count: Int, near: Int) {
        var (count, near) = (0, 0)
        for (a, b) in zip(a, b) {
            let range = UInt64(1) << UInt64(a.c1Bits)
            for (x, y) in zip(a.c1, b.c1) {
                let gap = (x &- y) & (range - 1)
                count += 1
                if min(gap, range - gap) < range / 16 { near += 1 }
            }
        }
        return (count, near)
    }

    private static let methods: [MethodChoice] = [.slots, .features(samples: 8)]

    /// A listener with evaluation keys runs the server on the request that was seen, with weights that it guesses, and
    /// compares c_1 with that of the reply: the signs of a linear model's weights.
    @Test(arguments: methods) func weightsAreNotRead(method: MethodChoice) throws {
        let magnitudes: [Int64] = [3, 5, 2, 7]
        func weights(_ signs: Int) -> [Int64] {
            magnitudes.enumerated().map { signs >> $0 & 1 == 1 ? -$1 : $1 }
        }
        let secret = 6
        let plan = try Self.plan(weights(secret), squares: false, method)
        let candidates = try (0..<16).map {
            $0 == secret
                ? plan : try Self.plan(weights($0), squares: false, method, within: plan)
        }
        let scene = try Scene(plan)
        let request = try scene.client.encrypt(quantized: [[1, -2]])
        func attack(_ keys: EvaluationKeySet) throws -> [Double] {
            let reply = try scene.replies(request, plan, keys)
            return try candidates.map {
                let (count, near) = near(
                    reply, try scene.replies(request, $0, scene.withoutDefence))
                return Double(near) / Double(count)
            }
        }
        let found = try attack(scene.withoutDefence)
        #expect(found.indices.filter { found[$0] > 0.99 } == [secret], "\(found)")
        // At chance, an eighth, for all: 64 coefficients or more, six deviations.
        #expect(try attack(scene.keys).allSatisfy { $0 < 0.4 })
    }

    /// A listener who guesses nothing: by the evaluation keys, the c_1 that each feature alone gives; the reply's is a
    /// sum of them with small weights and small errors, so the weights are a short vector of a lattice. Of a ciphertext
    /// a feature: in one of all features, weights are a polynomial modulo t, which is not small.
    @Test func weightsAreNoShortVector() throws {
        let secret: [Int64] = [5, -7, 3, -2]
        func linear(_ weights: [Int64], within: Plan?) throws -> Plan {
            try Planner.insecure(degrees: [64, 128, 256]).plan(
                IntegerNetwork(
                    input: InputSpecification(shape: [4], range: -3...3, scale: 1),
                    layers: [.dense(Dense(weights: weights, bias: [0], inputs: 4, outputs: 1))],
                    outputScale: 1, labels: ["0"]), method: .features(samples: 8),
                within: within?.client)
        }
        let plan = try linear(secret, within: nil)
        let single = try (0..<4).map { feature in
            try linear((0..<4).map { $0 == feature ? 1 : 0 }, within: plan)
        }
        let scene = try Scene(plan)
        let request = try scene.client.encrypt(quantized: [[1, -2, 3, 0]])
        let parts = try single.map { try scene.replies(request, $0, scene.withoutDefence)[0] }
        func attack(_ keys: EvaluationKeySet) throws -> [Int64]? {
            let reply = try scene.replies(request, plan, keys)[0]
            let (count, modulus) = (12, 1 << reply.c1Bits)
            /// As many bits as the reply's.
            func scaled(_ part: CompressedCiphertext) -> [Int] {
                part.c1.prefix(count).map {
                    part.c1Bits <= reply.c1Bits
                        ? Int($0) << (reply.c1Bits - part.c1Bits)
                        : Int($0) >> (part.c1Bits - reply.c1Bits)
                }
            }
            // Weights are balanced with the errors of rounding.
            var rows = (0..<count).map { i in
                (0..<count + 5).map { $0 == i ? modulus : 0 }
            }
            for (feature, part) in parts.enumerated() {
                rows.append(
                    scaled(part) + (0..<5).map { $0 == feature ? 2 : 0 })
            }
            rows.append(reply.c1.prefix(count).map { Int($0) } + [0, 0, 0, 0, 16])
            for row in LatticeReduction.reduced(rows) where abs(row[count + 4]) == 16 {
                let sign = row[count + 4] > 0 ? -1 : 1
                return row[count..<count + 4].map { Int64(sign * $0 / 2) }
            }
            return nil
        }
        #expect(try attack(scene.withoutDefence) == secret)
        #expect(try attack(scene.keys) != secret)
    }

    /// Two models of the same function: one hidden value's sign is another, and it is squared. Where a ciphertext holds
    /// one hidden value of many samples, the square is the same, and there is nothing to tell apart.
    @Test func modelsAreNotToldApart() throws {
        let first = try Self.plan([3, 1, -2, 5], squares: true, .slots)
        let plans = [
            first, try Self.plan([-3, -1, -2, 5], squares: true, .slots, within: first),
        ]
        let scene = try Scene(first)
        let request = try scene.client.encrypt(quantized: [[2, -3]])
        func attack(_ keys: EvaluationKeySet) throws -> [Double] {
            let reply = try scene.replies(request, plans[0], keys)
            return try plans.map {
                let (count, near) = near(
                    reply, try scene.replies(request, $0, scene.withoutDefence))
                return Double(near) / Double(count)
            }
        }
        let found = try attack(scene.withoutDefence)
        #expect(found[0] > 0.99 && found[1] < 0.6, "\(found)")
        // At chance, an eighth, for both: 64 coefficients or more, six deviations.
        #expect(try attack(scene.keys).allSatisfy { $0 < 0.4 })
    }

    /// Two replies to one request share no polynomial, and both are right.
    @Test(arguments: methods) func repliesShareNothing(method: MethodChoice) throws {
        let plan = try Self.plan([3, 1, -2, 5], squares: true, method)
        let scene = try Scene(plan)
        let request = try scene.client.encrypt(quantized: [[2, -3]])
        func equal(_ keys: EvaluationKeySet) throws -> (c0: Int, c1: Int, count: Int) {
            let replies = try (0..<2).map { _ in try scene.replies(request, plan, keys) }
            var (c0, c1, count) = (0, 0, 0)
            for (a, b) in zip(replies[0], replies[1]) {
                c0 += zip(a.c0, b.c0).count { $0 == $1 }
                c1 += zip(a.c1, b.c1).count { $0 == $1 }
                count += a.c0.count
            }
            return (c0, c1, count)
        }
        let bare = try equal(scene.withoutDefence)
        #expect(bare.c1 == bare.count)
        let found = try equal(scene.keys)
        #expect(found.c0 < found.count / 8 && found.c1 < found.count / 8, "\(found)")
        for _ in 0..<2 {
            let reply = try Server(plan, keys: scene.keys).predict(request)
            let values = try scene.client.decrypt(reply, of: request).map(\.logits)
            #expect(values == [[2 * 9 + 361]])
        }
    }
}
