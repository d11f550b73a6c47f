// SPDX-License-Identifier: Apache-2.0

import InferenceClient
import SwiftProtobuf
import Testing
import Wire

/// What the plan's section may not say of inputs, outputs and costs, all digests right.
@Suite struct PlanSectionTests {
    /// What both halves of a plan say of inputs, outputs and costs.
    @Test(arguments: [ArtifactKind.clientPlan, .serverPlan]) func plan(kind: ArtifactKind) throws {
        typealias Plan = Blindsight_V6_PlanMessage
        let digits = String(repeating: "9", count: 1_000_000)
        let changes: [(String, (inout Plan) -> Void)] = [
            ("no input", { $0.clearInput() }),
            ("no outputs", { $0.clearOutputs() }),
            ("shape of 2^60", { $0.input.shape = [1 << 30, 1 << 30] }),
            ("shape with a zero", { $0.input.shape = [6, 0] }),
            ("nine dimensions", { $0.input.shape = [6, 1, 1, 1, 1, 1, 1, 1, 1] }),
            ("no shape", { $0.input.shape = [] }),
            ("empty box", { $0.input.lowest = 4 }),
            ("box of 2^63", { $0.input.highest = .max }),
            ("box from -2^63", { $0.input.lowest = .min }),
            ("zero point", { $0.input.zeroPoint = .max }),
            ("scale 0", { $0.input.scale = 0 }),
            ("scale NaN", { $0.input.scale = .nan }),
            ("an offset less than features", { $0.input.offsets = [1] }),
            ("feature scale 0", { $0.input.scales = [0, 1, 1, 1, 1, 1] }),
            ("offset NaN", { $0.input.offsets = [.nan, 1, 1, 1, 1, 1] }),
            ("a norm that isn't known", { $0.input.normalization = "L3" }),
            ("a decision that isn't known", { $0.outputs.decision = "oracle" }),
            ("the usual decision spelled out", { $0.outputs.decision = "largest" }),
            ("a sign of three outputs", { $0.outputs.decision = "sign" }),
            ("a transform that isn't known", { $0.outputs.transform = "relu" }),
            ("no transform spelled out", { $0.outputs.transform = "none" }),
            ("output scale infinite", { $0.outputs.scale = .infinity }),
            ("output scale 0", { $0.outputs.scale = 0 }),
            ("units of outputs that are compared", { $0.outputs.exponents = [0, 0, -4] }),
            ("no labels", { $0.outputs.labels = [] }),
            ("a label more", { $0.outputs.labels.append("d") }),
            ("escape sequence", { $0.outputs.labels[0] = "\u{1B}[2J" }),
            ("long label", { $0.outputs.labels[0] = String(repeating: "x", count: 1025) }),
            ("no bounds", { $0.outputs.bounds = [] }),
            ("a bound more", { $0.outputs.bounds.append($0.outputs.bounds[0]) }),
            ("bound not a number", { $0.outputs.bounds[0].lowest = "1e9" }),
            ("bound with a sign", { $0.outputs.bounds[0].highest = "+5" }),
            ("bound with a zero before it", { $0.outputs.bounds[0].highest = "05" }),
            ("low bound with a zero before it", { $0.outputs.bounds[0].lowest = "-099" }),
            ("a negative zero", { $0.outputs.bounds[0].lowest = "-0" }),
            (
                "bounds exchanged",
                { $0.outputs.bounds[0].lowest = $0.outputs.bounds[0].highest + "0" }
            ),
            ("bound above T", { $0.outputs.bounds[0].highest += "000000000000" }),
            ("bound of 10^6 digits", { $0.outputs.bounds[0].highest = digits }),
            ("bound method with a newline", { $0.outputs.boundMethod += "\n" }),
            (
                "an unknown field",
                {
                    $0 = try! Plan(
                        serializedBytes: $0.serializedBytes() + [0xF8, 0x07, 0x01] as [UInt8])
                }
            ),
        ]
        for (what, change) in changes {
            try Fixture.expectRefusal(kind, what) { try $0.resealed(plan: kind, change) }
        }
    }

    /// Sections are what this build would write for them.
    @Test(arguments: [ArtifactKind.clientPlan, .serverPlan]) func canonical(kind: ArtifactKind)
        throws
    {
        for number in try Fixture.sections(Fixture.of(.slots).bytes(kind)).keys.sorted()
        where number != SectionRule.Number.proof {
            for extra: [UInt8] in [[0xF8, 0x07, 0x01], [0], [0x0A], [0x08, 0x01]] {
                try Fixture.expectRefusal(kind, "section \(number) and \(extra)") {
                    try $0.resealed(kind) { $0[number]! += extra }
                }
            }
        }
    }
}
