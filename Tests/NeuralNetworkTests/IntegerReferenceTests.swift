// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import TestSupport
import Testing

@Suite struct IntegerReferenceTests {
    /// The gathered Int64 path, the BigInt path and a walk over the matrices are written apart; they must agree.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func pathsAgree(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var options = RandomNetwork.Options()
        options.crops = seed >= 70
        let network = RandomNetwork.make(using: &generator, options: options)
        let reference = IntegerReference(network)
        #expect(reference.machineLayersCount == network.layers.count)
        for _ in 0..<5 {
            let input = RandomNetwork.input(for: network, using: &generator)
            var expected = input.map { BigInt($0) }
            for (layer, values) in zip(network.layers, try reference.layerValues(input)) {
                expected = apply(layer, expected)
                #expect(values == expected, "seed \(seed)")
            }
            #expect(try reference.logits(input) == expected, "seed \(seed)")
        }
    }

    private func apply(_ layer: IntegerNetwork.Layer, _ input: [BigInt]) -> [BigInt] {
        guard let matrix = layer.matrix(), let bias = layer.biasVector else {
            return input.map { $0 * $0 }
        }
        #expect(matrix.columns == layer.inputCount && matrix.rows == layer.outputCount)
        return (0..<matrix.rows).map { row in
            matrix.row(row).reduce(BigInt(bias[row])) { $0 + BigInt($1.weight) * input[$1.column] }
        }
    }

    /// Large weights: machine integers for the layers that fit, big ones after.
    @Test(arguments: 0..<30 as Range<UInt64>)
    func exactBeyondMachineIntegers(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var options = RandomNetwork.Options()
        options.linearLayers = 2...4
        options.weight = -1_000_000_000...1_000_000_000
        options.sparsityPercent = 0
        let network = RandomNetwork.make(using: &generator, options: options)
        let reference = IntegerReference(network)
        #expect(reference.machineLayersCount < network.layers.count)
        let input = RandomNetwork.input(for: network, using: &generator)
        #expect(try reference.logits(input) == reference.layerValues(input).last, "seed \(seed)")
    }

    @Test func edgeOfMachineIntegers() throws {
        func layers(_ weight: Int64, _ bias: Int64) throws -> IntegerNetwork {
            try IntegerNetwork(
                input: InputSpecification(shape: [1], range: -1...1, scale: 1),
                layers: [.dense(Dense(weights: [weight], bias: [bias], inputs: 1, outputs: 1))],
                outputScale: 1, labels: ["y"])
        }
        let within = IntegerReference(try layers(.max - 1, 1))
        #expect(within.machineLayersCount == 1)
        #expect(try within.logits([1]) == [BigInt(Int64.max)])
        let beyond = IntegerReference(try layers(.max, 1))
        #expect(beyond.machineLayersCount == 0)
        #expect(try beyond.logits([1]) == [BigInt(Int64.max) + 1])
        let lowest = IntegerReference(try layers(.min, .min))
        #expect(try lowest.logits([1]) == [BigInt(Int64.min) + BigInt(Int64.min)])
    }

    @Test func refusesInputsOutsideTheBox() throws {
        let network = RandomNetwork.make(seed: 3)
        var input = Array(repeating: network.input.range.lowerBound, count: network.inputCount)
        #expect(throws: NetworkError.self) {
            try IntegerReference.logits(network, input: input + [0])
        }
        input[0] = network.input.range.upperBound + 1
        #expect(
            throws: NetworkError.outsideBox(index: 0, value: input[0], range: network.input.range)
        ) { try IntegerReference.logits(network, input: input) }
    }

    @Test func firstMaximumWins() {
        #expect(argmax([3, 7, 7, 1]) == 1)
        #expect(argmax([BigInt(-2), BigInt(-1)]) == 1)
        #expect(argmax([Int]()) == nil)
    }
}
