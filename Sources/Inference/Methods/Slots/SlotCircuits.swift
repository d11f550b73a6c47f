// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks
import Lattice
import Wire

/// The server's half of the method "slots".
package typealias SlotsPlan = BFVPlan<SlotCircuits>

/// A step that only circuits on the slots of a few samples have.
package enum SlotStep: CircuitStep {
    /// x + sum of permutations of x.
    case fold([SlotPermutation])
    /// One sum of a bundle.
    case part(Int)
    case add(SlotConstant)
    /// Adds random shares of zero to the slots of each output, and random values to unused slots, so that a client
    /// learns the sums only; and a constant, which they are rounded with.
    case mask(SlotLayout, SlotConstant)
    /// Several ciphertexts, put out together.
    case join
    /// Of pairs of factors one after another, what lets a client make their products itself, and learn the sums of each
    /// output's slots only, and a constant a slot: see `BlindedFactors`.
    case factors(SlotLayout, constants: [Int64])
    /// Of powers of one value, some terms of its tables.
    case leaf(SlotLeaf)
    /// Of two values.
    case sum

    package func permutations(degree: Int) -> Set<SlotPermutation> {
        guard case .fold(let group) = self else { return [] }
        return Set(group.filter { !$0.isIdentity(degree: degree) })
    }

    package var keepsNoise: Bool {
        switch self {
        case .fold, .factors, .leaf, .sum: false
        case .add, .mask, .part, .join: true
        }
    }

    package var hasFreeUnit: Bool { if case .leaf = self { true } else { false } }

    package func unit(of units: [MessageUnit]) -> MessageUnit {
        guard case .factors = self else { return units[0] }
        return units[0].times(units[1])
    }
}

/// Integer constants, a slot each, divided modulo t by factors of an integer.
package struct SlotConstant: Sendable {
    let slots: [Int64]
    var divisors: [Int64] = []
}

/// Where a group's samples lie in slots, and how its layers are rotated.
package struct SlotCircuitLayout: Sendable {
    /// Of each input ciphertext: the index of the input that each slot holds, through all samples.
    let inputs: [SlotLayout]
    /// Of each ciphertext that is put out, the output that each slot is a part of, through all samples; the client adds up.
    let outputs: [SlotLayout]
    /// Pairs of factors that the client multiplies, for each t_i.
    var factorPairs = 0
    /// Of each linear layer, the number of diagonals that baby steps divide.
    let diagonalCounts: [Int]
    /// What circuits of other baby steps are made of; nil for trees.
    var packed: PackedNetwork?
}

