// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import Lattice
import Testing

/// Networks at the edges: refused with a reason, or served right; never a trap.
@Suite struct RefusalTests {
    private func network(_ layers: [IntegerNetwork.Layer], inputs: Int = 1) throws -> IntegerNetwork
    {
        try IntegerNetwork(
            input: InputSpecification(shape: [inputs], range: -1...1, scale: 1), layers: layers,
            outputScale: 1, labels: IntegerNetwork.defaultLabels(layers.last!.outputCount))
    }

    private func dense(_ weight: Int64, inputs: Int = 1, outputs: Int = 1) throws
        -> IntegerNetwork.Layer
    {
        .dense(
            try Dense(
                weights: Array(repeating: weight, count: inputs * outputs),
                bias: Array(repeating: 0, count: outputs), inputs: inputs, outputs: outputs))
    }

    @Test func tooManySquares() throws {
        let deep = try network(Array(repeating: .square(count: 1), count: 40))
        #expect(throws: PlanError.noParameters("40 products in a row; at most 12 are planned")) {
            try Planner().plan(deep)
        }
    }

    private func wideNetwork(squares: Int) throws -> IntegerNetwork {
        let layers = try (0..<squares).flatMap { _ in
            [try dense(1 << 40), IntegerNetwork.Layer.square(count: 1)]
        }
        return try network(layers + [dense(1 << 40)])
    }

    /// Ranges of more bits than plaintext moduli have.
    @Test(arguments: [3, 6]) func hugeRanges(squares: Int) throws {
        let wide = try wideNetwork(squares: squares)
        #expect(throws: PlanError.self) { try Planner().plan(wide, method: .slots) }
    }

    /// 2^280 is within reach of many plaintext moduli with little noise.
    @Test func wideRange() throws {
        let wide = try wideNetwork(squares: 2)
        let plan = try Planner().plan(wide, method: .slots)
        #expect(plan.certificate.holds && plan.settings.parameters.slots.index > 1)
        #expect(try Pair(plan).predictions([[-1]])[0].logits == [BigInt(1) << 280])
    }

    @Test func moreOutputsThanColumns() throws {
        let wide = try network([dense(1, outputs: 20_000), .square(count: 20_000)])
        #expect(throws: PlanError.self) { try Planner().plan(wide, method: .slots) }
    }

    /// All weights zero: outputs are the bias, for any input.
    @Test func constantNetwork() throws {
        let zero = IntegerNetwork.Layer.dense(
            try Dense(weights: [0, 0], bias: [7, -9], inputs: 1, outputs: 2))
        let plan = try Planner.insecure(degrees: [64, 256]).plan(network([zero]), method: .slots)
        #expect(try Pair(plan).predictions([[1]])[0].logits == [7, -9])
    }

    private func squareNetwork() throws -> IntegerNetwork {
        try network([dense(2, outputs: 2), .square(count: 2), dense(3, inputs: 2)])
    }

    /// Evaluation keys of another client leave noise above the certified bound: an error, not a wrong answer.
    @Test func keysOfAnotherClient() throws {
        let plan = try Planner.insecure(degrees: [256]).plan(squareNetwork(), method: .slots)
        let client = try Client(plan.client)
        let other = try Client(plan.client)
        let server = try Server(plan, keys: other.evaluationKeys())
        let request = try client.encrypt(quantized: [[1]])
        let reply = try server.predict(request)
        #expect(throws: InferenceError.excessiveNoise) { try client.decrypt(reply, of: request) }
    }

    /// Choices whose keys can't serve the circuit are refused before anything is computed with them.
    @Test func keysThatDoNotCoverTheirLevels() throws {
        let network = try squareNetwork()
        let plan = try Planner.insecure(degrees: [256]).plan(network, method: .slots)
        func refused(_ relinearization: Gadget?, rerandomizationLevel: Int? = nil) {
            var choices = plan.slots.choices
            choices.keys = BFVKeySet(
                lattice: choices.keys.lattice, relinearization: relinearization,
                galois: choices.keys.galois,
                rerandomizationLevel: rerandomizationLevel
                    ?? choices.keys.rerandomizationLevel)
            #expect(throws: PlanError.self) {
                try SlotsPlan(
                    network, outputs: plan.client.outputs, choices: choices,
                    norms: TransformNorms())
            }
        }
        let gadget = try #require(plan.slots.choices.keys.relinearization)
        refused(nil)
        refused(Gadget(level: gadget.level - 1, digitBits: gadget.digitBits))
        refused(gadget, rerandomizationLevel: 0)
        refused(
            gadget,
            rerandomizationLevel: plan.settings.parameters.maximumLevel + 1)
    }
}
