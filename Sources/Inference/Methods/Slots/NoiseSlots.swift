// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import Lattice

/// Slot circuits on noise bounds and counts.
package struct NoiseSlots: NoiseInterpreter {
    package typealias Family = SlotCircuits

    package struct Value: NoiseValue {
        package let level: Int
        package var noise: NoiseBound
        /// What the noise tells of weights; nil: all of it may.
        var exposure: NoiseExposure?
        /// Ciphertexts of each t_i.
        var count = 1
        /// Of a bundle, each part's.
        var parts: [Part] = []
    }

    /// One sum of a bundle.
    struct Part {
        let noise: NoiseBound
        var exposure: NoiseExposure?
    }

    package struct PreparedMap {
        let transform: LinearTransform
        /// Of each sum, of each source.
        let gains: [[TransformGain]]
        let isDithered: Bool

        /// Of the sum that has most.
        var energy: Double {
            gains.reduce(0) { max($0, $1.reduce(0) { $0 + $1.energy }) }
        }
    }

    package let ledger: any NoiseLedger
    private let norms: TransformNorms
    private let inputsCount: Int
    private var model: NoiseModel { ledger.model }

    package init(
        circuit: Circuit<SlotCircuits>, ledger: any NoiseLedger, norms: TransformNorms
    ) {
        self.ledger = ledger
        self.norms = norms
        inputsCount = circuit.inputsCount
    }

    /// Fresh ciphertexts.
    package func values(of input: Void) -> [Value] {
        (0..<inputsCount).map { _ in Value(level: ledger.maximumLevel, noise: model.fresh) }
    }

    package func prepare(
        _ transform: LinearTransform, units: [MessageUnit], unit: MessageUnit, level: Int,
        isLast: Bool
    ) -> PreparedMap {
        PreparedMap(
            transform: transform,
            gains: transform.sums.map {
                norms.gains(of: $0, units: units.map { $0.over(unit) }, on: ledger)
            },
            isDithered: isLast && ledger.privacy.dithers)
    }

    package func apply(_ prepared: PreparedMap, to values: [Value]) throws -> Value {
        let degree = ledger.degree
        let transform = prepared.transform
        let level = values[0].level
        ledger.tally.counts.plaintextMultiplications += transform.termCount
        // Of every sum.
        let inputs = prepared.gains.map { zip(values, $0).map { ($0.noise, $1) } }
        let plain = inputs.map { inputs in
            NoiseBound.sum(inputs.map { $0.mapped(by: $1, degree: degree) })
        }
        func bundle(_ parts: [Part]) -> Value {
            let worst = parts.max { $0.noise.norms.largest < $1.noise.norms.largest }!
            return Value(
                level: level, noise: worst.noise, exposure: worst.exposure,
                parts: parts.count > 1 ? parts : [])
        }
        let isLocal = transform.permutations(degree: degree).isEmpty
        let limbs = isLocal ? level : level + ledger.specialCount
        countProducts(
            terms: transform.termCount, limbs: limbs,
            spacing: prepared.isDithered ? 1 : transform.spacing)
        if prepared.isDithered { countDither(transform, limbs: limbs) }
        if isLocal {
            return bundle(
                prepared.isDithered
                    ? transform.sums.map { dithered($0, values, babies: .zero) }
                    : plain.map { Part(noise: $0) })
        }
        // Those of each sum.
        let counts = transform.sums.map(\.movingGiants.count)
        let giants = transform.movingGiants
        let after = plain.map(\.norms.largest).min()!
        var inner = NoiseNorms.zero
        for source in 0..<transform.sourceCount {
            let added = try ledger.switchKeys(
                transform.movingBabies[source], level: level,
                room: after / max(1, prepared.energy).squareRoot())
            inner = added.largest > inner.largest ? added : inner
        }
        var outer = NoiseNorms.zero
        for giant in giants {
            ledger.divideBySpecial(level: level, count: 1)
            let added = try ledger.switchKeys(
                [giant], level: level, room: after / Double(counts.max()!))
            outer = added.largest > outer.largest ? added : outer
        }
        ledger.divideBySpecial(level: level, count: 2 * counts.count)
        if prepared.isDithered {
            return bundle(
                zip(transform.sums, counts).map { sum, count in
                    let part = dithered(sum, values, babies: inner)
                    let added = model.switchedMap(
                        giants: outer, giantCount: ledger.switchesKeysFreely ? 0 : count)
                    return Part(
                        noise: NoiseBound.sum([part.noise, added]),
                        exposure: part.exposure?.adding(model.exposure(of: added.norms)))
                })
        }
        return bundle(
            zip(inputs, counts).map { inputs, count in
                Part(
                    noise: model.divided(
                        model.mapped(
                            inputs, babies: inner, giants: outer,
                            giantCount: ledger.switchesKeysFreely ? 0 : count)))
            })
    }

    /// A map whose weights are drawn anew.
    /// - Parameter babies: what a baby's key switch adds.
    private func dithered(
        _ transform: LinearTransform, _ values: [Value], babies: NoiseNorms
    ) -> Part {
        // Of every source, then of its permutations.
        let sources = values.map(\.noise.norms)
        let moved = sources.map { $0 + babies }
        let terms = transform.operands.lazy.map { source, isMoved in
            isMoved ? moved[source] : sources[source]
        }
        let (noise, exposure) = model.dithered(terms)
        // Two bounds for the noise, and one that exposure takes.
        ledger.tally.events += 3
        return Part(noise: noise, exposure: exposure)
    }

    private func countDither(_ transform: LinearTransform, limbs: Int) {
        let terms = transform.termCount
        ledger.tally.counts.ditheredTerms += terms
        ledger.tally.counts.forwardNTTs += terms * limbs
        ledger.tally.counts.plaintextProducts += 2 * (terms + transform.giants.count) * limbs
    }

    package func apply(_ step: SlotStep, to values: [Value]) throws -> Value {
        let value = values[0]
        return switch step {
        case .factors: factors(values)
        case .leaf(let leaf): self.leaf(leaf, values)
        case .sum:
            Value(level: value.level, noise: NoiseBound.sum(values.map(\.noise)))
        case .part(let index):
            Value(
                level: value.level, noise: value.parts[index].noise,
                exposure: value.parts[index].exposure)
        case .join: join(values)
        case .fold(let permutations): try fold(value, permutations)
        case .add: add(to: value)
        case .mask: mask(value)
        }
    }

    private func add(to value: Value) -> Value {
        Value(
            level: value.level, noise: model.addingConstant(value.noise),
            exposure: value.exposure?.adding(model.exposureOfConstant))
    }

    /// A constant that may be rounded at random, behind the last map, which alone knows what its noise tells.
    private func mask(_ value: Value) -> Value {
        guard ledger.privacy.isFine, let exposure = value.exposure else { return add(to: value) }
        ledger.tally.counts.ditheredTerms += 1
        ledger.tally.counts.forwardNTTs += value.level
        return Value(
            level: value.level, noise: model.addingDithered(value.noise),
            exposure: exposure.adding(drawn: model.exposureOfDitheredConstant))
    }

    /// The worst of them stands for all.
    private func join(_ values: [Value]) -> Value {
        var exposure = values[0].exposure
        for value in values.dropFirst() {
            exposure = exposure.flatMap { first in value.exposure.map { first.worst(with: $0) } }
        }
        return Value(
            level: values[0].level, noise: .worst(of: values.map(\.noise)), exposure: exposure,
            count: values.count)
    }

    package func multiply(_ a: Value, _ b: Value) throws -> Value {
        let level = a.level
        let product = model.product(a.noise, b.noise)
        ledger.tally.counts.multiplications += 1
        return Value(
            level: level, noise: try ledger.relinearize(product, level: level, vector: nil))
    }

    /// Of encoded weights, which may be transformed each time.
    private func countProducts(terms: Int, limbs: Int, spacing: Int) {
        ledger.tally.counts.plaintextProducts += 2 * terms * limbs
        if EncodedTransform.keepsCoefficients(
            degree: ledger.degree, plaintext: ledger.plaintext.prime, spacing: spacing)
        {
            ledger.tally.counts.forwardNTTs += terms * limbs
        }
    }

    /// Each power times a plaintext with any slots, and summed; and a constant.
    private func leaf(_ leaf: SlotLeaf, _ values: [Value]) -> Value {
        let gain = model.anyPlaintext(spacing: leaf.spacing)
        let products = values.map { $0.noise.mapped(by: gain, degree: ledger.degree) }
        ledger.tally.counts.plaintextMultiplications += values.count
        countProducts(terms: values.count, limbs: values[0].level, spacing: leaf.spacing)
        return Value(
            level: values[0].level, noise: model.addingConstant(NoiseBound.sum(products)))
    }

    /// Each factor times a uniform plaintext, and summed; that bounds the factors, too.
    private func factors(_ values: [Value]) -> Value {
        let level = values[0].level
        let gain = model.uniformPlaintext
        let products = values.map { $0.noise.mapped(by: gain, degree: ledger.degree) }
        ledger.tally.counts.plaintextMultiplications += values.count
        ledger.tally.counts.plaintextProducts += 2 * values.count * level
        ledger.tally.counts.forwardNTTs += values.count * level
        ledger.tally.events += values.count
        return Value(
            level: level, noise: model.addingConstant(NoiseBound.sum(products)),
            count: values.count + 1)
    }

    private func fold(_ value: Value, _ permutations: [SlotPermutation]) throws -> Value {
        let degree = ledger.degree
        guard let fold = norms.fold(permutations, degree: degree) else {
            throw EvaluationError.mismatch("a fold that repeats a permutation")
        }
        let moved = permutations.filter { !$0.isIdentity(degree: degree) }
        let room = value.noise.norms.largest / Double(moved.count)
        let added = try ledger.switchKeys(moved, level: value.level, room: room)
        ledger.divideBySpecial(level: value.level, count: 2)
        return Value(
            level: value.level,
            noise: model.folded(value.noise, by: fold, switching: added))
    }

    package func switchDown(_ value: Value, toLevel level: Int) -> Value {
        Value(
            level: level,
            noise: ledger.switchDown(value.noise, from: value.level, to: level, vector: nil))
    }

    package func finish(_ value: Value, c0Bits: Int, c1Bits: Int) throws -> NoiseBound {
        try ledger.reply(
            value.noise, exposure: value.exposure, level: value.level, count: value.count)
    }
}
