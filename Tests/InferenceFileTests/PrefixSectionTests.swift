// SPDX-License-Identifier: Apache-2.0

import Inference
import InferenceClient
import IntegerNetworks
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing
import Wire

/// What a client does before encryption, as a section of plans.
@Suite struct PrefixSectionTests {
    private typealias Program = Blindsight_V6_InputProgramMessage

    /// A text, four sizes of which some may be missing, and a whole number.
    private static func program() throws -> InputProgram {
        let steps: [OutputProgram.Step] = [
            .init(.gather(indices: [0], fill: 0), inputs: [0]),
            .init(.encode(keys: [0, 1], values: [1.5, 0.5], otherwise: 0), inputs: [1]),
            .init(.gather(indices: [1, 2, 3, 4, 5], fill: 0), inputs: [0]),
            .init(.impute(missing: nil, values: [0.5, 1, 1.5, 0, 1]), inputs: [3]),
            .init(.gather(indices: [0, 1, 2, 3, 4, 5], fill: 0), inputs: [2, 4]),
        ]
        return try InputProgram(
            columns: [
                InputColumn(name: "colour", count: 1, kind: .text(["blue", "red"])),
                InputColumn(name: "size", count: 4, kind: .real),
                InputColumn(name: "number", count: 1, kind: .integer),
            ],
            program: OutputProgram(
                inputCount: 6, steps: steps,
                outputs: [
                    .init(name: "input", value: 5, shape: [6], meaning: .real),
                    .init(name: "an unknown colour", value: 2, shape: [1], meaning: .integer),
                ]))
    }

    private static let plan = Result {
        try Planner.insecure(degrees: [64, 128]).plan(Networks.square(seed: 7), method: .slots)
            .with(prefix: program())
    }

    @Test func isReadAsItWasWritten() throws {
        let plan = try Self.plan.get()
        let server = try Plan(serialized: plan.serialized(), allowInsecure: true)
        let client = try ClientPlan(serialized: plan.client.serialized(), allowInsecure: true)
        #expect(server.client == plan.client && client == plan.client)
        #expect(try client.prefix == Self.program() && server.client.prefix == client.prefix)
        #expect(try server.proven().client.prefix == client.prefix)
        // The digest binds it.
        #expect(try plan.with(prefix: nil).client != plan.client)

        let person = try Client(client)
        let host = try Server(server, keys: person.evaluationKeys())
        let request = try person.encrypt([[1, 0.5, .nan, 1, .nan, 1], [0, 0, 0, 0, 0, .nan]])
        let found = try person.decrypt(host.predict(request), of: request).map(\.logits)
        let reference = IntegerReference(plan.network)
        #expect(try found[0] == reference.logits([1, 1, 2, 2, 0, 2]))
        #expect(try found[1] == reference.logits([3, 0, 0, 0, 0, 2]))
    }

    @Test func samplesThatAreRefused() throws {
        let client = try Client(Self.plan.get().client)
        for (what, sample) in [
            ("an unknown colour", [-1, 0, 0, 0, 0, 0]),
            ("takes whole numbers", [0, 0, 0, 0, 0, 0.5]), ("5 values", [0, 0, 0, 0, 0]),
            ("not finite", [0, .infinity, 0, 0, 0, 0]),
        ] as [(String, [Float])] {
            #expect {
                _ = try client.quantize([[0, 0, 0, 0, 0, 0], sample])
            } throws: {
                what == "not finite"
                    ? $0 as? NetworkError == .notFinite(sample: 1, feature: 1, value: "inf")
                    : "\($0)".contains("sample 1 has") && "\($0)".contains(what)
            }
        }
    }

    private static func resealed(_ change: (inout Program) -> Void) throws -> [UInt8] {
        let plan = try plan.get()
        var sections = try Fixture.sections(plan.client.serialized())
        try Fixture.change(&sections[SectionRule.Number.prefix]!, change)
        return try Fixture.sealed(sections, .clientPlan, digest: plan.client.digest)
    }

    @Test func whatIsRefused() throws {
        let changes: [(String, (inout Program) -> Void)] = [
            ("no columns", { $0.columns = [] }),
            ("a column less", { $0.columns.removeLast() }),
            ("a column of nothing", { $0.columns[1].elements = 0 }),
            ("a column of too much", { $0.columns[1].elements = .max }),
            ("texts that are whole numbers", { $0.columns[0].isWhole = true }),
            ("a name that clears the screen", { $0.columns[0].column = "\u{1B}[2J" }),
            ("a text with a newline", { $0.columns[0].texts[0] = "b\n" }),
            ("no program", { $0.clearProgram() }),
            ("a result of other sizes", { $0.program.outputs[0].value = 4 }),
            ("a label for a result", { $0.program.outputs[0].isInteger = true }),
            ("weights of a layer", { $0.program.steps[0].step = "matrix" }),
            ("a table of one key twice", { $0.program.steps[1].reals[2] = 0 }),
            ("a table without a value", { $0.program.steps[1].reals.removeLast() }),
            ("a NaN of another form", { $0.program.steps[3].reals[0] = -.nan }),
            ("a value that is none", { $0.program.steps[3].reals[1] = .nan }),
            ("values for others", { $0.program.steps[3].reals.removeLast() }),
        ]
        for (what, change) in changes {
            let bytes = try Self.resealed(change)
            #expect(throws: WireError.self, "\(what)") {
                try ClientPlan(serialized: bytes, allowInsecure: true)
            }
        }
    }

    /// Whatever is read can be evaluated.
    @Test func mutationsAreRefusedOrWork() throws {
        var generator = SplitMix64(seed: 0x9AFF)
        var read = 0
        for _ in 0..<1000 {
            let bytes = try Self.resealed { message in
                let at = Int.random(in: 0..<message.program.steps.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: Mutation.change(&message.program.steps[at].reads, &generator)
                case 1: message.program.steps[at].integers.reverse()
                case 2:
                    message.program.steps[at].reals = message.program.steps[at].reals.map {
                        $0 * -1e38
                    }
                case 3: message.program.steps.swapAt(at, 0)
                default: message.columns.shuffle(using: &generator)
                }
            }
            do {
                let plan = try ClientPlan(serialized: bytes, allowInsecure: true)
                read += 1
                for value: Float in [0, -1e30, .infinity, .nan] {
                    _ = try? plan.prefix!.evaluate([value, 1, value, 0, 0, value])
                }
            } catch { #expect(error is WireError, "\(error)") }
        }
        #expect(read > 100 && read < 1000, "\(read)")
    }
}
