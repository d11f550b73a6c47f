// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Small integer networks made at random: convolutions, dense layers and squares of random shapes and weights.
package enum RandomNetwork {
    /// What a random network may look like.
    package struct Options: Sendable {
        /// Linear layers; a square stands between neighbours.
        package var linearLayers: ClosedRange<Int> = 1...3
        package var channels: ClosedRange<Int> = 1...2
        /// Height and width of an image, each on its own.
        package var side: ClosedRange<Int> = 3...6
        /// Inputs of a network without convolution.
        package var features: ClosedRange<Int> = 1...12
        package var maps: ClosedRange<Int> = 1...3
        package var hidden: ClosedRange<Int> = 1...6
        package var outputs: ClosedRange<Int> = 1...4
        package var kernel: ClosedRange<Int> = 1...3
        package var stride: ClosedRange<Int> = 1...2
        package var weight: ClosedRange<Int64> = -3...3
        package var bias: ClosedRange<Int64> = -9...9
        /// Chance in percent that a weight is zeroed.
        package var sparsityPercent = 30
        package var low: ClosedRange<Int> = -2...0
        package var high: ClosedRange<Int> = 1...3
        /// Whether convolutions leave out rows and columns at the borders instead of padding them.
        package var crops = false
        /// Whether the first layer is a convolution; nil leaves it to chance.
        package var startsWithConvolution: Bool?

        package init() {}
    }

    /// A network that depends on the seed and the options only.
    package static func make(seed: UInt64, options: Options = Options()) -> IntegerNetwork {
        var generator = SplitMix64(seed: seed)
        return make(using: &generator, options: options)
    }

    package static func make(
        using generator: inout SplitMix64, options: Options = Options()
    ) -> IntegerNetwork {
        do {
            return try build(&generator, options)
        } catch {
            fatalError("the generator made an invalid network: \(error)")
        }
    }

    /// Integers of a sample, uniform in the network's box; one in four at the ends of the box only.
    package static func input(
        for network: IntegerNetwork, using generator: inout SplitMix64
    ) -> [Int] {
        let range = network.input.range
        let atEnds = Int.random(in: 0..<4, using: &generator) == 0
        return (0..<network.inputCount).map { _ in
            guard atEnds else { return Int.random(in: range, using: &generator) }
            return Bool.random(using: &generator) ? range.lowerBound : range.upperBound
        }
    }

    private static func build(
        _ generator: inout SplitMix64, _ options: Options
    ) throws -> IntegerNetwork {
        let depth = Int.random(in: options.linearLayers, using: &generator)
        let isImage = options.startsWithConvolution ?? Bool.random(using: &generator)
        let image = ImageShape(
            channels: Int.random(in: options.channels, using: &generator),
            height: Int.random(in: options.side, using: &generator),
            width: Int.random(in: options.side, using: &generator))
        let range =
            Int.random(
                in: options.low, using: &generator)...Int.random(
                in: options.high, using: &generator)
        let shape =
            isImage ? image.array : [Int.random(in: options.features, using: &generator)]
        let input = try InputSpecification(shape: shape, range: range, scale: 0.5)

        var layers: [IntegerNetwork.Layer] = []
        var current = image
        var count = input.count
        var scale = 0.5
        for index in 0..<depth {
            let isLast = index == depth - 1
            // Convolutions come first, sometimes two in a row.
            let convolves =
                isImage && !isLast
                && (index == 0 || (index == 1 && Int.random(in: 0..<3, using: &generator) == 0))
            if convolves {
                let layer = try convolution(on: current, &generator, options)
                layers.append(.convolution(layer))
                current = layer.outputShape
                count = current.count
            } else {
                let outputs = Int.random(
                    in: isLast ? options.outputs : options.hidden, using: &generator)
                layers.append(
                    .dense(
                        try Dense(
                            weights: weights(outputs * count, &generator, options),
                            bias: biases(outputs, &generator, options), inputs: count,
                            outputs: outputs)))
                count = outputs
            }
            scale *= 0.25
            if !isLast {
                layers.append(.square(count: count))
                scale *= scale
            }
        }
        return try IntegerNetwork(
            input: input, layers: layers, outputScale: scale,
            labels: IntegerNetwork.defaultLabels(count))
    }

    private static func convolution(
        on image: ImageShape, _ generator: inout SplitMix64, _ options: Options
    ) throws -> Convolution {
        var padding = Padding()
        if options.crops {
            padding.top = -Int.random(in: 0...(image.height - 1) / 2, using: &generator)
            padding.left = -Int.random(in: 0...(image.width - 1) / 2, using: &generator)
            padding.bottom = -Int.random(in: 0...(image.height - 1) / 2, using: &generator)
            padding.right = -Int.random(in: 0...(image.width - 1) / 2, using: &generator)
        }
        let height = image.height + padding.top + padding.bottom
        let width = image.width + padding.left + padding.right
        let kernel = Extent(
            height: min(Int.random(in: options.kernel, using: &generator), height),
            width: min(Int.random(in: options.kernel, using: &generator), width))
        if !options.crops {
            padding = Padding(
                top: Int.random(in: 0..<kernel.height, using: &generator),
                left: Int.random(in: 0..<kernel.width, using: &generator),
                bottom: Int.random(in: 0..<kernel.height, using: &generator),
                right: Int.random(in: 0..<kernel.width, using: &generator))
        }
        let maps = Int.random(in: options.maps, using: &generator)
        return try Convolution(
            weights: weights(
                maps * image.channels * kernel.height * kernel.width, &generator, options),
            bias: biases(maps, &generator, options), inputShape: image, kernel: kernel,
            strides: Extent(
                height: Int.random(in: options.stride, using: &generator),
                width: Int.random(in: options.stride, using: &generator)), padding: padding)
    }

    private static func weights(
        _ count: Int, _ generator: inout SplitMix64, _ options: Options
    ) -> [Int64] {
        (0..<count).map { _ in
            Int.random(in: 0..<100, using: &generator) < options.sparsityPercent
                ? 0 : Int64.random(in: options.weight, using: &generator)
        }
    }

    private static func biases(
        _ count: Int, _ generator: inout SplitMix64, _ options: Options
    ) -> [Int64] {
        (0..<count).map { _ in Int64.random(in: options.bias, using: &generator) }
    }
}
