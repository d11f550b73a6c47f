// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import Lattice

/// Slot circuits on counts and noise bounds: nothing is computed.
package final class CostSlots: CostInterpreter {
    package typealias Family = SlotCircuits

    /// The bound on the phase noise (see `NoiseModel`) at a level.
    package struct Value: Sendable {
        var level: Int
        var noise: NoiseBound
    }

    package struct PreparedMap {
        let transform: LinearTransform
        /// Of each source.
        let gains: [TransformGain]

        var energy: Double { gains.reduce(0) { $0 + $1.energy } }
    }

    private let residues: ResidueSlots
    private let norms: TransformNorms
    private let inputsCount: Int
    package let ledger: CostLedger
    private var parameters: BFVParameters { ledger.parameters }
    private var model: NoiseModel { ledger.model }

    package var events: Int { 0 }
    package var storedLimbs: Int { 0 }
    package var outputCount: Int { 1 }

    package init(
        circuit: Circuit<SlotCircuits>, parameters: BFVParameters, plaintextIndex: Int,
        keys: BFVKeySet?, norms: TransformNorms
    ) {
        self.norms = norms
        inputsCount = circuit.inputsCount
        residues = ResidueSlots(parameters: parameters, plaintextIndex: plaintextIndex)
        ledger = CostLedger(
            parameters: parameters, plaintextIndex: plaintextIndex, keys: keys)
    }

    /// Fresh ciphertexts.
    package func values(of input: Void) -> [Value] {
        (0..<inputsCount).map { _ in Value(level: parameters.maximumLevel, noise: model.fresh) }
    }

    package func prepare(
        _ transform: LinearTransform, units: [MessageUnit], unit: MessageUnit, level: Int
    ) -> PreparedMap {
        PreparedMap(
            transform: transform,
            gains: norms.gains(of: transform, residues: residues, units: units))
    }

    package func prepare(_ step: SlotStep, unit: MessageUnit, level: Int) -> SlotStep { step }

    package func apply(_ prepared: PreparedMap, to values: [Value]) throws -> Value {
        let degree = parameters.degree
        let transform = prepared.transform
        let level = values[0].level
        ledger.counts.plaintextMultiplications += transform.termCount
        let inputs = zip(values, prepared.gains).map { ($0.noise, $1) }
        let plain = NoiseBound.sum(inputs.map { $0.mapped(by: $1, degree: degree) })
        if transform.permutations(degree: degree).isEmpty {
            ledger.counts.plaintextProducts += 2 * transform.termCount * level
            return Value(level: level, noise: plain)
        }
        ledger.counts.plaintextProducts += 2 * transform.termCount * (level + 1)
        let giants = transform.giants.map(\.permutation).filter { !$0.isIdentity(degree: degree) }
        let after = plain.norms.largest
        var inner = NoiseNorms.zero
        for source in 0..<transform.sourceCount {
            let babies = transform.babies.filter { $0.source == source }.map(\.permutation)
                .filter { !$0.isIdentity(degree: degree) }
            let added = try ledger.switchKeys(
                babies, level: level, room: after / prepared.energy.squareRoot())
            inner = added.largest > inner.largest ? added : inner
        }
        var outer = NoiseNorms.zero
        for giant in giants {
            ledger.divideBySpecial(level: level, count: 1)
            let added = try ledger.switchKeys(
                [giant], level: level, room: after / Double(giants.count))
            outer = added.largest > outer.largest ? added : outer
        }
        ledger.divideBySpecial(level: level, count: 2)
        let noise = model.mapped(
            inputs, babies: inner, giants: outer, giantCount: giants.count)
        return Value(level: level, noise: model.divided(noise))
    }

    package func apply(_ step: SlotStep, to value: Value) throws -> Value {
        switch step {
        case .fold(let permutations): try fold(value, permutations)
        case .add, .mask: Value(level: value.level, noise: model.addingConstant(value.noise))
        }
    }

    package func multiply(_ a: Value, _ b: Value) throws -> Value {
        let level = a.level
        let product = model.product(a.noise, b.noise)
        ledger.counts.multiplications += 1
        return Value(level: level, noise: try ledger.relinearize(product, level: level))
    }

    private func fold(_ value: Value, _ permutations: [SlotPermutation]) throws -> Value {
        let degree = parameters.degree
        let moved = permutations.filter { !$0.isIdentity(degree: degree) }
        let elements = Set([1] + moved.map { $0.galoisElement(degree: degree) })
        guard elements.count == permutations.count + 1 else {
            throw EvaluationError.mismatch("a fold that repeats a permutation")
        }
        let room = value.noise.norms.largest / Double(moved.count)
        let added = try ledger.switchKeys(moved, level: value.level, room: room)
        ledger.divideBySpecial(level: value.level, count: 2)
        return Value(
            level: value.level,
            noise: model.folded(value.noise, elements: elements, switching: added))
    }

    package func switchDown(_ value: Value, toLevel level: Int) -> Value {
        Value(
            level: level,
            noise: ledger.switchDown(value.noise, from: value.level, to: level))
    }

    package func finish(_ value: Value, c0Bits: Int, c1Bits: Int) throws -> NoiseBound {
        try ledger.reply(value.noise, level: value.level)
    }
}