/// Circuits on the slots of one sample, or of a few side by side.
package enum SlotCircuits: CircuitFamily {
    package typealias Map = LinearTransform
    package typealias Step = SlotStep
    package typealias Layout = SlotCircuitLayout
    package typealias Client = Slots
    package typealias Encrypted = EncryptedSlots
    package typealias Clear = ClearSlots
    package typealias Noise = NoiseSlots

    package static func circuit(
        _ network: IntegerNetwork, shape: SlotShape, samples: Int, babyCounts: [Int]
    ) throws -> Circuit<SlotCircuits> {
        if let trees = try forestCircuit(
            network, shape: shape, samples: samples, numbers: babyCounts)
        {
            return trees
        }
        return circuit(
            try packed(network, shape: shape, samples: samples), babyCounts: babyCounts)
    }

    /// - Parameter babyCounts: missing ones get the cheapest power of two.
    static func circuit(_ packed: PackedNetwork, babyCounts: [Int]) -> Circuit<SlotCircuits> {
        var builder = SlotCircuitBuilder(packed, requestedBabyCounts: babyCounts)
        builder.run()
        return Circuit(
            shape: packed.shape, samples: packed.samples,
            instructions: builder.circuit.instructions, inputsCount: packed.inputLayouts.count,
            featureCount: packed.featureCount, switchPointCount: packed.switchPointCount,
            babyCounts: builder.babyCounts,
            layout: SlotCircuitLayout(
                inputs: packed.inputLayouts, outputs: packed.outputLayouts,
                diagonalCounts: builder.diagonalCounts, packed: packed))
    }

    /// Trees of one split each are a linear map of bits. Maxima are found by thresholds where that is flatter and what is
    /// multiplied lies alike.
    private static func packed(
        _ network: IntegerNetwork, shape: SlotShape, samples: Int
    ) throws -> PackedNetwork {
        if let forest = network.forest, forest.levels <= 1 {
            return try PackedNetwork.sideBySide(
                samples, of: ForestProducts.withoutProducts(network), shape: shape)
        }
        do {
            return try PackedNetwork.sideBySide(
                samples, of: ThresholdPooling.applied(to: network), shape: shape)
        } catch PackingError.layoutsDiffer {
            return try PackedNetwork.sideBySide(samples, of: network, shape: shape)
        }
    }

    /// nil where the network is not of trees of several levels.
    private static func forestCircuit(
        _ network: IntegerNetwork, shape: SlotShape, samples: Int, numbers: [Int]
    ) throws -> Circuit<SlotCircuits>? {
        guard let forest = network.forest, forest.levels > 1 else { return nil }
        guard samples == 1 else { throw PackingError.oneSampleOnly }
        let layout = try ForestLayout(network, shape: shape, numbers: numbers)
        let packed = PackedNetwork(layout, shape: shape)
        var builder = SlotCircuitBuilder(packed, requestedBabyCounts: [])
        builder.run()
        return Circuit(
            shape: shape, samples: 1, instructions: builder.circuit.instructions,
            inputsCount: packed.inputLayouts.count, featureCount: packed.featureCount,
            switchPointCount: packed.switchPointCount, babyCounts: layout.numbers,
            layout: SlotCircuitLayout(
                inputs: packed.inputLayouts, outputs: packed.outputLayouts,
                factorPairs: packed.factorPairs, diagonalCounts: []))
    }

    /// Circuits of other baby steps, layer by layer, as far as there are keys for them.
    package static func circuits(
        _ network: IntegerNetwork, shape: SlotShape, samples: Int, galoisElements: Set<Int>
    ) throws -> [Circuit<SlotCircuits>] {
        func fits(_ permutations: Set<SlotPermutation>) -> Bool {
            permutations.allSatisfy {
                galoisElements.contains($0.galoisElement(degree: shape.degree))
            }
        }
        if let trees = try forestCircuit(network, shape: shape, samples: samples, numbers: []) {
            return fits(trees.permutations) ? [trees] : []
        }
        let packed = try packed(network, shape: shape, samples: samples)
        var choices: [[Int]] = [[]]
        let layers = circuit(packed, babyCounts: []).layout.diagonalCounts
        for (layer, diagonals) in layers.enumerated() {
            let counts = sequence(first: 1) { $0 * 2 }.prefix { $0 < 2 * diagonals }.filter {
                let tried = [Int](repeating: 1, count: layer) + [$0]
                return fits(
                    circuit(packed, babyCounts: tried).maps[layer]
                        .permutations(degree: shape.degree))
            }
            choices = choices.flatMap { choice in counts.map { choice + [$0] } }
            if choices.count > 64 { choices = Array(choices.prefix(64)) }
        }
        return choices.map { circuit(packed, babyCounts: $0) }.filter { fits($0.permutations) }
    }

    /// Tries other numbers of baby steps, layer by layer.
    package static func tuned(
        _ start: Candidate<SlotCircuits>, _ tuning: Tuning<SlotCircuits>
    ) throws -> Candidate<SlotCircuits> {
        // Their steps were chosen with their places.
        guard let packed = start.circuit.layout.packed else { return start }
        try tuning.progress("tuning baby and giant steps")
        var best = start
        let (memory, shape) = (tuning.memory, best.circuit.shape)
        var babies = best.circuit.babyCounts
        for layer in babies.indices {
            let original = babies[layer]
            for other in [original / 4, original / 2, original * 2, original * 4]
            where other > 0 && other <= best.circuit.layout.diagonalCounts[layer] {
                var counts = babies
                counts[layer] = other
                let tried = try memory.circuit(
                    shape: shape, samples: packed.samples, babyCounts: counts
                ) {
                    circuit(packed, babyCounts: counts)
                }
                if let found = try tuning.candidate(like: best, on: tried),
                    found.work < best.work
                {
                    best = found
                }
            }
            babies = best.circuit.babyCounts
        }
        return best
    }

    package static var stretches: [Stretch] {
        [Stretch(splits: true, mostDropped: nil), Stretch(splits: false, mostDropped: nil)]
    }

    package static var hasWideBase: Bool { false }
    package static func isCandidate(_ task: PlanningTask) -> Bool { true }
    /// Powers of two up to all samples, or the slots.
    package static func groupSizes(_ shape: SlotShape, samples: Int) -> [Int] {
        sequence(first: 1) { $0 * 2 }.prefix {
            $0 < 2 * samples && shape.divided(among: $0) != nil
        }
    }

    /// Memory is weights, packed to the bits of the moduli that they are at, and the values that are needed at once with
    /// what a step works on.
    package static func serverMemory(
        _ client: Slots, _ circuit: Circuit<SlotCircuits>, _ evaluation: PlanEvaluation,
        levels: [Int]
    ) -> Int {
        let parameters = client.settings.parameters
        let (lattice, degree) = (parameters.lattice, parameters.degree)
        let special = lattice.specialModuli.count
        var level = parameters.maximumLevel
        // Limbs of each value, and of all that something reads later.
        var values = [Int](repeating: 2 * level, count: circuit.inputsCount)
        var live = values.reduce(0, +)
        var (weights, mostLimbs) = (0, live)
        func add(terms: Int, spacing: Int, isExtended: Bool) {
            let bits =
                lattice.ciphertextModuli.prefix(level).reduce(0) { $0 + $1.bitWidthUsed }
                + (isExtended ? lattice.specialBits : 0)
            let keepsCoefficients = parameters.plaintextModuli.allSatisfy {
                EncodedTransform.keepsCoefficients(
                    degree: degree, plaintext: $0, spacing: spacing)
            }
            weights +=
                keepsCoefficients
                ? 4 * terms * degree
                : terms * EncodedTransform.storedValues(of: degree, spacing: spacing) / 8 * bits
        }
        for (instruction, released) in zip(circuit.instructions, circuit.flow.releases) {
            var working = 0
            switch instruction.step {
            case .switchPoint(let point):
                level = levels[point]
                live -= released.reduce(0) { $0 + values[$1] }
                continue
            case .map(let map):
                let isExtended = !map.permutations(degree: degree).isEmpty
                add(terms: map.termCount, spacing: map.spacing, isExtended: isExtended)
                // Sums of giants modulo Q P, and of one limb all babies.
                working = 2 * map.giants.count * (level + special) + 2 * map.babies.count
            case .own(.leaf(let leaf)):
                add(terms: leaf.termCount, spacing: leaf.spacing, isExtended: false)
            case .square, .product:
                // Three polynomials and their digits, then two modulo Q P.
                working = 4 * level + 2 * (level + special)
            case .own: break
            }
            for operand in instruction.operands where values[operand] > 2 * level {
                live -= values[operand] - 2 * level
                values[operand] = 2 * level
            }
            values.append(2 * level)
            live += 2 * level
            mostLimbs = max(mostLimbs, live + working)
            live -= released.reduce(0) { $0 + values[$1] }
        }
        return parameters.plaintextModuli.count * (weights + 8 * degree * mostLimbs)
    }

    package static func client(
        _ settings: BFVSettings, _ circuit: Circuit<SlotCircuits>, outputCount: Int
    ) -> Slots {
        Slots(
            settings: settings, samples: circuit.samples, inputLayouts: circuit.layout.inputs,
            outputLayouts: circuit.layout.outputs, factorPairs: circuit.layout.factorPairs)
    }
}

