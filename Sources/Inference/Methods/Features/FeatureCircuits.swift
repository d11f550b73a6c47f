// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks
import Lattice
import Wire

/// The server's half of the method "features".
package typealias FeaturesPlan = BFVPlan<FeatureCircuits>

/// A step that only circuits on vectors of features have.
package enum FeatureStep: CircuitStep {
    /// Products are relinearized later than they are made.
    case relinearize
    /// Values that several steps read are computed once.
    case store

    package func permutations(degree: Int) -> Set<SlotPermutation> { [] }

    package var keepsNoise: Bool { true }
    package var isElementwise: Bool { true }
}

/// Circuits on vectors of ciphertexts, one for each feature.
package enum FeatureCircuits: CircuitFamily {
    package typealias Map = FeatureMap
    package typealias Step = FeatureStep
    package typealias Layout = Void
    package typealias Client = Features
    package typealias Encrypted = EncryptedFeatures
    package typealias Clear = ClearFeatures
    package typealias Noise = NoiseFeatures

    /// - Throws: also for rings that are smaller than any secure one.
    package static func circuit(
        _ network: IntegerNetwork, shape: SlotShape, samples: Int, babyCounts: [Int]
    ) throws -> Circuit<FeatureCircuits> {
        // Tiles lie within one run of pi's values.
        guard shape.slotCount >= TileProgram.narrow else {
            throw PackingError.tooFewSlots(shape.slotCount)
        }
        let network = try ForestProducts.lowered(network) ?? ArithmeticNetwork(network)
        return Circuit(
            shape: shape, samples: shape.slotCount,
            instructions: FeatureCircuitBuilder(network).circuit.instructions,
            inputsCount: 1, featureCount: network.inputCount,
            switchPointCount: 2 * network.depth, addsProducts: network.addsProducts, layout: ())
    }

    package static func circuits(
        _ network: IntegerNetwork, shape: SlotShape, samples: Int, galoisElements: Set<Int>
    ) throws -> [Circuit<FeatureCircuits>] {
        [try circuit(network, shape: shape, samples: samples, babyCounts: [])]
    }

    /// There is nothing to tune.
    package static func tuned(
        _ candidate: Candidate<FeatureCircuits>, _ tuning: Tuning<FeatureCircuits>
    ) -> Candidate<FeatureCircuits> { candidate }

    package static var stretches: [Stretch] {
        [nil, 1, 2].map { Stretch(splits: false, mostDropped: $0) }
    }

    package static var hasWideBase: Bool { true }
    package static func isCandidate(_ task: PlanningTask) -> Bool { task.samples > 1 }

    package static func groupSizes(_ shape: SlotShape, samples: Int) -> [Int] {
        [shape.slotCount]
    }

    /// Memory is what is held at once: the request, one limb of it expanded, or of a block of it, stored vectors, the
    /// threads' tiles.
    package static func serverMemory(
        _ client: Features, _ circuit: Circuit<FeatureCircuits>, _ evaluation: PlanEvaluation,
        levels: [Int]
    ) -> Int {
        let parameters = client.settings.parameters
        // Weights that are drawn anew take all of it.
        let isBlocked =
            client.settings.functionPrivacyBits == 0
            && circuit.instructions.filter { $0.operands.contains(0) }.allSatisfy {
                if case .map(let map) = $0.step { map.narrowsMany } else { false }
            }
        let limbs =
            2 * (isBlocked ? FeatureMap.blockWidth : client.inputCount) + parameters.plaintextModuli
            .count * evaluation.storedLimbs
        return client.ciphertextBytes + limbs * parameters.degree * 8 + tileBytes
    }

    /// What the threads' tiles may take.
    private static let tileBytes = 16 << 20

    package static func client(
        _ settings: BFVSettings, _ circuit: Circuit<FeatureCircuits>, outputCount: Int
    ) -> Features {
        Features(
            settings: settings, inputCount: circuit.featureCount, outputCount: outputCount)
    }
}
