import BFV
import BigIntegers

/// The batch layout's slots in the open, modulo t: the oracle of `EncryptedFeatures`. Slow and obvious.
public struct ClearFeatures: FeatureEvaluator, Sendable {
    /// Of each feature, a residue in [0, t) for each sample; and the level that ciphertexts would have.
    public struct Value: Sendable, Equatable {
        public var features: [[UInt64]]
        public var level: Int
    }

    public struct Transform: Sendable {
        let map: FeatureMap
        /// Modulo t, in the matrix's order.
        let weights: [UInt64]
        let bias: [UInt64]
    }

    private let residues: ResidueSlots
    private var t: UInt64 { residues.modulus }

    public init(parameters: BFVParameters, plaintextIndex: Int) {
        residues = ResidueSlots(parameters: parameters, plaintextIndex: plaintextIndex)
    }

    /// Samples, each of all features.
    public func value(of samples: [[Int]]) -> Value {
        Value(
            features: (samples.first ?? []).indices.map { feature in
                residues.multiply(samples.map { Int64($0[feature]) }, by: .one)
            }, level: residues.parameters.maximumLevel)
    }

    public func prepare(
        _ map: FeatureMap, units: [MessageUnit], unit: MessageUnit, level: Int
    ) throws -> Transform {
        Transform(
            map: map,
            weights: residues.weights(of: map, units: units, unit: unit).map {
                ModularArithmetic.reduce($0, modulo: t)
            }, bias: residues.multiply(map.bias, by: unit))
    }

    public func apply(_ transform: Transform, to values: [Value]) throws -> Value {
        let inputs = values.flatMap(\.features)
        let matrix = transform.map.matrix
        let features = (0..<matrix.rows).map { row in
            var sums = inputs[0].map { _ in transform.bias[row] }
            for entry in matrix.entries(ofRow: row) {
                let weight = transform.weights[entry]
                for (sample, x) in inputs[matrix.columnIndices[entry]].enumerated() {
                    sums[sample] = ModularArithmetic.add(
                        sums[sample], ModularArithmetic.multiply(weight, x, modulo: t), modulo: t)
                }
            }
            return sums
        }
        return Value(features: features, level: values[0].level)
    }

    public func multiply(_ a: Value, _ b: Value) throws -> Value {
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

    public func relinearize(_ value: Value) throws -> Value { value }

    public func switchDown(_ value: Value, toLevel level: Int) throws -> Value {
        Value(features: value.features, level: level)
    }
}

/// A plan's circuit run on `ClearFeatures`: what the encrypted run must give, without any ciphertext.
public struct ClearBatchPrediction {
    private let plan: Plan
    private let decoder: OutputDecoder
    private let channels: [(features: ClearFeatures, program: Program<ClearFeatures>)]

    /// - Throws: `InferenceError.wrongLayout` for a plan of another layout.
    public init(plan: Plan) throws {
        guard plan.choices.layout == .batch else {
            throw InferenceError.wrongLayout(plan.choices.layout)
        }
        self.plan = plan
        decoder = OutputDecoder(plan.client)
        let choices = plan.choices
        channels = try choices.parameters.plaintextModuli.indices.map {
            let features = ClearFeatures(parameters: choices.parameters, plaintextIndex: $0)
            let program = try Program(
                plan.circuit, levels: choices.levels,
                maximumLevel: choices.parameters.maximumLevel, on: features)
            return (features, program)
        }
    }

    /// The logits of quantized samples in the plan's box, by way of slots.
    public func logits(of samples: [[Int]]) throws -> [[BigInt]] {
        let outputs = try channels.map { features, program in
            try program.run([features.value(of: samples)], on: features).features
        }
        return samples.indices.map { sample in
            plan.client.certificate.outputBounds.indices.map { output in
                decoder.integer(outputs.map { $0[output][sample] }, output: output)
            }
        }
    }
}
