// SPDX-License-Identifier: Apache-2.0

import Samples
import TensorGraphs

/// Small float models made at random from every operation that can be quantized.
package enum RandomTensorGraph {
    /// A model and samples for it, that depend on the seed only.
    package struct Model {
        package let graph: TensorGraph
        package let samples: [[Float]]
        /// Sizes of a sample.
        package let shape: [Int]

        /// For a quantizer.
        package var calibration: SampleSet { SampleSet(samples, sampleShape: shape) }
    }

    /// - Parameter samples: how many samples come with it.
    package static func make(seed: UInt64, samples count: Int = 48) -> Model {
        var maker = Maker(seed: seed)
        let graph = maker.make()
        let size = maker.shape.reduce(1, *)
        let isPositive = Bool.random(using: &maker.generator)
        let samples = (0..<count).map { _ in
            (0..<size).map { _ in
                Float.random(in: isPositive ? 0...1 : -1...1, using: &maker.generator)
            }
        }
        return Model(graph: graph, samples: samples, shape: maker.shape)
    }

    private struct Maker {
        var generator: SplitMix64
        let shape: [Int]
        let builder: TensorGraphBuilder
        /// Products one after another that may still come.
        var levels = 2

        init(seed: UInt64) {
            generator = SplitMix64(seed: seed)
            if Bool.random(using: &generator) {
                shape = [
                    Int.random(in: 1...2, using: &generator),
                    Int.random(in: 4...6, using: &generator),
                    Int.random(in: 4...6, using: &generator),
                ]
            } else {
                shape = [Int.random(in: 2...8, using: &generator)]
            }
            builder = TensorGraphBuilder(input: shape)
        }

        mutating func chance(_ percent: Int) -> Bool {
            Int.random(in: 0..<100, using: &generator) < percent
        }

        mutating func reals(_ count: Int, _ size: Float = 1) -> [Float] {
            (0..<count).map { _ in Float.random(in: -size...size, using: &generator) }
        }

        mutating func make() -> TensorGraph {
            var value = chance(30) ? builder.scale(0, by: 1.5, adding: 0.25) : 0
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                value = linear(value)
                if chance(40) { value = normalized(value) }
                if chance(80) { value = nonlinear(value) }
                if chance(30) { value = pooled(value) }
                if chance(30) { value = merged(value) }
            }
            if builder.shape(value).count > 1 { value = builder.flatten(value) }
            let outputs = Int.random(in: 1...4, using: &generator)
            value = dense(value, outputs: outputs)
            return tail(value, outputs)
        }

        mutating func dense(_ value: Int, outputs: Int) -> Int {
            let inner = builder.shape(value).reduce(1, *)
            let size = 1.7 / Float(inner).squareRoot()
            return builder.dense(
                value, weights: reals(inner * outputs, size),
                bias: chance(70) ? reals(outputs, 0.5) : nil, outputs: outputs)
        }

        mutating func linear(_ value: Int) -> Int {
            let shape = builder.shape(value)
            guard shape.count == 3 else {
                return dense(value, outputs: Int.random(in: 2...6, using: &generator))
            }
            if chance(15), shape[1] > 2, shape[2] > 2 { return cropped(value) }
            let kernel = Int.random(in: 1...min(3, shape[1], shape[2]), using: &generator)
            let isGrouped = shape[0] == 2 && chance(25)
            let maps = isGrouped ? 2 : Int.random(in: 1...3, using: &generator)
            let taps = (isGrouped ? 1 : shape[0]) * kernel * kernel
            let fits = 2 * kernel - 1 <= min(shape[1], shape[2])
            return builder.convolution(
                value, weights: reals(maps * taps, 1.7 / Float(taps).squareRoot()),
                bias: chance(70) ? reals(maps, 0.5) : nil, maps: maps, kernel: kernel,
                stride: Int.random(in: 1...2, using: &generator),
                padding: kernel > 1 && chance(50) ? 1 : 0, groups: isGrouped ? 2 : 1,
                dilation: fits && chance(20) ? 2 : 1)
        }

        /// Without the outermost rows and columns.
        mutating func cropped(_ value: Int) -> Int {
            let shape = builder.shape(value)
            var indices: [Int32] = []
            for channel in 0..<shape[0] {
                for y in 1..<shape[1] - 1 {
                    for x in 1..<shape[2] - 1 {
                        indices.append(Int32((channel * shape[1] + y) * shape[2] + x))
                    }
                }
            }
            return builder.add(
                "Slice", .gather(indices: indices, fill: 0), [value],
                shape: [shape[0], shape[1] - 2, shape[2] - 2])
        }

        mutating func normalized(_ value: Int) -> Int {
            let channels = builder.shape(value)[0]
            let factors = (0..<channels).map { _ in Float.random(in: 0.5...1.5, using: &generator) }
            return builder.batchNormalization(value, factors: factors, terms: reals(channels, 0.3))
        }

        mutating func pooled(_ value: Int) -> Int {
            let shape = builder.shape(value)
            guard shape.count == 3, shape[1] > 1, shape[2] > 1 else { return value }
            return builder.averagePool(value, window: 2)
        }

        mutating func nonlinear(_ value: Int) -> Int {
            guard levels > 0 else { return value }
            levels -= 1
            switch Int.random(in: 0..<8, using: &generator) {
            case 0, 1: return builder.multiply(value, value)
            case 2:
                let square = builder.multiply(value, value)
                return builder.add(square, builder.scale(value, by: 0.7))
            case 3: return builder.function(value, .relu)
            case 4: return builder.function(value, .sigmoid)
            case 5: return builder.multiply(value, builder.function(value, .sigmoid))
            case 6:
                levels -= 1
                return builder.function(value, .power(3))
            default: return builder.function(value, .tanh)
            }
        }

        /// With a branch of its own.
        mutating func merged(_ value: Int) -> Int {
            let channels = builder.shape(value)[0]
            let other = builder.batchNormalization(
                value, factors: reals(channels), terms: reals(channels))
            var branch = builder.shape(value).count == 1 ? dense(value, outputs: channels) : other
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: return builder.add(value, branch)
            case 1: return builder.subtract(branch, value)
            case 2: return builder.concatenate(value, branch)
            default:
                guard levels > 0 else { return value }
                levels -= 1
                if branch == other { branch = builder.scale(other, by: 0.5) }
                return builder.multiply(value, branch)
            }
        }

        mutating func tail(_ value: Int, _ outputs: Int) -> TensorGraph {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where outputs > 1: return builder.graph([builder.softmax(value)])
            case 1:
                return builder.graph(
                    [builder.function(value, .sigmoid)], labels: outputs == 1 ? ["no", "yes"] : nil)
            default: return builder.graph([value])
            }
        }
    }
}
