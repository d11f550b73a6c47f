// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks
import Lattice

/// A linear map of one value or several, as a family of circuits has it.
package protocol CircuitMap: Sendable {
    /// The unit of the result, of its sources' units: what its weights are multiplied by is divided by each source's
    /// unit.
    func unit(of units: [MessageUnit]) -> MessageUnit
    /// Whether the result can have any unit at no cost, as weights that are residues modulo t allow.
    var hasFreeUnit: Bool { get }
    /// Whether each ciphertext of the result depends on those of the same place alone.
    var isElementwise: Bool { get }
    /// The permutations of slots that it needs Galois keys for, none of them the identity.
    func permutations(degree: Int) -> Set<SlotPermutation>
}

extension CircuitMap {
    package var hasFreeUnit: Bool { false }
    package var isElementwise: Bool { false }
}

/// A step that only one family of circuits has, of one value where it doesn't say otherwise.
package protocol CircuitStep: Sendable {
    func permutations(degree: Int) -> Set<SlotPermutation>
    /// Whether it leaves noise as it is but for what it adds.
    var keepsNoise: Bool { get }
    /// See `CircuitMap`.
    var hasFreeUnit: Bool { get }
    /// Whether each ciphertext of the result depends on those of the same place alone.
    var isElementwise: Bool { get }
    /// The unit of the result, of its values' units.
    func unit(of units: [MessageUnit]) -> MessageUnit
}

extension CircuitStep {
    package var hasFreeUnit: Bool { false }
    package var isElementwise: Bool { false }
    package func unit(of units: [MessageUnit]) -> MessageUnit { units[0] }
}

/// Circuits with one kind of map and steps of their own: all that the planner's search, the proof and the executor need
/// to know of how a network lies in ciphertexts.
package protocol CircuitFamily: Sendable {
    associatedtype Map: CircuitMap
    associatedtype Step: CircuitStep
    /// What else a circuit says: where inputs and outputs lie.
    associatedtype Layout: Sendable
    associatedtype Client: BFVClientMethod
    associatedtype Encrypted: EncryptedInterpreter
    where Encrypted.Family == Self, Encrypted.Input == Client.Request
    associatedtype Clear: ClearInterpreter where Clear.Family == Self
    associatedtype Noise: NoiseInterpreter where Noise.Family == Self

    /// Lays out `network` in slots of `shape`.
    /// - Parameters:
    ///   - samples: of a group: one of `groupSizes`.
    ///   - babyCounts: baby steps of each linear layer, where the family has them; missing ones are chosen.
    /// - Throws: `PackingError` where it doesn't fit.
    static func circuit(
        _ network: IntegerNetwork, shape: SlotShape, samples: Int, babyCounts: [Int]
    ) throws -> Circuit<Self>

    /// Circuits that need no Galois keys but these.
    static func circuits(
        _ network: IntegerNetwork, shape: SlotShape, samples: Int, galoisElements: Set<Int>
    ) throws -> [Circuit<Self>]
    /// How many samples of a group slots of `shape` may hold, ascending: those to try where `samples` are scored at once.
    static func groupSizes(_ shape: SlotShape, samples: Int) -> [Int]
    /// The cheapest of circuits near a candidate's.
    static func tuned(_ candidate: Candidate<Self>, _ tuning: Tuning<Self>) throws -> Candidate<
        Self
    >

    /// How moduli may be dropped between products.
    static var stretches: [Stretch] { get }
    /// Whether q_0 is as large as it may be, for replies of wide plaintext moduli.
    static var hasWideBase: Bool { get }
    /// Whether to plan it at all where the method is not named.
    static func isCandidate(_ task: PlanningTask) -> Bool
    /// Bytes that a server holds at once, but for keys.
    /// - Parameter levels: at each switch point.
    static func serverMemory(
        _ client: Client, _ circuit: Circuit<Self>, _ evaluation: PlanEvaluation, levels: [Int]
    ) -> Int
    static func client(
        _ settings: BFVSettings, _ circuit: Circuit<Self>, outputCount: Int
    ) -> Client
}

