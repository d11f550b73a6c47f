// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks

/// How a linear layer is carried out on slots: diagonals, then folds that add up partial sums.
struct PackedLayer {
    var diagonals: [Diagonal]
    /// Whether the only source's features stay as they are, but for the bias; there are no diagonals then.
    var isIdentity = false
    let stride: Int
    /// See `BabyGrouping`.
    var modulus = 0
    /// Each group is added to the ciphertext at once: x + sum of permutations of x.
    let folds: [[SlotPermutation]]
    /// What a rotation key weighs beside a baby step.
    var keyCost = 0.0
    /// Where the outputs are after the folds; for a last layer, which output each slot is a part of.
    let outputLayout: SlotLayout
    /// Of each diagonal its baby and giant step, where these follow no rule; else none.
    var steps: [(baby: Int, giant: Int)] = []
    /// See `LinearTransform`.
    var divisors: [[Int64]] = []
    /// What the bias is divided by, modulo t: factors of an integer.
    var biasDivisors: [Int64] = []
    /// The bias of each slot: after the folds each output once a slot, or in a last layer in one slot of
    /// each output.
    var bias: [Int64]
}

extension PackedLayer {
    /// Slots that hold no output get weights too, such that all repeat after few columns: nothing reads these slots, and
    /// polynomials with few coefficients add less noise, and take hardly any memory or transforms.
    /// - Parameter most: columns.
    func repeating(_ shape: SlotShape, most: Int) -> PackedLayer {
        // Folds add slots of one output whose weights differ.
        guard folds.isEmpty else { return self }
        let isUsed = outputLayout.features.map { $0 != SlotLayout.empty }
        var out = self
        out.diagonals = diagonals.map {
            $0.repeating(where: isUsed, most: most)
        }
        return out
    }

    /// Whether outputs are features of the first source, where they are.
    var selectsInPlace: Bool {
        folds.isEmpty && diagonals.count == 1 && diagonals[0].source == 0
            && diagonals[0].index == 0 && diagonals[0].weights.areOne
    }

    /// What such a layer is without a product.
    var identity: PackedLayer {
        PackedLayer(
            diagonals: [], isIdentity: true, stride: 1, folds: [], outputLayout: outputLayout,
            bias: bias)
    }

    /// With other weights in the same places.
    func mapped(_ weight: (Int64) -> Int64) -> PackedLayer {
        var out = self
        out.diagonals = diagonals.map {
            Diagonal(
                source: $0.source, index: $0.index, weights: $0.weights.mapped(weight),
                output: $0.output)
        }
        return out
    }

    /// Layers of the same sources as one of several sums, without their biases. Every sum has a term, of zeros at least.
    init(sharing parts: [PackedLayer]) {
        let zeros = Diagonal(
            source: 0, index: 0,
            weights: SlotWeights(slots: [], weights: [], count: parts[0].outputLayout.slotCount))
        self.init(
            diagonals: parts.enumerated().flatMap { output, part in
                (part.diagonals.isEmpty ? [zeros] : part.diagonals).map { diagonal in
                    var diagonal = diagonal
                    diagonal.output = output
                    return diagonal
                }
            }, stride: parts[0].stride, folds: [], outputLayout: parts[0].outputLayout, bias: [])
    }

    /// What a layer adds to its sums.
    init(biasOf layer: PackedLayer) {
        self.init(
            diagonals: [], isIdentity: true, stride: 1, folds: [],
            outputLayout: layer.outputLayout, bias: layer.bias)
    }
}
