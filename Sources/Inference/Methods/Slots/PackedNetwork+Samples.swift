// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks

extension PackedNetwork {
    /// Several samples side by side: column S i + s of a row is column i of sample s in a ring of so many fewer slots. What
    /// moves one sample's columns by r moves all columns by S r, and each weight is there S times.
    ///
    /// - Parameter samples: S, a power of two.
    /// - Throws: `PackingError` where the network doesn't fit a sample's share of the slots.
    static func sideBySide(
        _ samples: Int, of network: IntegerNetwork, shape: SlotShape
    ) throws -> PackedNetwork {
        guard let share = shape.divided(among: samples) else {
            throw PackingError.tooFewSlots(shape.slotCount / samples)
        }
        let one = try PackedNetwork(network, shape: share)
        return samples == 1 ? one : one.spread(to: samples, outputCount: network.outputCount, shape)
    }

    private func spread(to samples: Int, outputCount: Int, _ shape: SlotShape) -> PackedNetwork {
        let spreading = Spreading(samples: samples, shape: shape)
        return PackedNetwork(
            shape: shape, samples: samples, featureCount: featureCount,
            inputs: inputLayouts.map { $0.spread(to: samples, of: featureCount) },
            steps: steps.map(spreading.step), outputs: outputs,
            outputLayouts: outputLayouts.map { $0.spread(to: samples, of: outputCount) },
            switchPointCount: switchPointCount)
    }
}

/// Steps of one sample as those of several.
private struct Spreading {
    let samples: Int
    let shape: SlotShape

    func step(_ step: PackedNetwork.Step) -> PackedNetwork.Step {
        switch step {
        case .layer(let layer, let sources): .layer(self.layer(layer), sources: sources)
        case .leaf(let leaf, let sources):
            .leaf(
                SlotLeaf(leaf: leaf.leaf, layout: leaf.layout.repeated(samples), shape: shape),
                sources: sources)
        case .factors(let factors, let constants):
            .factors(factors, constants: constants.repeated(samples))
        case .part, .product, .switchPoint, .sum: step
        }
    }

    private func layer(_ layer: PackedLayer) -> PackedLayer {
        PackedLayer(
            diagonals: layer.diagonals.map {
                Diagonal(
                    source: $0.source, index: $0.index, weights: $0.weights.repeated(samples),
                    output: $0.output)
            },
            isIdentity: layer.isIdentity, stride: layer.stride * samples, modulus: layer.modulus,
            folds: layer.folds.map { $0.map(permutation) }, keyCost: layer.keyCost,
            outputLayout: layer.outputLayout.repeated(samples),
            steps: layer.steps.map { ($0.baby * samples, $0.giant * samples) },
            divisors: layer.divisors, biasDivisors: layer.biasDivisors,
            bias: layer.bias.repeated(samples))
    }

    /// With index 2 a rotation swaps rows where it is by an odd number of columns: these no longer are.
    private func permutation(_ one: SlotPermutation) -> SlotPermutation {
        SlotPermutation(
            rotation: one.rotation * samples, swapsRows: one.swapsRows && shape.rows == 2)
    }
}

extension SlotLayout {
    /// Each slot so many times in a row.
    func repeated(_ count: Int) -> SlotLayout { SlotLayout(features: features.repeated(count)) }

    /// The same of several samples, with the features of each numbered after those before.
    func spread(to samples: Int, of count: Int) -> SlotLayout {
        SlotLayout(
            features: features.flatMap { feature in
                (0..<samples).map { sample in
                    feature == Self.empty ? feature : feature + Int32(sample * count)
                }
            })
    }
}

extension Array {
    /// Each element so many times in a row.
    func repeated(_ count: Int) -> [Element] {
        flatMap { repeatElement($0, count: count) }
    }
}
