// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing
import Wire

/// What a client does after decryption, as a section of plans.
@Suite struct SuffixSectionTests {
    private typealias Program = Blindsight_V6_ProgramMessage

    /// Every operation that a client does, on the three outputs of the network.
    private static func program() throws -> OutputProgram {
        var steps: [OutputProgram.Step] = []
        func step(_ operation: TensorOperation, _ inputs: Int...) -> Int {
            steps.append(OutputProgram.Step(operation, inputs: inputs))
            return steps.count
        }
        let functions: [ScalarFunction] = [
            .relu, .leakyRelu(0.25), .sigmoid, .tanh, .gelu, .geluTanh, .softplus, .silu,
            .elu(0.5), .hardSigmoid(alpha: 0.2, beta: 0.5), .hardSwish, .clip(-1, 2), .erf,
            .exponential, .logarithm, .squareRoot, .absolute, .negative, .reciprocal, .power(3),
            .step,
        ]
        for function in functions { _ = step(.function(function), 0) }
        let soft = step(.softmax(outer: 1, count: 3, inner: 1), 0)
        let log = step(.logSoftmax(outer: 1, count: 3, inner: 1), 0)
        let scaled = step(.scale(factors: [1, -2, 0.5], terms: [0, 3, -1]), 0)
        let sum = step(.add, soft, log)
        let rest = step(.subtract, sum, scaled)
        let product = step(.multiply, rest, soft)
        let quotient = step(.divide, product, soft)
        let moved = step(.gather(indices: [5, 0, -1], fill: 7), quotient, soft)
        let windows = step(.maximum(starts: [0, 2, 3], indices: [0, 1, 2]), moved)
        let weighted = step(
            .weightedSum(starts: [0, 1, 3], indices: [0, 1, 2], weights: [2, -1, 0.5]), moved)
        let normal = step(.normalize(.l1, count: 3), soft)
        _ = step(.normalize(.l2, count: 3), soft)
        _ = step(.normalize(.max, count: 3), soft)
        let label = step(.argMax(outer: 1, count: 3, inner: 1, selectsLast: true), 0)
        let vote = step(.vote(classes: 3), 0)
        for function in [
            ScalarFunction.sign, .round, .floor, .ceiling, .truncate, .isZero, .isNaN, .isInfinite,
            .probit,
        ] {
            _ = step(.function(function), 0)
        }
        let truth = step(.equal, soft, scaled)
        _ = step(.mask, 0, truth)
        _ = step(.lookUp([5, -1, 0.5]), label)
        _ = step(.top(outer: 1, count: 3, inner: 1, kept: 2, givesPlaces: false), 0)
        let ranks = step(.top(outer: 1, count: 3, inner: 1, kept: 2, givesPlaces: true), 0)
        _ = step(.function(.half), 0)
        _ = step(.function(.brainFloat), 0)
        _ = step(.quotient(divisors: [3, -7, 0.1]), 0)
        let matrix = TensorWeights(values: [1, 2, 3, 4, 5, 6])
        _ = step(.matrix(weights: matrix, bias: [1, 2], rows: 1, inner: 3, columns: 2), 0)
        _ = step(.matrix(weights: matrix, bias: nil, rows: 1, inner: 3, columns: 2), 0)
        let bits = step(
            .conditions(
                try SplitConditions(
                    featureCount: 3,
                    conditions: [
                        .init(feature: 2, test: .isAtMost(0.5), holdsOfMissing: true),
                        .init(feature: 2, test: .isOneOf([3, 7]), holdsOfMissing: false),
                    ])), 0)
        _ = step(
            .forest(
                try Forest(
                    chains: [1, 1], leafCount: 3, roots: [-2, 0],
                    splits: [Forest.Split(condition: 1, whenTrue: -3, whenFalse: -1)])), bits)
        func output(
            _ name: String, _ value: Int, _ shape: [Int], _ meaning: TensorGraph.Meaning
        ) -> OutputProgram.Output {
            .init(name: name, value: value, shape: shape, meaning: meaning)
        }
        return try OutputProgram(
            inputCount: 3, steps: steps,
            outputs: [
                output("scores", normal, [3], .real), output("windows", windows, [2, 1], .real),
                output("sums", weighted, [2], .real),
                output("class", label, [], .label(["x", "y", "z"])),
                output("votes", vote, [], .integer), output("ranks", ranks, [2], .integer),
            ])
    }

