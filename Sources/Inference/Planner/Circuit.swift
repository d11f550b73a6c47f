import BFV
import NeuralNetwork

/// A network laid out on slots: what is done, but not yet at which levels.
public struct Circuit: Sendable {
    public enum Step: Sendable {
        /// Reads as many values as the transform has sources.
        case linear(LinearTransform)
        /// x + sum of permutations of x.
        case fold([SlotPermutation])
        /// Integer constants, a slot each.
        case add([Int64])
        case square
        /// Of two values.
        case product
        /// A place where moduli may be dropped; the plan says to which level. Reads and makes no value.
        case switchPoint(Int)
        /// Adds random shares of zero to the slots of each output, and random values to unused slots, so that
        /// a client learns the sums only.
        case mask
        /// Of the batch layout: reads as many values as the map has sources.
        case map(FeatureMap)
        /// Of the batch layout, where products are relinearized later than they are made.
        case relinearize
        /// Of the batch layout: values that several steps read are computed once.
        case store
    }

    /// A step and the values that it reads. Values are the input ciphertexts, then the result of every step but switch points.
    public struct Instruction: Sendable {
        public let step: Step
        public let operands: [Int]
    }

    public let layout: DataLayout
    public let shape: SlotShape
    public var degree: Int { shape.degree }
    /// The last one makes the outputs.
    public let instructions: [Instruction]
    /// Of each input ciphertext: the index of the input that each slot holds, or `SlotLayout.empty`. None in the batch layout.
    public let inputLayouts: [SlotLayout]
    /// The output that each slot is a part of; the client adds up. None in the batch layout.
    public let outputLayout: SlotLayout?
    /// Values that there are at the start: the input ciphertexts, or the one vector of them of the batch layout.
    let inputsCount: Int
    /// Features of a sample.
    let featureCount: Int
    public let switchPointCount: Int
    /// Of each linear layer: baby steps, and the number of diagonals that they divide.
    let babyCounts: [Int]
    let diagonalCounts: [Int]

    public var steps: [Step] { instructions.map(\.step) }

    /// The permutations that need Galois keys.
    public var permutations: Set<SlotPermutation> {
        var out = Set<SlotPermutation>()
        for step in steps {
            switch step {
            case .linear(let transform): out.formUnion(transform.permutations(degree: degree))
            case .fold(let group):
                out.formUnion(group.filter { !$0.isIdentity(degree: degree) })
            case .add, .square, .product, .switchPoint, .mask, .map, .relinearize, .store: break
            }
        }
        return Set(out.map { $0.normalized(degree: degree) })
    }

    /// Whether it multiplies ciphertexts.
    var multiplies: Bool {
        steps.contains {
            switch $0 {
            case .square, .product: true
            case .linear, .fold, .add, .switchPoint, .mask, .map, .relinearize, .store: false
            }
        }
    }
}

extension Circuit {
    /// Lays out `network` for one sample.
    ///
    /// - Parameter babyCounts: baby steps of each linear layer; missing ones get the cheapest power of two.
    /// - Throws: `PackingError` where the network doesn't fit this many slots.
    init(network: IntegerNetwork, shape: SlotShape, babyCounts: [Int] = []) throws {
        self.init(try PackedNetwork(network, shape: shape), babyCounts: babyCounts)
    }

    init(_ packed: PackedNetwork, babyCounts requested: [Int] = []) {
        var builder = CircuitBuilder(packed, requestedBabyCounts: requested)
        builder.run()
        layout = .latency
        shape = packed.shape
        instructions = builder.instructions
        inputLayouts = packed.inputLayouts
        inputsCount = packed.inputLayouts.count
        featureCount = packed.featureCount
        outputLayout = packed.outputLayout
        switchPointCount = packed.switchPointCount
        babyCounts = builder.babyCounts
        diagonalCounts = builder.diagonalCounts
    }
}

extension Circuit {
    /// Lays out `network` with a ciphertext for each feature and a slot for each sample.
    ///
    /// - Throws: `PackingError` for rings that are smaller than any secure one.
    init(batch network: IntegerNetwork, shape: SlotShape) throws {
        // Tiles lie within one run of pi's values.
        guard shape.slotCount >= TileProgram.tile else {
            throw PackingError.tooFewSlots(shape.slotCount)
        }
        let batch = try BatchCircuit(network)
        layout = .batch
        self.shape = shape
        instructions = batch.instructions
        inputLayouts = []
        outputLayout = nil
        inputsCount = 1
        featureCount = network.inputCount
        switchPointCount = batch.switchPointCount
        babyCounts = []
        diagonalCounts = []
    }
}

private struct CircuitBuilder {
    let packed: PackedNetwork
    let requestedBabyCounts: [Int]
    var babyCounts: [Int] = []
    var diagonalCounts: [Int] = []
    var instructions: [Circuit.Instruction] = []
    var valuesCount: Int
    /// The circuit's value of each of the packed network's.
    var values: [Int]

    init(_ packed: PackedNetwork, requestedBabyCounts: [Int]) {
        self.packed = packed
        self.requestedBabyCounts = requestedBabyCounts
        valuesCount = packed.inputLayouts.count
        values = Array(0..<valuesCount)
    }

    mutating func run() {
        for step in packed.steps {
            switch step {
            case .switchPoint(let point):
                instructions.append(Circuit.Instruction(step: .switchPoint(point), operands: []))
            case .square(let value): values.append(append(.square, [values[value]]))
            case .product(let a, let b): values.append(append(.product, [values[a], values[b]]))
            case .layer(let layer, let sources):
                values.append(append(layer, sources: sources.map { values[$0] }))
            }
        }
        _ = append(.mask, [values[packed.output]])
    }

    private mutating func append(_ step: Circuit.Step, _ operands: [Int]) -> Int {
        instructions.append(Circuit.Instruction(step: step, operands: operands))
        valuesCount += 1
        return valuesCount - 1
    }

    /// - Returns: the value that the layer ends in.
    private mutating func append(_ layer: PackedLayer, sources: [Int]) -> Int {
        let shape = packed.shape
        var value = sources[0]
        if !layer.isIdentity {
            let count = (layer.diagonals.map(\.index).max() ?? 0) + 1
            let number = babyCounts.count
            let grouping = BabyGrouping(
                diagonals: layer.diagonals, modulus: layer.modulus,
                count: number < requestedBabyCounts.count ? requestedBabyCounts[number] : nil)
            babyCounts.append(grouping.count)
            diagonalCounts.append(count)
            let transform = LinearTransform(
                diagonals: layer.diagonals, stride: layer.stride, grouping: grouping, shape: shape)
            value = append(.linear(transform), Array(sources.prefix(transform.sourceCount)))
        }
        for fold in layer.folds
        where !fold.allSatisfy({ $0.isIdentity(degree: shape.degree) }) {
            value = append(.fold(fold), [value])
        }
        if layer.bias.contains(where: { $0 != 0 }) { value = append(.add(layer.bias), [value]) }
        return value
    }
}
