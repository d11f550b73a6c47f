// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient

/// Feature circuits in the open, modulo t: the oracle of `EncryptedFeatures`. Slow and obvious.
package struct ClearFeatures: Interpreter {
    package typealias Family = FeatureCircuits

    /// Of each feature, a residue in [0, t) for each sample; and the level that ciphertexts would have.
    package struct Value: Sendable, Equatable {
        package var features: [[UInt64]]
        package var level: Int
    }

    package struct PreparedMap: Sendable {
        let map: FeatureMap
        /// Modulo t, in the order of each matrix.
        let weights: [[UInt64]]
        let bias: [UInt64]
    }

    private let residues: ResidueSlots
    private var t: UInt64 { residues.modulus }

    package init(parameters: BFVParameters, plaintextIndex: Int) {
        residues = ResidueSlots(parameters: parameters, plaintextIndex: plaintextIndex)
    }

    /// Samples, each of all features.
    package func values(of samples: [[Int]]) -> [Value] {
        [
            Value(
                features: (samples.first ?? []).indices.map { feature in
                    residues.multiply(samples.map { Int64($0[feature]) }, by: .one)
                }, level: residues.parameters.maximumLevel)
        ]
    }

    package func prepare(
        _ map: FeatureMap, units: [MessageUnit], unit: MessageUnit, level: Int
    ) -> PreparedMap {
        PreparedMap(
            map: map,
            weights: zip(map.matrices, units).map { matrix, source in
                residues.weights(matrix.weights, from: source, to: unit).map {
                    ModularArithmetic.reduce($0, modulo: t)
                }
            }, bias: residues.multiply(map.bias, by: unit))
    }

    package func apply(_ transform: PreparedMap, to values: [Value]) -> Value {
        let map = transform.map
        let features = (0..<map.outputCount).map { row in
            var sums = values[0].features[0].map { _ in transform.bias[row] }
            for (source, matrix) in map.matrices.enumerated() {
                for entry in matrix.entries(ofRow: row) {
                    let weight = transform.weights[source][entry]
                    let input = values[source].features[matrix.columnIndices[entry]]
                    for (sample, x) in input.enumerated() {
                        sums[sample] = ModularArithmetic.add(
                            sums[sample], ModularArithmetic.multiply(weight, x, modulo: t),
                            modulo: t)
                    }
                }
            }
            return sums
        }
        return Value(features: features, level: values[0].level)
    }

    package func multiply(_ a: Value, _ b: Value) -> Value {
        let unit = MessageUnit.one.times(.one, level: a.level)
            .value(residues.parameters, plaintextIndex: residues.plaintextIndex)
        let features = zip(a.features, b.features).map { x, y in
            zip(x, y).map {
                ModularArithmetic.multiply(
                    ModularArithmetic.multiply($0, $1, modulo: t), unit, modulo: t)
            }
        }
        return Value(features: features, level: a.level)
    }

    /// Residues need neither.
    package func apply(_ step: FeatureStep, to value: Value) -> Value { value }

    package func finish(_ value: Value, c0Bits: Int, c1Bits: Int) -> [[UInt64]] { value.features }

    package func switchDown(_ value: Value, toLevel level: Int) -> Value {
        Value(features: value.features, level: level)
    }
}

extension BFVPlan where Family == FeatureCircuits {
    /// The logits of quantized samples in the plan's box, by way of slots in the open: what the encrypted run must
    /// give.
    package func clearLogits(of samples: [[Int]], outputs: OutputReading) throws -> [[BigInt]] {
        let channels = try choices.parameters.plaintextModuli.indices.map { index in
            let interpreter = ClearFeatures(
                parameters: choices.parameters, plaintextIndex: index)
            return try Program(
                circuit, levels: choices.levels, maximumLevel: choices.parameters.maximumLevel,
                on: interpreter
            ).run(samples, on: interpreter)
        }
        let found = OutputDecoder(client.settings, outputs).outputs(
            samples: samples.count, noiseMarginBits: .infinity
        ) { channels[$0][$1][$2] }
        return samples.indices.map { found.logits(of: $0) }
    }
}