/// A network laid out on slots: what is done, but not yet at which levels.
package struct Circuit<Family: CircuitFamily>: Sendable {
    package enum Step: Sendable {
        /// Reads as many values as the map has sources.
        case map(Family.Map)
        case square
        /// Of two values.
        case product
        /// A step of the family's own.
        case own(Family.Step)
        /// A place where moduli may be dropped; the plan says to which level. Reads and makes no value. Where there are
        /// parts, each passes them all, and the next begins with the first again.
        case switchPoint(Int)
    }

    /// A step and the values that it reads. Values are the inputs, then the result of every step but switch points.
    package struct Instruction: Sendable {
        package let step: Step
        package let operands: [Int]

        package init(step: Step, operands: [Int]) {
            self.step = step
            self.operands = operands
        }

        var isProduct: Bool {
            switch step {
            case .square, .product: true
            case .map, .own, .switchPoint: false
            }
        }
    }

    package let shape: SlotShape
    package var degree: Int { shape.degree }
    /// Of a group, each in slots of its own.
    package let samples: Int
    /// The last one makes the outputs.
    package let instructions: [Instruction]
    /// Values that there are at the start.
    package let inputsCount: Int
    /// Features of a sample.
    package let featureCount: Int
    package let switchPointCount: Int
    /// Baby steps of each linear layer; none where the family has none.
    package let babyCounts: [Int]
    /// Whether values of several depths are added, so that moduli are worth choosing at which products bring no unit.
    package let addsProducts: Bool
    package let layout: Family.Layout
    /// What no choice of levels changes.
    let flow: CircuitFlow
    /// Instructions that can be run for one place of their vectors after another, in order.
    let blocks: [CircuitBlock]

    package init(
        shape: SlotShape, samples: Int, instructions: [Instruction], inputsCount: Int,
        featureCount: Int, switchPointCount: Int, babyCounts: [Int] = [],
        addsProducts: Bool = false,
        layout: Family.Layout
    ) {
        self.shape = shape
        self.samples = samples
        self.instructions = instructions
        self.inputsCount = inputsCount
        self.featureCount = featureCount
        self.switchPointCount = switchPointCount
        self.babyCounts = babyCounts
        self.addsProducts = addsProducts
        self.layout = layout
        flow = CircuitFlow(instructions, inputsCount: inputsCount)
        blocks = CircuitBlock.blocks(of: instructions, inputsCount: inputsCount)
    }

    /// The map whose result becomes the outputs with nothing between that multiplies or moves its noise; nil where there
    /// is none.
    package var lastMap: Int? { flow.lastMap }

    package var maps: [Family.Map] {
        instructions.compactMap { if case .map(let map) = $0.step { map } else { nil } }
    }

    /// Groups that so many samples are.
    func groupCount(of samples: Int) -> Int { (samples + self.samples - 1) / self.samples }

    /// The permutations that need Galois keys.
    package var permutations: Set<SlotPermutation> {
        var out = Set<SlotPermutation>()
        for instruction in instructions {
            switch instruction.step {
            case .map(let map): out.formUnion(map.permutations(degree: degree))
            case .own(let step): out.formUnion(step.permutations(degree: degree))
            case .square, .product, .switchPoint: break
            }
        }
        return Set(out.map { $0.normalized(degree: degree) })
    }

    /// Where moduli may be dropped, in order; those that several parts pass once.
    package var switchPoints: [Int] {
        Set(
            instructions.compactMap {
                if case .switchPoint(let point) = $0.step { point } else { nil }
            }
        )
        .sorted()
    }

    /// Whether products bring no unit, at each level.
    package func unitIsOne(_ parameters: BFVParameters) -> (_ level: Int) -> Bool {
        { addsProducts && parameters.productsBringNoUnit(level: $0) }
    }

    /// Whether it multiplies ciphertexts.
    package var multiplies: Bool { instructions.contains(where: \.isProduct) }
}
