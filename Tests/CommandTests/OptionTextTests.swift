// SPDX-License-Identifier: Apache-2.0

import Blindsight
import InferenceClient
import Testing

/// Options as other languages give them.
struct OptionTextTests {
    @Test func defaultsAreThoseOfTheLibrary() throws {
        let options = try PlanningOptions(text: "")
        #expect(options.quantization == PlanningOptions().quantization)
        #expect(options.method == PlanningOptions().method)
        #expect(options.functionPrivacyBits == nil)
        #expect(options.range == .certified)
        #expect(!options.acceptsAnyError)
    }

    @Test func eachOptionIsTaken() throws {
        let options = try PlanningOptions(
            text: """
                method=features
                bits=4..6
                degrees=2
                function_privacy=64
                range=calibrated
                margin_bits=2.5
                outputs=quantities
                trees=grid
                bins=32
                move=a=b
                move=c
                accept_errors=true
                """)
        #expect(options.method.name == MethodName(rawValue: "features"))
        #expect(options.method.samples == 8192)
        #expect(options.quantization.bits == 4...6)
        #expect(options.quantization.degrees == 2...2)
        #expect(options.functionPrivacyBits == 64)
        #expect(options.range == .calibrated(marginBits: 2.5))
        #expect(options.outputKind == .quantities)
        #expect(options.trees == .grid)
        #expect(options.treeBins == 32)
        #expect(options.clientNodes == ["a=b", "c"])
        #expect(options.acceptsAnyError)
    }

    @Test(arguments: [
        ("method=slow", "method"), ("bits=6..4", "bits"), ("bits=many", "bits"),
        ("speed=1", "speed"),
        ("samples=0", "samples"), ("bins=64", "bins"), ("margin_bits=1", "margin_bits"),
        ("method=slots\nmethod=slots", "method"), ("nothing", "nothing"),
        ("function_privacy=41", "function_privacy"), ("accept_errors=1", "accept_errors"),
    ])
    func whatMeansNothingIsRefused(text: String, option: String) {
        let error = #expect(throws: OptionError.self) { try PlanningOptions(text: text) }
        #expect(error?.option == option)
    }

    /// What a refusal proposes can be given.
    @Test func remediesAreOptions() throws {
        let remedies: [PlanRefusal.Remedy] = [
            .fewerBits(2...4, smallestRange: 20), .lowestDegree, .calibratedRange(marginBits: 4),
            .certifiedRange, .statedOutputs, .knownTrees(.thresholds),
            .nodesAtTheClient(["first", "second"]), .anyError,
        ]
        for remedy in remedies {
            let option = try #require(remedy.option)
            _ = try PlanningOptions(text: option)
        }
        #expect(PlanRefusal.Remedy.distillation.option == nil)
    }
}