private struct SlotCircuitBuilder {
    let packed: PackedNetwork
    let requestedBabyCounts: [Int]
    var babyCounts: [Int] = []
    var diagonalCounts: [Int] = []
    var circuit: CircuitBuilder<SlotCircuits>
    /// The circuit's value of each of the packed network's.
    var values: [Int]
    /// What is added to values that are put out, by the packed network's: their masks bring it.
    var biases: [Int: SlotConstant] = [:]

    init(_ packed: PackedNetwork, requestedBabyCounts: [Int]) {
        self.packed = packed
        self.requestedBabyCounts = requestedBabyCounts
        circuit = CircuitBuilder(inputsCount: packed.inputLayouts.count)
        values = Array(packed.inputLayouts.indices)
    }

    mutating func run() {
        for step in packed.steps {
            // Else a bias that its mask brings is missing where it is read, or has no mask.
            precondition(step.sources.allSatisfy { biases[$0] == nil })
            switch step {
            case .switchPoint(let point): circuit.appendSwitchPoint(point)
            case .part(let index, let bundle):
                values.append(circuit.append(.own(.part(index)), [values[bundle]]))
            case .product(let operands):
                values.append(circuit.appendProduct(operands.map { values[$0] }))
            case .leaf(let leaf, let sources):
                values.append(circuit.append(.own(.leaf(leaf)), sources.map { values[$0] }))
            case .sum(let operands):
                values.append(circuit.append(.own(.sum), operands.map { values[$0] }))
            case .layer(let layer, let sources):
                values.append(append(layer, sources: sources.map { values[$0] }))
            case .factors(let factors, let constants):
                _ = circuit.append(
                    .own(.factors(packed.outputLayouts[0], constants: constants)),
                    factors.map { values[$0] })
                return
            }
        }
        let zeros = SlotConstant(slots: [Int64](repeating: 0, count: packed.shape.slotCount))
        let masked = zip(packed.outputs, packed.outputLayouts).map {
            circuit.append(.own(.mask($1, biases[$0] ?? zeros)), [values[$0]])
        }
        if masked.count > 1 { _ = circuit.append(.own(.join), masked) }
    }

