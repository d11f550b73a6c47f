// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing

/// Encrypted = clear slots = integer reference, on networks made at random. Every failing case names the seed that
/// repeats it.
@Suite struct RandomNetworkTests {
    /// Small rings without security, so that many networks run in seconds.
    static let planner = Planner.insecure(degrees: [64, 128, 256, 512, 1024])

    @Test(arguments: 0..<40) func encryptedEqualsReference(seed: Int) throws {
        try check(RandomNetwork.make(seed: UInt64(seed)), seed: UInt64(seed))
    }

    @Test(arguments: 100..<112) func convolutionsFirst(seed: Int) throws {
        var options = RandomNetwork.Options()
        options.startsWithConvolution = true
        options.linearLayers = 2...3
        options.side = 5...9
        options.maps = 1...5
        try check(RandomNetwork.make(seed: UInt64(seed), options: options), seed: UInt64(seed))
    }

    @Test(arguments: 200..<212) func wideLayers(seed: Int) throws {
        var options = RandomNetwork.Options()
        options.startsWithConvolution = false
        options.features = 20...90
        options.hidden = 8...40
        options.outputs = 1...12
        options.linearLayers = 1...2
        try check(RandomNetwork.make(seed: UInt64(seed), options: options), seed: UInt64(seed))
    }

    /// Convolutions of a window of the image.
    @Test(arguments: 300..<312) func croppedConvolutions(seed: Int) throws {
        var options = RandomNetwork.Options()
        options.startsWithConvolution = true
        options.linearLayers = 2...2
        options.side = 5...9
        options.crops = true
        try check(RandomNetwork.make(seed: UInt64(seed), options: options), seed: UInt64(seed))
    }

    /// More features than slots: the sample is spread over ciphertexts.
    @Test(arguments: [65, 100, 128, 129, 200, 256]) func moreFeaturesThanSlots(features: Int) throws
    {
        for depth in 1...2 {
            var options = RandomNetwork.Options()
            options.startsWithConvolution = false
            options.features = features...features
            options.linearLayers = depth...depth
            let seed = UInt64(400 + features + depth)
            let plan = try check(
                RandomNetwork.make(seed: seed, options: options), seed: seed,
                planner: .insecure(degrees: [64]))
            let slots = plan.settings.parameters.slots.slotCount
            #expect(plan.slots.client.inputLayouts.count == (features + slots - 1) / slots)
            #expect(plan.slots.client.inputLayouts.count > 1)
        }
    }

    /// More patches than slots: taps over several ciphertexts, with one map and more, of one row of slots and of two.
    @Test(arguments: [0, 1, 3, 4, 6, 7, 8, 9, 12, 13, 18, 20, 22, 23])
    func patchesOverSeveralCiphertexts(seed: Int) throws {
        var generator = SplitMix64(seed: UInt64(500 + seed))
        let maps = 1 + seed % 3
        let image = ImageShape(channels: 1, height: 6, width: 7)
        let kernel = Extent(height: 3, width: seed % 2 == 0 ? 4 : 3)
        let weights = (0..<maps * kernel.height * kernel.width).map { _ in
            Int64.random(in: -3...3, using: &generator)
        }
        let convolution = try Convolution(
            weights: weights, bias: (0..<maps).map { Int64($0) - 1 }, inputShape: image,
            kernel: kernel, padding: Padding(top: 0, left: -1 - seed / 12, bottom: -(seed % 2)))
        let count = convolution.outputShape.count
        let dense = try Dense(
            weights: (0..<2 * count).map { _ in Int64.random(in: -3...3, using: &generator) },
            bias: [1, -2], inputs: count, outputs: 2)
        let network = try IntegerNetwork(
            input: InputSpecification(shape: image.array, range: -2...3, scale: 1),
            layers: [.convolution(convolution), .square(count: count), .dense(dense)],
            outputScale: 1, labels: IntegerNetwork.defaultLabels(2))
        let plan = try check(
            network, seed: UInt64(500 + seed),
            planner: .insecure(degrees: [seed / 6 % 2 == 0 ? 64 : 128]))
        // Patches repeat pixels; the seeds are such that all of them take this layout on several ciphertexts.
        let held = plan.slots.client.inputLayouts.reduce(0) { sum, layout in
            sum + layout.features.count { $0 != SlotLayout.empty }
        }
        #expect(plan.slots.client.inputLayouts.count > 1 && held > image.count)
    }

