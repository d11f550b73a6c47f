// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TestSupport
import Testing

@Suite struct NetworkTests {
    @Test func quantizesAsONNXDoes() throws {
        let input = try InputSpecification(shape: [9], range: -2...7, scale: 2, zeroPoint: 3)
        // Ties go to the even integer; the box clamps, infinities too.
        let reals: [Float] = [1, 3, 5, -1, -3, 0, .infinity, -.infinity, 13.1]
        #expect(try input.quantize(reals) == [0, 2, 2, 0, -2, 0, 7, -2, 7])
        #expect(throws: NetworkError.wrongCount(of: "the sample", expected: 9, found: 1)) {
            try input.quantize([1])
        }
        var broken = reals
        broken[4] = .nan
        #expect(throws: NetworkError.notANumber(index: 4)) { try input.quantize(broken) }
    }

    @Test(arguments: [0, -1, .nan, .infinity, Float.leastNonzeroMagnitude])
    func refusesScales(scale: Float) {
        #expect(throws: NetworkError.self) {
            try InputSpecification(shape: [1], range: 0...1, scale: scale)
        }
    }

    @Test func convolutionGeometry() throws {
        let layer = try Convolution(
            weights: Array(1...8), bias: [5, 6],
            inputShape: .init(channels: 1, height: 3, width: 4),
            kernel: .init(height: 2, width: 2), strides: .init(height: 2, width: 1),
            padding: .init(top: 1, left: 0, bottom: 0, right: 1))
        #expect(layer.outputShape == ImageShape(channels: 2, height: 2, width: 4))
        #expect(layer.tapsCount == 4 && layer.positionsCount == 8)
        // Row 0 of the output reads the padding above with its upper taps.
        #expect(layer.inputIndex(tap: 0, position: 0) == nil)
        #expect(layer.inputIndex(tap: 2, position: 0) == 0)
        #expect(layer.inputIndex(tap: 3, position: 3) == nil)
        #expect(layer.inputIndex(tap: 1, position: 5) == 6)
        #expect(layer.matrix().row(8 + 5).map(\.weight) == [5, 6, 7, 8])
        #expect(layer.matrix().row(8 + 5).map(\.column) == [5, 6, 9, 10])
        #expect(IntegerNetwork.Layer.convolution(layer).biasVector?[7...8] == [5, 6])
    }

    @Test func refusesShapes() throws {
        let image = ImageShape(channels: 1, height: 3, width: 3)
        func convolution(
            image: ImageShape, kernel: Int = 2, stride: Int = 1, pad: Int = 0, count: Int = 4
        ) throws -> Convolution {
            try Convolution(
                weights: Array(repeating: 1, count: count), bias: [0], inputShape: image,
                kernel: .init(height: kernel, width: kernel),
                strides: .init(height: stride, width: stride), padding: .init(top: pad))
        }
        _ = try convolution(image: image)
        _ = try convolution(image: image, pad: -1)
        #expect(throws: NetworkError.self) { try convolution(image: image, kernel: 4, count: 16) }
        #expect(throws: NetworkError.self) { try convolution(image: image, stride: 0) }
        #expect(throws: NetworkError.self) { try convolution(image: image, pad: 2) }
        #expect(throws: NetworkError.self) { try convolution(image: image, pad: -2) }
        #expect(throws: NetworkError.self) { try convolution(image: image, count: 5) }
        let huge = ImageShape(channels: 1 << 30, height: 1 << 30, width: 1 << 30)
        #expect(throws: NetworkError.self) { try convolution(image: huge) }
        #expect(throws: NetworkError.self) {
            try Dense(weights: [], bias: [], inputs: 1 << 40, outputs: 0)
        }
        #expect(throws: NetworkError.self) {
            try Dense(weights: [], bias: [], inputs: 1 << 40, outputs: 1 << 40)
        }
    }

    @Test func refusesLayersThatDoNotMeet() throws {
        let input = try InputSpecification(shape: [2], range: 0...1, scale: 1)
        let dense = IntegerNetwork.Layer.dense(
            try Dense(weights: [1, 1, 1], bias: [0], inputs: 3, outputs: 1))
        func network(_ layers: [IntegerNetwork.Layer], _ labels: [String], _ scale: Double = 1)
            throws
        {
            _ = try IntegerNetwork(
                input: input, layers: layers, outputScale: scale, labels: labels)
        }
        try network([.square(count: 2)], ["a", "b"])
        #expect(throws: NetworkError.self) { try network([dense], ["a"]) }
        #expect(throws: NetworkError.self) { try network([], ["a", "b"]) }
        #expect(throws: NetworkError.self) { try network([.square(count: 2)], ["a"]) }
        #expect(throws: NetworkError.self) { try network([.square(count: 2)], ["a", "b"], .nan) }
    }

    @Test func generatorRepeats() {
        for seed in 0..<20 as Range<UInt64> {
            #expect(RandomNetwork.make(seed: seed) == RandomNetwork.make(seed: seed))
        }
        #expect(RandomNetwork.make(seed: 1) != RandomNetwork.make(seed: 2))
    }
}
