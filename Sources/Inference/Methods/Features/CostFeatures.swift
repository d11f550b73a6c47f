// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import Lattice

/// Feature circuits on counts and noise bounds: nothing is computed.
///
/// One bound stands for all ciphertexts of a vector: the worst row of each map makes it.
package final class CostFeatures: CostInterpreter {
    package typealias Family = FeatureCircuits

    package struct Value {
        var level: Int
        var noise: NoiseBound
        /// Ciphertexts.
        var count: Int
        /// Two, or three before relinearization.
        var polynomials: Int
        /// Limbs of c_1 to expand before it can be stored: what is put off begins at what the client sent.
        var expansions = 0
    }

    package struct PreparedMap {
        let map: FeatureMap
        let gains: [(sum: Double, energy: Double)]
    }

    package let ledger: CostLedger
    /// Of the largest vector that is stored, with what it is turned into.
    package private(set) var storedLimbs = 0
    /// At most how many random events the bounds of fresh ciphertexts, and of sums of them, rest on.
    package private(set) var events = 0
    package private(set) var outputCount = 1
    private let modulus: UInt64
    private let featureCount: Int

    package init(
        circuit: Circuit<FeatureCircuits>, parameters: BFVParameters, plaintextIndex: Int,
        keys: BFVKeySet?, norms: TransformNorms
    ) {
        ledger = CostLedger(parameters: parameters, plaintextIndex: plaintextIndex, keys: keys)
        modulus = parameters.plaintextModuli[plaintextIndex]
        featureCount = circuit.featureCount
    }

    /// A vector of fresh ciphertexts.
    package func values(of input: Void) -> [Value] {
        let level = ledger.parameters.maximumLevel
        events += 2 * featureCount
        return [
            Value(
                level: level, noise: ledger.model.freshFeature, count: featureCount,
                polynomials: 2, expansions: featureCount * level)
        ]
    }

    package func prepare(
        _ map: FeatureMap, units: [MessageUnit], unit: MessageUnit, level: Int
    ) -> PreparedMap {
        PreparedMap(map: map, gains: map.gains(units: units, unit: unit, modulus: modulus))
    }

    package func prepare(_ step: FeatureStep, unit: MessageUnit, level: Int) -> FeatureStep { step }

    package func apply(_ step: FeatureStep, to value: Value) throws -> Value {
        switch step {
        case .relinearize: try relinearize(value)
        case .store: store(value)
        }
    }

    package func apply(_ transform: PreparedMap, to values: [Value]) -> Value {
        let map = transform.map
        let level = values[0].level
        var products = 0
        for (matrix, value) in zip(map.matrices, values) {
            products += matrix.entriesCount * value.polynomials
        }
        ledger.counts.smallProducts += products * level
        // Of each part of each source's noise, each row bounds two norms.
        events += 2 * map.outputCount * values.reduce(0) { $0 + $1.noise.components.count }
        return Value(
            level: level,
            noise: ledger.model.mapped(values.map(\.noise), by: transform.gains),
            count: map.outputCount, polynomials: values.map(\.polynomials).max()!,
            expansions: values.map(\.expansions).max()!)
    }

    package func multiply(_ a: Value, _ b: Value) -> Value {
        ledger.counts.multiplications += a.count
        ledger.counts.tensorProducts += a.count * a.level
        return Value(
            level: a.level, noise: ledger.model.product(a.noise, b.noise), count: a.count,
            polynomials: 3, expansions: max(a.expansions, b.expansions))
    }

    private func store(_ value: Value) -> Value {
        var out = value
        ledger.counts.expansions += value.expansions
        out.expansions = 0
        storedLimbs = max(storedLimbs, 2 * value.count * value.polynomials * value.level)
        return out
    }

    private func relinearize(_ value: Value) throws -> Value {
        let value = store(value)
        let noise = try ledger.relinearize(value.noise, level: value.level, count: value.count)
        return Value(
            level: value.level,
            noise: noise.dependent(from: value.noise.components.count), count: value.count,
            polynomials: 2)
    }

    package func switchDown(_ value: Value, toLevel level: Int) -> Value {
        var out = store(value)
        // The bound on what rounding adds knows two polynomials.
        precondition(value.polynomials == 2, "moduli are dropped after relinearization")
        out.noise = ledger.switchDown(
            value.noise, from: value.level, to: level, count: value.count
        ).dependent(from: value.noise.components.count)
        out.level = level
        return out
    }

    package func finish(_ value: Value, c0Bits: Int, c1Bits: Int) -> NoiseBound {
        let end = store(value)
        outputCount = end.count
        return ledger.compress(end.noise, level: end.level, count: end.count)
    }
}

/// Feature circuits on noise over ideal moduli, with key switches free: as if all products of a depth were made at one
/// level, each depth at its own.
package struct ForecastFeatures: ForecastInterpreter {
    package typealias Family = FeatureCircuits
    package typealias Value = ForecastLedger.Value

    package struct PreparedMap {
        let map: FeatureMap
        let gains: [(sum: Double, energy: Double)]
    }

    package let ledger: ForecastLedger
    private let largestModulus: UInt64
    private var model: NoiseModel { ledger.model }

    package init(
        circuit: Circuit<FeatureCircuits>, ledger: ForecastLedger, plaintext: PlaintextModulus,
        largestModulus: UInt64, norms: TransformNorms
    ) {
        self.ledger = ledger
        self.largestModulus = largestModulus
    }

    package func values(of input: Void) -> [Value] {
        [Value(noise: model.freshFeature, level: ledger.maximumLevel)]
    }

    package func prepare(
        _ map: FeatureMap, units: [MessageUnit], unit: MessageUnit, level: Int
    ) -> PreparedMap {
        PreparedMap(map: map, gains: map.gains(units: units, unit: unit, modulus: largestModulus))
    }

    package func prepare(_ step: FeatureStep, unit: MessageUnit, level: Int) -> FeatureStep { step }

    package func apply(_ map: PreparedMap, to values: [Value]) -> Value {
        Value(
            noise: model.mapped(values.map(\.noise), by: map.gains),
            level: values[0].level)
    }

    package func apply(_ step: FeatureStep, to value: Value) -> Value {
        switch step {
        case .store: value
        case .relinearize: Value(noise: model.divided(value.noise), level: value.level)
        }
    }

    package func multiply(_ a: Value, _ b: Value) -> Value {
        Value(noise: model.product(a.noise, b.noise), level: a.level)
    }
}

extension NoiseModel {
    /// Sums of many ciphertexts, times small integers, and a constant that all slots share.
    func mapped(_ noise: [NoiseBound], by gains: [(sum: Double, energy: Double)]) -> NoiseBound {
        addingSharedConstant(
            NoiseBound.sum(
                zip(noise, gains).map { $0.combined(sum: $1.sum, energy: $1.energy) }))
    }
}
