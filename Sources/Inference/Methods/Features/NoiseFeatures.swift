// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient

/// Feature circuits on noise bounds and counts.
///
/// One bound stands for all ciphertexts of a vector: the worst row of each map makes it.
package struct NoiseFeatures: NoiseInterpreter {
    package typealias Family = FeatureCircuits

    package struct Value: NoiseValue {
        package var level: Int
        package var noise: NoiseBound
        /// What the noise tells of weights; nil: all of it may.
        var exposure: NoiseExposure?
        /// Ciphertexts.
        var count: Int
        /// Two, or three before relinearization.
        var polynomials = 2
        /// Limbs of c_1 to expand before it can be stored: what is put off begins at what the client sent.
        var expansions = 0
        /// Stored vectors that it is, or that what was put off begins at.
        var stored: [StoredVector] = []
        var isStored = false
        /// Whether it is what the client sent.
        var isFresh = false
    }

    /// Limbs that a stored vector takes for as long as something needs it: lives as the encrypted one does.
    final class StoredVector {
        private let memory: Memory
        private let limbs: Int

        init(_ memory: Memory, limbs: Int) {
            (self.memory, self.limbs) = (memory, limbs / memory.places)
            memory.add(self.limbs)
        }

        deinit { memory.add(-limbs) }
    }

    /// Limbs of all stored vectors, now and at most.
    final class Memory {
        private var limbs = 0
        private(set) var most = 0

        /// Vectors of which one ciphertext after another is worked on take as much as one.
        var places = 1

        func add(_ count: Int) {
            limbs += count
            most = max(most, limbs)
        }
    }

    package struct PreparedMap {
        let map: FeatureMap
        let gains: [(sum: Double, energy: Double)]
        let isDithered: Bool
    }

    package let ledger: any NoiseLedger
    private let featureCount: Int
    private let memory = Memory()

    package init(
        circuit: Circuit<FeatureCircuits>, ledger: any NoiseLedger, norms: TransformNorms
    ) {
        self.ledger = ledger
        featureCount = circuit.featureCount
    }

    /// A vector of fresh ciphertexts.
    package func values(of input: Void) -> [Value] {
        let level = ledger.maximumLevel
        ledger.tally.events += 2 * featureCount
        return [
            Value(
                level: level, noise: ledger.model.freshFeature, count: featureCount,
                expansions: featureCount * level, isFresh: true)
        ]
    }

    package func prepare(
        _ map: FeatureMap, units: [MessageUnit], unit: MessageUnit, level: Int, isLast: Bool
    ) -> PreparedMap {
        PreparedMap(
            map: map,
            gains: map.gains(units: units, unit: unit, modulus: ledger.largestPlaintext),
            isDithered: isLast && ledger.privacy.dithers)
    }

    /// Sums of many ciphertexts, times small integers, and a constant that all slots share.
    package func apply(_ transform: PreparedMap, to values: [Value]) -> Value {
        let map = transform.map
        let level = values[0].level
        for (matrix, value) in zip(map.matrices, values) {
            ledger.tally.counts.smallProducts += matrix.entriesCount * value.polynomials * level
        }
        // Of each part of each source's noise, each row bounds two norms; a row of one weight only scales them.
        for (source, value) in values.enumerated() where map.isSum(ofSource: source) {
            ledger.tally.events += 2 * map.outputCount * value.noise.components.count
        }
        let noise = zip(values, transform.gains).map {
            $0.noise.combined(sum: $1.sum, energy: $1.energy)
        }
        var out = Value(
            level: level, noise: ledger.model.addingSharedConstant(NoiseBound.sum(noise)),
            count: map.outputCount, polynomials: values.map(\.polynomials).max()!,
            expansions: values.map(\.expansions).max()!, stored: values.flatMap(\.stored))
        if transform.isDithered { dither(&out, transform, values) }
        return out
    }

    /// Adds multiples of t to weights.
    private func dither(_ out: inout Value, _ transform: PreparedMap, _ values: [Value]) {
        let t = Double(ledger.largestPlaintext)
        let drawn = ledger.model.drawn(
            zip(transform.map.matrices, zip(values, transform.gains)).map { matrix, source in
                let (value, gain) = source
                return DrawnSum(
                    noise: value.noise.norms, mean: gain.sum / t,
                    most: ScalarDither.mostDrawn(mean: gain.sum / t), columns: matrix.columns)
            }, modulus: t)
        out.noise = NoiseBound.sum([out.noise, drawn.noise])
        out.exposure = drawn.exposure.adding(ledger.model.exposureOfSharedConstant)
        ledger.tally.counts.ditheredTerms += values.count
        ledger.tally.events += out.count * values.count
    }

    package func apply(_ step: FeatureStep, to values: [Value]) throws -> Value {
        let value = values[0]
        let isKept = value.isStored
        var stored = store(value)
        guard case .relinearize = step else { return stored }
        var out = stored
        out.noise = try ledger.relinearize(value.noise, level: value.level, vector: value.count)
        let added = out.noise.components.dropFirst(value.noise.components.count)
        out.exposure = value.exposure?.adding(
            ledger.model.exposure(of: NoiseBound(Array(added)).norms))
        out.polynomials = 2
        // What was put off is gone ciphertext by ciphertext.
        if isKept {
            hold(&out)
            return withExtendedLifetime(stored) { out }
        }
        hold(&out, instead: &stored)
        return out
    }

    package func each(
        of value: Value, _ body: (_ place: Value, _ done: Double) throws -> Value
    ) throws -> Value {
        // Results of all places, which are of at most this level, and may wait for a relinearization.
        let results = StoredVector(memory, limbs: value.count * 3 * value.level)
        memory.places = value.count
        defer { memory.places = 1 }
        var out = try body(value, 1)
        memory.places = 1
        return withExtendedLifetime(results) {
            hold(&out)
            return out
        }
    }

    package func multiply(_ a: Value, _ b: Value) -> Value {
        ledger.tally.counts.multiplications += a.count
        ledger.tally.counts.tensorProducts += a.count * a.level
        return Value(
            level: a.level, noise: ledger.model.product(a.noise, b.noise), count: a.count,
            polynomials: 3, expansions: max(a.expansions, b.expansions),
            stored: a.stored + b.stored)
    }

    private func store(_ value: Value) -> Value {
        guard !value.isStored else { return value }
        var out = value
        ledger.tally.counts.expansions += value.expansions
        out.expansions = 0
        hold(&out)
        return out
    }

    /// The same, while another one goes.
    private func hold(_ value: inout Value, instead other: inout Value) {
        other.stored = []
        value.stored = []
        hold(&value)
    }

    /// From here on it is a vector of its own.
    private func hold(_ value: inout Value) {
        value.stored = [
            StoredVector(memory, limbs: value.count * value.polynomials * value.level)
        ]
        value.isStored = true
        ledger.tally.storedLimbs = max(ledger.tally.storedLimbs, memory.most)
    }

    package func switchDown(_ value: Value, toLevel level: Int) -> Value {
        // What is fresh is expanded feature by feature.
        var stored = value
        if value.isFresh {
            ledger.tally.counts.expansions += value.expansions
        } else {
            stored = store(value)
        }
        var out = stored
        // The bound on what rounding adds knows two polynomials.
        precondition(value.polynomials == 2, "moduli are dropped after relinearization")
        out.noise = ledger.switchDown(
            value.noise, from: value.level, to: level, vector: value.count)
        out.level = level
        out.exposure = nil
        out.expansions = 0
        out.isFresh = false
        if value.isStored || value.isFresh {
            hold(&out)
            return withExtendedLifetime(stored) { out }
        }
        hold(&out, instead: &stored)
        return out
    }

    package func finish(_ value: Value, c0Bits: Int, c1Bits: Int) throws -> NoiseBound {
        let end = store(value)
        return try ledger.reply(
            end.noise, exposure: end.exposure, level: end.level, count: end.count)
    }
}
