// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TestSupport

/// Small networks for the plans under test. They depend on the seed only.
enum Networks {
    /// 6 inputs in 0...3, 4 hidden values, squares, 3 outputs named "a", "b", "c".
    static func square(seed: UInt64) throws -> IntegerNetwork {
        var generator = SplitMix64(seed: seed)
        return try IntegerNetwork(
            input: InputSpecification(shape: [6], range: 0...3, scale: 0.5),
            layers: [
                .dense(dense(6, 4, &generator)), .square(count: 4),
                .dense(dense(4, 3, &generator)),
            ], outputScale: 0.0625, labels: ["a", "b", "c"])
    }

    /// Everything that a chain of layers doesn't have: branches, features of their own scales, a regression.
    static func graph(seed: UInt64) throws -> IntegerNetwork {
        let graph = try RandomGraph.make(seed: seed)
        let count = graph.inputCount
        return try IntegerNetwork(
            input: InputSpecification(
                shape: [count], range: graph.input.range, scale: 1,
                offsets: (0..<count).map { Float($0) / 4 },
                scales: (0..<count).map { 1 + Float($0) / 8 }, normalization: .l2),
            operations: graph.operations, outputScale: 0.125, labels: graph.labels,
            decision: .regression, transform: .sigmoid)
    }

    /// 5 inputs in -8...7, 3 outputs of some 50 bits: few samples fill a plaintext.
    static func linear(seed: UInt64) throws -> IntegerNetwork {
        var generator = SplitMix64(seed: seed)
        let size: Int64 = 1 << 45
        let dense = try Dense(
            weights: (0..<15).map { _ in Int64.random(in: -size...size, using: &generator) },
            bias: [5, -700, 0], inputs: 5, outputs: 3)
        return try IntegerNetwork(
            input: InputSpecification(shape: [5], range: -8...7, scale: 0.5),
            layers: [.dense(dense)], outputScale: 0.25, labels: ["a", "b", "c"])
    }

    /// The same layers and the same zeros, other weights and biases: what training again gives.
    static func retrained(_ network: IntegerNetwork, seed: UInt64) throws -> IntegerNetwork {
        var generator = SplitMix64(seed: seed)
        func changed(_ weights: [Int64]) -> [Int64] {
            let size = max(weights.map(\.magnitude).max() ?? 1, 2)
            return weights.map { weight in
                weight == 0
                    ? 0
                    : Int64.random(in: 1...Int64(size), using: &generator)
                        * (Bool.random(using: &generator) ? 1 : -1)
            }
        }
        return try IntegerNetwork(
            input: network.input,
            layers: network.layers.map { layer in
                switch layer {
                case .dense(let dense):
                    .dense(
                        try Dense(
                            weights: changed(dense.weights), bias: changed(dense.bias),
                            inputs: dense.inputs, outputs: dense.outputs))
                case .convolution(let old):
                    .convolution(
                        try Convolution(
                            weights: changed(old.weights), bias: changed(old.bias),
                            inputShape: old.inputShape, kernel: old.kernel, strides: old.strides,
                            padding: old.padding))
                default: layer
                }
            }, outputScale: network.units.scale, labels: network.labels)
    }

    private static func dense(
        _ inputs: Int, _ outputs: Int, _ generator: inout SplitMix64
    ) throws -> Dense {
        try Dense(
            weights: (0..<inputs * outputs).map { _ in
                Int64.random(in: -3...3, using: &generator)
            },
            bias: (0..<outputs).map { _ in Int64.random(in: -9...9, using: &generator) },
            inputs: inputs, outputs: outputs)
    }
}
