import NeuralNetwork
import RLWE

/// A network laid out on slots: what is done, but not yet at which levels.
public struct Circuit: Sendable {
    public enum Step: Sendable {
        case linear(LinearTransform)
        /// x + sum of permutations of x.
        case fold([SlotPermutation])
        /// Integer constants, a slot each.
        case add([Int64])
        case square
        /// A place where moduli may be dropped; the plan says to which level.
        case switchPoint(Int)
        /// Adds random shares of zero to the slots of each output, and random values to unused slots, so that
        /// a client learns the sums only.
        case mask
    }

    public let shape: SlotShape
    public var degree: Int { shape.degree }
    public let steps: [Step]
    /// Of each input ciphertext: the index of the input that each slot holds, or `SlotLayout.empty`.
    public let inputLayouts: [SlotLayout]
    /// The output that each slot is a part of; the client adds up.
    public let outputLayout: SlotLayout
    public let switchPointCount: Int
    /// Of each linear layer: baby steps, and the number of diagonals that they divide.
    let babyCounts: [Int]
    let diagonalCounts: [Int]

    /// The permutations that need Galois keys.
    public var permutations: Set<SlotPermutation> {
        var out = Set<SlotPermutation>()
        for step in steps {
            switch step {
            case .linear(let transform): out.formUnion(transform.permutations(degree: degree))
            case .fold(let group):
                out.formUnion(group.filter { !$0.isIdentity(degree: degree) })
            case .add, .square, .switchPoint, .mask: break
            }
        }
        return Set(out.map { $0.normalized(degree: degree) })
    }
}

extension Circuit {
    /// Lays out `network` for one sample.
    ///
    /// - Parameter babyCounts: baby steps of each linear layer; missing ones get the square root rule.
    /// - Throws: `PackingError` where the network doesn't fit this many slots.
    init(network: IntegerNetwork, shape: SlotShape, babyCounts: [Int] = []) throws {
        var builder = CircuitBuilder(shape: shape, babyCounts: babyCounts)
        self = try builder.build(network)
    }
}

private struct CircuitBuilder {
    let shape: SlotShape
    let requestedBabyCounts: [Int]
    var babyCounts: [Int] = []
    var diagonalCounts: [Int] = []
    var steps: [Circuit.Step] = []
    var points = 0
    var linearLayers = 0

    init(shape: SlotShape, babyCounts: [Int]) {
        self.shape = shape
        requestedBabyCounts = babyCounts
    }

    mutating func build(_ network: IntegerNetwork) throws -> Circuit {
        let layers = network.layers
        let lastLinear = layers.lastIndex { $0.matrix() != nil }
        var layouts: [SlotLayout]
        var inputLayouts: [SlotLayout]
        if case .convolution(let convolution) = layers[0], lastLinear != 0,
            let patchLayout = PatchLayout(convolution, shape: shape)
        {
            let patches = patchLayout.patches
            inputLayouts = patchLayout.inputs(patches)
            let packed = try patchLayout.layer(patches)
            append(packed)
            layouts = [packed.outputLayout]
        } else {
            layouts = try LatencyPacking.periodicInput(
                features: network.inputCount, shape: shape)
            inputLayouts = layouts
        }
        for (index, layer) in layers.enumerated() {
            if index == 0, linearLayers == 1 { continue }  // the convolution above
            if case .square = layer {
                guard layouts.count == 1 else {
                    throw PackingError.tooManyFeatures(
                        network.inputCount, slots: shape.slotCount)
                }
                steps.append(.switchPoint(points))
                steps.append(.square)
                steps.append(.switchPoint(points + 1))
                points += 2
                continue
            }
            let packed =
                index == lastLinear && index == layers.count - 1
                ? try LatencyPacking.last(layer, sources: layouts, shape: shape)
                : try LatencyPacking.inner(layer, sources: layouts, shape: shape)
            append(packed)
            layouts = [packed.outputLayout]
        }
        guard layouts.count == 1 else {
            throw PackingError.tooManyFeatures(network.inputCount, slots: shape.slotCount)
        }
        var layout = layouts[0]
        if lastLinear != layers.count - 1 { layout = Self.firstOccurrence(layout) }
        steps.append(.mask)
        return Circuit(
            shape: shape, steps: steps, inputLayouts: inputLayouts, outputLayout: layout,
            switchPointCount: points, babyCounts: babyCounts, diagonalCounts: diagonalCounts)
    }

    private mutating func append(_ packed: PackedLayer) {
        let count = (packed.diagonals.map(\.index).max() ?? 0) + 1
        let babies =
            linearLayers < requestedBabyCounts.count
            ? requestedBabyCounts[linearLayers] : Self.defaultBabyCount(diagonals: count)
        linearLayers += 1
        babyCounts.append(babies)
        diagonalCounts.append(count)
        steps.append(
            .linear(
                LinearTransform(
                    diagonals: packed.diagonals, stride: packed.stride, babyCount: babies,
                    shape: shape)))
        for fold in packed.folds
        where !fold.allSatisfy({ $0.isIdentity(degree: shape.degree) }) {
            steps.append(.fold(fold))
        }
        if packed.bias.contains(where: { $0 != 0 }) { steps.append(.add(packed.bias)) }
    }

    /// Babies cost less than giants (they share a decomposition), so a power of two at or above the root.
    static func defaultBabyCount(diagonals: Int) -> Int {
        var babies = 1
        while babies * babies < diagonals { babies *= 2 }
        return babies
    }

    /// Keeps one slot of each output: for networks that end in a square, whose outputs are whole.
    private static func firstOccurrence(_ layout: SlotLayout) -> SlotLayout {
        var seen = Set<Int32>()
        return SlotLayout(
            features: layout.features.map {
                $0 != SlotLayout.empty && seen.insert($0).inserted ? $0 : SlotLayout.empty
            })
    }
}