/// Slot circuits on noise over ideal moduli, with key switches free.
package struct ForecastSlots: ForecastInterpreter {
    package typealias Family = SlotCircuits
    package typealias Value = ForecastLedger.Value

    package struct PreparedMap {
        let transform: LinearTransform
        /// Of each source.
        let gains: [TransformGain]
    }

    package let ledger: ForecastLedger
    private let plaintext: PlaintextModulus
    private let norms: TransformNorms
    private let inputsCount: Int
    private var model: NoiseModel { ledger.model }

    package init(
        circuit: Circuit<SlotCircuits>, ledger: ForecastLedger, plaintext: PlaintextModulus,
        largestModulus: UInt64, norms: TransformNorms
    ) {
        self.ledger = ledger
        self.plaintext = plaintext
        self.norms = norms
        inputsCount = circuit.inputsCount
    }

    package func values(of input: Void) -> [Value] {
        (0..<inputsCount).map { _ in Value(noise: model.fresh, level: ledger.maximumLevel) }
    }

    package func prepare(
        _ transform: LinearTransform, units: [MessageUnit], unit: MessageUnit, level: Int
    ) -> PreparedMap {
        PreparedMap(
            transform: transform,
            gains: (0..<transform.sourceCount).map {
                norms.gain(
                    of: transform, source: $0, modulus: plaintext, degree: ledger.degree, factor: 1)
            })
    }

    package func prepare(_ step: SlotStep, unit: MessageUnit, level: Int) -> SlotStep { step }

    package func apply(_ map: PreparedMap, to values: [Value]) -> Value {
        let sum = NoiseBound.sum(
            zip(values, map.gains).map { $0.noise.mapped(by: $1, degree: ledger.degree) })
        let isMoved = !map.transform.permutations(degree: ledger.degree).isEmpty
        return Value(noise: isMoved ? model.divided(sum) : sum, level: values[0].level)
    }

    package func apply(_ step: SlotStep, to value: Value) -> Value {
        switch step {
        case .fold(let permutations):
            let elements = Set([1] + permutations.map { $0.galoisElement(degree: ledger.degree) })
            return Value(
                noise: model.folded(value.noise, elements: elements, switching: .zero),
                level: value.level)
        case .add, .mask:
            return Value(noise: model.addingConstant(value.noise), level: value.level)
        }
    }

    package func multiply(_ a: Value, _ b: Value) -> Value {
        Value(noise: model.divided(model.product(a.noise, b.noise)), level: a.level)
    }
}
