// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers

/// Feature circuits in the open: a vector of slots for each feature, a slot for each sample.
package struct ClearFeatures: ClearInterpreter {
    package typealias Family = FeatureCircuits

    package struct PreparedMap: Sendable {
        let map: FeatureMap
        /// Modulo t, in the order of each matrix.
        let weights: [[UInt64]]
        let bias: [UInt64]
    }

    package let residues: ResidueSlots

    package init(circuit: Circuit<FeatureCircuits>, residues: ResidueSlots) {
        self.residues = residues
    }

    package func values(of samples: [[Int]]) -> [ClearValue] {
        let features = (samples.first ?? []).indices.map { feature in
            residues.multiply(samples.map { Int64($0[feature]) }, by: .one)
        }
        return [ClearValue(slots: features, level: residues.parameters.maximumLevel)]
    }

    package func prepare(
        _ map: FeatureMap, units: [MessageUnit], unit: MessageUnit, level: Int, isLast: Bool
    ) -> PreparedMap {
        PreparedMap(
            map: map,
            weights: units.enumerated().map { index, source in
                residues.weights(
                    map.weights(source: index, modulus: t), from: source, to: unit
                ).map { ModularArithmetic.reduce($0, modulo: t) }
            }, bias: residues.multiply(map.bias(modulus: t), by: unit))
    }

    package func apply(_ transform: PreparedMap, to values: [ClearValue]) -> ClearValue {
        let features = transform.bias.enumerated().map { row, bias in
            var sums = values[0].slots[0].map { _ in bias }
            for (source, matrix) in transform.map.matrices.enumerated() {
                for entry in matrix.entries(ofRow: row) {
                    sums = added(
                        sums, values[source].slots[matrix.columnIndices[entry]],
                        times: transform.weights[source][entry])
                }
            }
            return sums
        }
        return ClearValue(slots: features, level: values[0].level)
    }

    /// Residues need neither of the steps.
    package func apply(_ step: FeatureStep, to values: [ClearValue]) -> ClearValue { values[0] }
}