    /// Weights of zero for all that one ciphertext of a sample holds.
    @Test(arguments: [0, 1, 2]) func ciphertextsThatNothingIsTakenFrom(unused: Int) throws {
        let count = 160
        var generator = SplitMix64(seed: UInt64(unused))
        let weights = (0..<2 * count).map { i in
            i % count / 64 == unused || unused == 2 && i % count >= 64
                ? 0 : Int64.random(in: 1...3, using: &generator)
        }
        let first = IntegerNetwork.Layer.dense(
            try Dense(weights: weights, bias: [1, -2], inputs: count, outputs: 2))
        let last = IntegerNetwork.Layer.dense(
            try Dense(weights: [3, 2], bias: [5], inputs: 2, outputs: 1))
        for layers in [[first], [first, .square(count: 2), last]] {
            let network = try IntegerNetwork(
                input: InputSpecification(shape: [count], range: -2...3, scale: 1),
                layers: layers, outputScale: 1,
                labels: IntegerNetwork.defaultLabels(layers.last!.outputCount))
            let plan = try check(
                network, seed: UInt64(unused), planner: .insecure(degrees: [64]))
            #expect(plan.slots.client.inputLayouts.count >= 3)
        }
    }

    /// Branches, residual additions, concatenations, scalings and products of two values.
    @Test(arguments: 600..<640) func graphsOfFeatures(seed: Int) throws {
        try check(RandomGraph.make(seed: UInt64(seed)), seed: UInt64(seed))
    }

    @Test(arguments: 700..<730) func graphsOfImages(seed: Int) throws {
        var options = RandomGraph.Options()
        options.isImage = true
        try check(RandomGraph.make(seed: UInt64(seed), options: options), seed: UInt64(seed))
    }

    @Test(arguments: 800..<808) func deepGraphs(seed: Int) throws {
        var options = RandomGraph.Options()
        options.features = 2...5
        options.operations = 6...10
        options.depth = 4
        options.weight = -1...2
        options.range = -1...1
        try check(RandomGraph.make(seed: UInt64(seed), options: options), seed: UInt64(seed))
    }

    /// Replies that hide the weights: with maps whose weights are drawn anew at the end, rotated ones too, and with
    /// products there.
    @Test(arguments: [40, 64, 80], 0..<12) func hidden(bits: Int, seed: Int) throws {
        var planner = Planner.insecure(degrees: [64, 128])
        planner.functionPrivacyBits = bits
        for network in try [
            RandomNetwork.make(seed: UInt64(seed)), RandomGraph.make(seed: UInt64(900 + seed)),
        ] {
            let plan = try check(network, seed: UInt64(seed), planner: planner)
            #expect(plan.settings.functionPrivacyBits == bits)
            #expect(plan.slots.choices.privacy.floods.count == plan.settings.noiseMarginBits.count)
        }
    }

    @discardableResult
    private func check(
        _ network: IntegerNetwork, seed: UInt64, planner: Planner = Self.planner
    ) throws -> Plan {
        let plan = try planner.plan(network, method: .slots)
        #expect(plan.certificate.holds)
        let pair = try Pair(plan)
        var generator = SplitMix64(seed: seed ^ 0x5EED)
        for round in 0..<3 {
            let input = RandomNetwork.input(for: network, using: &generator)
            let expected = try IntegerReference.logits(network, input: input)
            let clear = try plan.slots.clearLogits(of: [input], outputs: plan.client.outputs)
            #expect(clear == [expected], "clear slots, seed \(seed), sample \(round)")
            let before = pair.server.operations
            let prediction = try pair.predictions([input])[0]
            #expect(prediction.logits == expected, "encrypted, seed \(seed), sample \(round)")
            #expect(prediction.noiseMarginBits > 0, "seed \(seed), sample \(round)")
            #expect(
                prediction.index == argmax(expected), "seed \(seed)")
            // A count that is still zero is left out.
            let made = pair.server.operations.entries.map { $0.count - (before[$0.name] ?? 0) }
            #expect(made == plan.evaluation.operations.counts, "counts, seed \(seed)")
        }
        return plan
    }
}
