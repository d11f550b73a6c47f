// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import BlindsightCommands
import Files
import Inference
import InferenceClient
import IntegerNetworks
import Samples
import Testing

/// `verify` and `bench` must tell a wrong logit when there is one.
@Suite struct MismatchTests {
    private func plan() throws -> Plan {
        try Plan(
            model: CommandTests.root + "/Models/mnist.onnx",
            options: {
                var options = PlanningOptions()
                options.method = MethodChoice(.insecureClear)
                return options
            }())
    }

    @Test func verifyCountsWrongLogits() throws {
        let plan = try plan()
        let samples = try SampleFile.read(
            path: CommandTests.root + "/Samples/digits-images-idx3-ubyte")
        func mismatches(_ integers: IntegerNetwork?) throws -> Int {
            try Verification(
                plan: plan, model: #require(plan.model), threads: 1, integers: integers
            ).compare(samples, count: 4, progress: ProgressBar("")).reduce(0) {
                $0 + $1.mismatchedLogits
            }
        }
        #expect(try mismatches(nil) == 0)
        #expect(try mismatches(plan.network.withOneBiasMore()) == 4)
    }

    @Test func benchRefusesWrongLogits() throws {
        let plan = try plan()
        let wrong: [[BigInt]] = Array(
            repeating: Array(repeating: 0, count: plan.network.outputCount), count: 1)
        #expect(throws: (any Error).self) {
            try Benchmark(
                plan: plan, repetitions: 1, threads: 1, samples: 1, progress: ProgressBar(""),
                expected: wrong)
        }
        _ = try Benchmark(
            plan: plan, repetitions: 1, threads: 1, samples: 1, progress: ProgressBar(""))
    }
}

extension IntegerNetwork {
    /// The same network with one more in the first output.
    fileprivate func withOneBiasMore() throws -> IntegerNetwork {
        var operations = operations
        guard case .dense(let last) = operations[operations.count - 1].layer else {
            preconditionFailure("a network that ends in a dense layer")
        }
        var bias = last.bias
        bias[0] += 1
        operations[operations.count - 1] = Operation(
            .dense(
                try Dense(
                    weights: last.weights, bias: bias, inputs: last.inputs,
                    outputs: last.outputs)), sources: operations[operations.count - 1].sources)
        return try IntegerNetwork(
            input: input, operations: operations, outputScale: units.scale, labels: labels,
            decision: decision, transform: transform)
    }
}
