// SPDX-License-Identifier: Apache-2.0

import BFV

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many bits the noise needs between switch points, before any modulus is chosen: what a circuit run on ideal
/// moduli finds, key switches taken as free.
package final class ForecastLedger {
    /// Noise as of the last switch point that the value went through. Levels count the depths that are to come.
    package struct Value {
        package var noise: NoiseBound
        package var level: Int
    }

    /// A stretch between two sets of products (or the start and the first): bits to drop in it, of which at most
    /// `early` right after the products that open it.
    struct Drop {
        let bits: Double
        let early: Double
        let earlyPoint: Int?
        let latePoint: Int
    }

    package let model: NoiseModel
    let degree: Int
    private(set) var drops: [Drop] = []
    private let depth: Int
    /// Sets of products with no switch before them, bit i for those of depth i.
    private let skips: UInt
    /// Bits that one stretch may drop.
    private let largestDrop: Double
    private var early = 0.0
    private var earlyPoint: Int?

    init(model: NoiseModel, degree: Int, depth: Int, skips: UInt, largestDrop: Double) {
        self.model = model
        self.degree = degree
        self.depth = depth
        self.skips = skips
        self.largestDrop = largestDrop
    }

    /// Before any switch point.
    var maximumLevel: Int { depth }

    func switchDown(_ value: Value, toLevel level: Int) -> Value {
        var noise = value.noise
        for drop in drops[(depth - value.level)..<(depth - level)] where drop.bits > 0 {
            noise = model.divided(noise.scaled(by: exp2(-drop.bits)))
        }
        return Value(noise: noise, level: level)
    }

    func pass(switchPoint point: Int, _ values: [Value]) {
        let floor = model.rounding.norms
        let noise = values.map { switchDown($0, toLevel: depth - drops.count).noise.norms }
        if point % 2 == 0 {
            let isSkipped = skips >> UInt(point / 2) & 1 == 1
            let factors = noise.map { $0.rootMeanSquare / floor.rootMeanSquare }
            let bits =
                isSkipped ? 0 : min(largestDrop, max(0, log2(factors.max() ?? 1)))
            drops.append(
                Drop(bits: bits, early: early, earlyPoint: earlyPoint, latePoint: point))
        } else {
            let rooms = noise.map {
                log2($0.mean * Double(degree).squareRoot() / 4 / floor.largest)
            }
            early = max(0, rooms.min() ?? 0)
            earlyPoint = point
        }
    }

    /// log2 of the modulus that the last stretch needs.
    func finalBits(_ value: Value) -> Double {
        // The encryption of zero that is added brings a division's rounding.
        log2(model.divided(value.noise).coefficient) + 1.5
    }
}

/// What the search knows of the noise before it chooses moduli.
struct NoiseForecast {
    let drops: [ForecastLedger.Drop]
    /// log2 of the modulus that the last stretch needs.
    let finalBits: Double

    /// - Parameters:
    ///   - plaintext: the one of most noise.
    ///   - largestModulus: the largest t.
    ///   - skips: sets of products with no switch before them, bit i for those of depth i.
    ///   - largestDrop: bits that one stretch may drop.
    init<Family: CircuitFamily>(
        _ circuit: Circuit<Family>, plaintext: PlaintextModulus, largestModulus: UInt64,
        norms: TransformNorms, skips: UInt = 0, largestDrop: Double = .infinity
    ) throws {
        let depth = circuit.switchPointCount / 2
        let ledger = ForecastLedger(
            model: NoiseModel(degree: circuit.degree, plaintext: plaintext),
            degree: circuit.degree, depth: depth, skips: skips, largestDrop: largestDrop)
        let interpreter = Family.Forecast(
            circuit: circuit, ledger: ledger, plaintext: plaintext, largestModulus: largestModulus,
            norms: norms)
        // A level less at each depth.
        let program = try Program(
            circuit, levels: (0..<circuit.switchPointCount).map { depth - $0 / 2 - 1 },
            maximumLevel: depth, on: interpreter)
        finalBits = try program.run((), on: interpreter)
        drops = ledger.drops
    }
}