    private static let plan = Result {
        try Planner.insecure(degrees: [64, 128]).plan(
            Networks.square(seed: 7), program: program(), method: .slots)
    }

    @Test func isReadAsItWasWritten() throws {
        let plan = try Self.plan.get()
        let program = try Self.program()
        let server = try Plan(serialized: plan.serialized(), allowInsecure: true)
        let client = try ClientPlan(serialized: plan.client.serialized(), allowInsecure: true)
        #expect(server.client == plan.client && client == plan.client)
        #expect(server.client.outputs == plan.client.outputs)
        #expect(client.outputs.program == program)
        #expect(client.outputs.labels == ["x", "y", "z"] && client.outputs.saysLabel)
        #expect(try server.serialized() == plan.serialized())
        #expect(try server.proven().client.outputs == plan.client.outputs)
        // The digest binds it: another program is another plan's.
        #expect(try Self.resealed { $0.outputs[3].names[0] = "other" } != client.serialized())

        let person = try Client(client)
        let host = try Server(server, keys: person.evaluationKeys())
        var generator = SplitMix64(seed: 3)
        let inputs = (0..<5).map { _ in RandomNetwork.input(for: plan.network, using: &generator) }
        let request = try person.encrypt(quantized: inputs)
        for (input, found) in zip(inputs, try person.decrypt(host.predict(request), of: request)) {
            let logits = try IntegerReference(plan.network).logits(input)
            let reals = logits.map { Float($0.doubleTowardZero * plan.network.units.scale) }
            let expected = program.evaluate(reals)
            #expect(found.logits == logits)
            #expect(
                found.outputs.map(\.name) == [
                    "scores", "windows", "sums", "class", "votes", "ranks",
                ])
            #expect(found.outputs.map(\.values).elementsEqual(expected) { $0 == $1 })
            #expect(found.label == ["x", "y", "z"][Int(expected[3][0])])
            #expect(found.outputs[3].texts == [found.label])
            #expect(found.values == expected[0].map(Double.init))
        }
    }

    // MARK: From anywhere

    private static func resealed(_ change: (inout Program) -> Void) throws -> [UInt8] {
        let plan = try plan.get()
        var sections = try Fixture.sections(plan.client.serialized())
        try Fixture.change(&sections[SectionRule.Number.suffix]!, change)
        return try Fixture.sealed(sections, .clientPlan, digest: plan.client.digest)
    }

    @Test func whatIsRefused() throws {
        let changes: [(String, (inout Program) -> Void)] = [
            ("no outputs", { $0.outputs = [] }),
            ("an unknown step", { $0.steps[0].step = "function:fire" }),
            ("a step without its function", { $0.steps[0].step = "function" }),
            ("weights of a layer", { $0.steps[0].step = "matrix" }),
            ("a constant too many", { $0.steps[0].reals = [1] }),
            ("a constant that is none", { $0.steps[1].reals = [.nan] }),
            ("a value that is not there", { $0.steps[3].reads = [99] }),
            ("a value that comes later", { $0.steps[3].reads = [4] }),
            ("sizes beyond all", { $0.steps[21].integers = [.max, .min, 1] }),
            ("a switch of 2", { $0.steps[34].integers[3] = 2 }),
            ("an output of other sizes", { $0.outputs[0].outputShape = [2] }),
            ("an output of huge sizes", { $0.outputs[0].outputShape = [1 << 31, 1 << 31, 3] }),
            ("an output of nothing", { $0.outputs[0].value = 1000 }),
            ("a name that clears the screen", { $0.outputs[0].name = "\u{1B}[2J" }),
            ("a label with a newline", { $0.outputs[3].names[1] = "y\n" }),
            ("a long label", { $0.outputs[3].names[1] = String(repeating: "y", count: 1025) }),
            (
                "both names and whole numbers",
                { message in
                    message.outputs[3].isInteger = true
                }
            ),
            ("a divisor of zero", { $0.change("quotient") { $0.reals[1] = 0 } }),
            ("weights that are too few", { $0.change("matrix") { $0.reals.removeLast(4) } }),
            ("a matrix of no rows", { $0.change("matrix") { $0.integers[0] = 0 } }),
            ("trees without a root", { $0.change("forest") { $0.integers[5] = 1 } }),
            ("a chain of nothing", { $0.change("forest") { $0.integers[3] = 0 } }),
            ("a bit that is none", { $0.change("forest") { $0.integers[7] = 2 } }),
            ("a circle of splits", { $0.change("forest") { $0.integers[8] = 0 } }),
            (
                "a kind of condition that is none",
                { $0.change("conditions") { $0.integers[2] = 12 } }
            ),
            ("a feature that is none", { $0.change("conditions") { $0.integers[1] = 3 } }),
            ("a threshold too many", { $0.change("conditions") { $0.reals.append(1) } }),
            ("4097 steps", { $0.steps += Array(repeating: $0.steps[0], count: 4097) }),
        ]
        for (what, change) in changes {
            let bytes = try Self.resealed(change)
            #expect(throws: WireError.self, "\(what)") {
                try ClientPlan(serialized: bytes, allowInsecure: true)
            }
        }
        // Labels of the plan's message beside those of the suffix.
        let plan = try Self.plan.get()
        var sections = try Fixture.sections(plan.client.serialized())
        try Fixture.change(&sections[SectionRule.Number.plan]!) {
            (message: inout Blindsight_V6_PlanMessage) in message.outputs.labels = ["a", "b", "c"]
        }
        let bytes = try Fixture.sealed(sections, .clientPlan, digest: plan.client.digest)
        #expect(throws: WireError.self) { try ClientPlan(serialized: bytes, allowInsecure: true) }
    }

    /// Whatever is read can be evaluated.
    @Test func mutationsAreRefusedOrWork() throws {
        var generator = SplitMix64(seed: 0x5AFF)
        var read = 0
        for _ in 0..<1500 {
            let bytes = try Self.resealed { Self.mutate(&$0, &generator) }
            do {
                let plan = try ClientPlan(serialized: bytes, allowInsecure: true)
                read += 1
                for value: Float in [0, -1e30, .infinity] {
                    let found = plan.outputs.program!.evaluate([value, 1, value])
                    _ = plan.outputs.program!.label(of: found)
                }
            } catch { #expect(error is WireError, "\(error)") }
        }
        #expect(read > 100 && read < 1500, "\(read)")
    }

    private static func mutate(_ message: inout Program, _ generator: inout SplitMix64) {
        let at = Int.random(in: 0..<message.steps.count, using: &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: Mutation.change(&message.steps[at].reads, &generator)
        case 1: message.steps[at].integers = message.steps[at].integers.map { $0 &+ 1 }
        case 2: message.steps[at].integers = message.steps[at].integers.reversed()
        case 3: message.steps[at].reals = message.steps[at].reals.dropLast()
        case 4: message.steps[at].reals = message.steps[at].reals.map { $0 * -1e38 }
        case 5: message.steps[at].step = message.steps.randomElement(using: &generator)!.step
        case 6: message.steps.swapAt(at, 0)
        default: message.outputs.shuffle(using: &generator)
        }
    }
}

extension Blindsight_V6_ProgramMessage {
    /// Changes the first step of a name.
    fileprivate mutating func change(
        _ name: String, _ body: (inout Blindsight_V6_ProgramStepMessage) -> Void
    ) {
        body(&steps[steps.firstIndex { $0.step == name }!])
    }
}