    /// - Returns: the value that the layer ends in.
    private mutating func append(_ layer: PackedLayer, sources: [Int]) -> Int {
        let shape = packed.shape
        var value = sources[0]
        if !layer.isIdentity {
            guard layer.steps.isEmpty else {
                return appendBias(
                    layer,
                    circuit.append(
                        .map(
                            LinearTransform(
                                diagonals: layer.diagonals, steps: layer.steps,
                                divisors: layer.divisors, shape: shape)), sources))
            }
            let count = (layer.diagonals.map(\.index).max() ?? 0) + 1
            let number = babyCounts.count
            let grouping = BabyGrouping(
                layer,
                count: number < requestedBabyCounts.count ? requestedBabyCounts[number] : nil)
            babyCounts.append(grouping.count)
            diagonalCounts.append(count)
            let transform = packed.transforms.once(number, grouping) {
                LinearTransform(
                    diagonals: layer.diagonals, stride: layer.stride, grouping: grouping,
                    shape: shape)
            }
            value = circuit.append(.map(transform), Array(sources.prefix(transform.sourceCount)))
        }
        for fold in layer.folds
        where !fold.allSatisfy({ $0.isIdentity(degree: shape.degree) }) {
            value = circuit.append(.own(.fold(fold)), [value])
        }
        return appendBias(layer, value)
    }

    private mutating func appendBias(_ layer: PackedLayer, _ value: Int) -> Int {
        guard layer.bias.contains(where: { $0 != 0 }) else { return value }
        let bias = SlotConstant(slots: layer.bias, divisors: layer.biasDivisors)
        // The layer's own value in the packed network.
        if packed.outputs.contains(values.count) {
            biases[values.count] = bias
            return value
        }
        return circuit.append(.own(.add(bias)), [value])
    }
}
