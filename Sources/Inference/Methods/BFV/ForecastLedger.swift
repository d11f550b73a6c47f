// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many bits the noise needs between switch points, before any modulus is chosen: what a circuit run on ideal
/// moduli finds, key switches taken as free.
package class ForecastLedger: NoiseLedger {
    /// A stretch between two sets of products (or the start and the first): bits to drop in it, of which at most
    /// `early` right after the products that open it.
    struct Drop {
        let bits: Double
        let early: Double
        let earlyPoint: Int?
        let latePoint: Int
    }

    package let model: NoiseModel
    package let plaintext: PlaintextModulus
    package let degree: Int
    package let largestPlaintext: UInt64
    package var tally = NoiseTally()
    package let privacy: FunctionPrivacy
    private(set) var drops: [Drop] = []
    private let depth: Int
    /// Sets of products with no switch before them, bit i for those of depth i.
    private let skips: UInt
    /// Bits that one stretch may drop.
    let largestDrop: Double
    private var early = 0.0
    private var earlyPoint: Int?

    init(
        degree: Int, plaintext: PlaintextModulus, largestPlaintext: UInt64, depth: Int, skips: UInt,
        largestDrop: Double, privacy: FunctionPrivacy
    ) {
        self.privacy = privacy
        model = NoiseModel(degree: degree, plaintext: plaintext)
        self.plaintext = plaintext
        self.degree = degree
        self.largestPlaintext = largestPlaintext
        self.depth = depth
        self.skips = skips
        self.largestDrop = largestDrop
    }

    /// Before any switch point. Levels count the depths that are to come.
    package var maximumLevel: Int { depth }
    package var switchesKeysFreely: Bool { true }

    /// Near enough for a search, and cached across moduli.
    package func inverse(_ unit: MessageUnit) -> UInt64 { 1 }

    package func relinearize(
        _ noise: NoiseBound, level: Int, vector: Int?
    ) -> NoiseBound { model.divided(noise) }

    package func switchKeys(
        _ permutations: [SlotPermutation], level: Int, room: Double
    ) -> NoiseNorms { .zero }

    package func divideBySpecial(level: Int, count: Int) {}

    /// P, before it is chosen: of the small ones, which leave most of what is divided by them.
    private static let likelySpecial = BigInt(1) << 24
    private static let largestSpecial = BigInt(1) << 64

    package var specialCount: Int { 1 }

    /// An encryption of zero brings a division's rounding.
    package func reply(
        _ noise: NoiseBound, exposure: NoiseExposure?, level: Int, count: Int
    ) throws -> NoiseBound {
        let out = model.divided(noise)
        guard privacy.bits > 0 else { return out }
        return try privacy.flood(
            noise, exposure, model: model,
            special: privacy.isFine ? Self.likelySpecial : Self.largestSpecial,
            share: Double(count)
        ).map { model.flooded(out, by: $0) } ?? .infinite
    }

    package func switchDown(
        _ noise: NoiseBound, from first: Int, to last: Int, vector: Int?
    ) -> NoiseBound {
        dropped(from: first, to: last).reduce(noise) { noise, bits in
            bits > 0 ? model.divided(noise.scaled(by: exp2(-bits))) : noise
        }
    }

    /// Bits that are dropped between levels.
    func dropped(from first: Int, to last: Int) -> [Double] {
        drops[(depth - first)..<(depth - last)].map(\.bits)
    }

    package func pass(switchPoint point: Int, _ values: [any NoiseValue]) {
        let floor = model.rounding.norms
        let noise = values.map {
            switchDown($0.noise, from: $0.level, to: depth - drops.count, vector: nil).norms
        }
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
    func finalBits(_ noise: NoiseBound) -> Double { log2(noise.coefficient) + 1.5 }
}

/// The same where moduli are dropped at some switch points, each time until the noise is what rounding adds.
final class PatternLedger: ForecastLedger {
    /// Bits dropped at each switch point; zeros before they are known.
    private(set) var bits: [Double]
    private let points: Int
    private let pattern: UInt128

    /// - Parameters:
    ///   - pattern: bit p where moduli are dropped at switch point p.
    ///   - largestDrop: bits that one may drop.
    init(
        degree: Int, plaintext: PlaintextModulus, largestPlaintext: UInt64, points: Int,
        pattern: UInt128, largestDrop: Double, privacy: FunctionPrivacy
    ) {
        self.points = points
        self.pattern = pattern
        bits = [Double](repeating: 0, count: points)
        super.init(
            degree: degree, plaintext: plaintext, largestPlaintext: largestPlaintext, depth: points,
            skips: 0, largestDrop: largestDrop, privacy: privacy)
    }

    override func dropped(from first: Int, to last: Int) -> [Double] {
        Array(bits[(points - first)..<(points - last)])
    }

    override package func pass(switchPoint point: Int, _ values: [any NoiseValue]) {
        guard pattern >> UInt128(point) & 1 == 1 else { return }
        let floor = model.rounding.norms.rootMeanSquare
        let factors = values.map { value in
            switchDown(
                value.noise, from: value.level, to: points - point, vector: nil
            ).norms.rootMeanSquare / floor
        }
        bits[point] = min(largestDrop, max(0, log2(factors.max() ?? 1)))
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
    ///   - choosesUnits: whether moduli will be such that products bring no unit.
    ///   - skips: sets of products with no switch before them, bit i for those of depth i.
    ///   - largestDrop: bits that one stretch may drop.
    init<Family: CircuitFamily>(
        _ circuit: Circuit<Family>, plaintext: PlaintextModulus, largestModulus: UInt64,
        choosesUnits: Bool, norms: TransformNorms, skips: UInt = 0,
        largestDrop: Double = .infinity,
        privacy: FunctionPrivacy
    ) throws {
        let depth = circuit.switchPointCount / 2
        let ledger = ForecastLedger(
            degree: circuit.degree, plaintext: plaintext, largestPlaintext: largestModulus,
            depth: depth, skips: skips, largestDrop: largestDrop, privacy: privacy)
        let interpreter = Family.Noise(circuit: circuit, ledger: ledger, norms: norms)
        // A level less at each depth.
        let program = try Program(
            circuit, levels: (0..<circuit.switchPointCount).map { depth - $0 / 2 - 1 },
            maximumLevel: depth, isOne: { _ in choosesUnits },
            on: interpreter)
        finalBits = ledger.finalBits(try program.run((), on: interpreter))
        drops = ledger.drops
    }
}
