// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Foundation
import Lattice
import Oracle
import TestSupport
import Testing

/// Attacks on weights by who decrypts: a client that knows the two candidates, its key and the errors of its ciphertext,
/// and looks at the noise of replies. What is decrypted is zero under both.
///
/// Each attack succeeds where what it is about is left out, and must fail on what a server sends.
@Suite struct FunctionPrivacyTests {
    /// One ciphertext of zeros and two maps of it.
    private struct Scene {
        let bench: OracleBench
        let meter: NoiseMeter
        let input: Ciphertext
        /// Fixed and drawn anew.
        let maps: [(fixed: EncodedTransform, dithered: EncodedTransform)]
        let weights: [[Int64]]
        let exposure: NoiseExposure
        let degree: Int

        init(seed: UInt64) throws {
            let wide = OracleCase(
                degree: 64, ciphertextBits: [49, 40, 40, 40], specialBits: 40, plaintextBits: [16],
                digitBits: 20, levels: [4])
            bench = try OracleBench(wide, seed: seed, needsKeys: true)
            let context = bench.context
            let modulus = context.parameters.plaintexts[0]
            let degree = wide.degree
            self.degree = degree
            meter = NoiseMeter(context: context, variableTimeWith: bench.secret)
            input = bench.encryptor.encrypt(
                slots: [UInt64](repeating: 0, count: degree), plaintextIndex: 0, level: 4)
            var generator = SplitMix64(seed: seed)
            let slots = (0..<2).map { _ in
                (0..<degree).map { _ in
                    Int64.random(in: 0..<Int64(modulus.prime), using: &generator)
                }
            }
            func map(_ slots: [Int64], isDithered: Bool) -> EncodedTransform {
                let identity = SlotPermutation(rotation: 0)
                return context.encodeTransform(
                    babies: [BabyStep(permutation: identity)],
                    giants: [
                        (permutation: identity, output: 0, terms: [(baby: 0, weights: slots)])
                    ],
                    factors: [[1]], plaintextIndex: 0, level: 4, isDithered: isDithered)
            }
            maps = slots.map { (map($0, isDithered: false), map($0, isDithered: true)) }
            let encoder = context.plaintexts[0].encoder
            weights = slots.map { encoder.encode($0.map(UInt64.init)) }
            let model = NoiseModel(degree: degree, plaintext: modulus)
            // The true noise, not its bound.
            exposure = model.dithered([meter.norms(of: input)]).1
        }

        func flood(bits: Int) throws -> Flood {
            try #require(
                Flood.smallest(hiding: exposure, degree: degree, within: exp2(-Double(bits))))
        }

        /// The phase noise of a reply.
        func reply(_ model: Int, dithers: Bool, flood: Flood?) throws -> [Double] {
            let map = dithers ? maps[model].dithered : maps[model].fixed
            let out = try bench.evaluator.rerandomize(
                bench.evaluator.apply(map, to: input), flood: flood)
            return noise(out)
        }

        func noise(_ ciphertext: Ciphertext) -> [Double] {
            meter.noise(of: ciphertext).map { $0.approximate }
        }
    }

    /// Of `rounds` replies of either model, how many the client tells right by the noise's correlation with the
    /// difference that the two would leave.
    private func linear(
        _ scene: Scene, dithers: Bool, flood: Flood?, rounds: Int = 400
    ) throws -> Int {
        let known = try scene.maps.map {
            scene.noise(try scene.bench.evaluator.apply($0.fixed, to: scene.input))
        }
        let difference = zip(known[0], known[1]).map { $0 - $1 }
        var generator = SystemRandomNumberGenerator()
        return try (0..<rounds).count { _ in
            let model = Int.random(in: 0...1, using: &generator)
            let noise = try scene.reply(model, dithers: dithers, flood: flood)
            var sum = 0.0
            for i in noise.indices {
                sum += (noise[i] - (known[0][i] + known[1][i]) / 2) * difference[i]
            }
            return (sum > 0) == (model == 0)
        }
    }

    @Test func noiseDoesNotCorrelateWithWeights() throws {
        let scene = try Scene(seed: 1)
        #expect(try linear(scene, dithers: false, flood: nil) >= 396)
        // A flood that hardly hides weights that are drawn anew doesn't hide fixed ones.
        let narrow = try Flood(bits: scene.flood(bits: 2).bits - 2)
        #expect(try linear(scene, dithers: false, flood: narrow) > 250)
        #expect(try (150...250).contains(linear(scene, dithers: true, flood: narrow)))
        for bits in [40, 64, 80] {
            let right = try linear(scene, dithers: true, flood: scene.flood(bits: bits))
            // Five deviations of a fair coin.
            #expect((150...250).contains(right), "\(bits) bits: \(right) of 400 right")
        }
    }

    /// Of 400 sums of a ciphertext and one of two constants, how many the client tells right by the noise's correlation
    /// with the difference of what rounding leaves.
    private func constants(_ scene: Scene, dithers: Bool) throws -> Int {
        let context = scene.bench.context
        let t = context.parameters.plaintextModuli[0]
        var values = SplitMix64(seed: 6)
        let slots = (0..<2).map { _ in
            (0..<scene.degree).map { _ in UInt64.random(in: 0..<t, using: &values) }
        }
        let nearest = slots.map { context.encodeConstant(slots: $0, level: 4) }
        let before = scene.noise(scene.input)
        let known = try nearest.map { constant in
            zip(scene.noise(try scene.bench.evaluator.add(scene.input, constant)), before).map {
                $0 - $1
            }
        }
        var generator = SystemRandomNumberGenerator()
        return try (0..<400).count { _ in
            let model = Int.random(in: 0...1, using: &generator)
            let evaluator = scene.bench.evaluator
            let noise = scene.noise(
                dithers
                    ? try evaluator.addDithered(scene.input, slots: slots[model])
                    : try evaluator.add(scene.input, nearest[model]))
            var sum = 0.0
            for i in noise.indices {
                let middle = (known[0][i] + known[1][i]) / 2
                sum += (noise[i] - before[i] - middle) * (known[0][i] - known[1][i])
            }
            return (sum > 0) == (model == 0)
        }
    }

    /// What rounding a constant leaves doesn't correlate with it; and what is decrypted is the constant.
    @Test func roundingDoesNotCorrelateWithConstants() throws {
        let scene = try Scene(seed: 3)
        #expect(try constants(scene, dithers: false) == 400)
        let right = try constants(scene, dithers: true)
        #expect((150...250).contains(right), "\(right) of 400 right")
    }

    /// Of each coefficient the mean over many uses is 0, where the nearest integer is always off by the same; no use is off
    /// by a unit or more; and the message is the constant's.
    @Test(arguments: [1, 4]) func constantsAreRoundedWithMeanZero(index: Int) throws {
        let bench = try OracleBench(
            OracleCase(
                degree: 64, ciphertextBits: [49, 40], specialBits: 40,
                plaintextBits: [index == 1 ? 16 : 25], digitBits: 20, levels: [2], index: index),
            seed: 4, needsKeys: true)
        let context = bench.context
        let plaintext = context.parameters.plaintexts[0]
        let count = 64 / index
        let slots = (0..<count).map { UInt64($0 * $0 * 977 + 3) % plaintext.prime }
        let zero = bench.encryptor.encrypt(
            slots: [UInt64](repeating: 0, count: count), plaintextIndex: 0, level: 2)
        let meter = NoiseMeter(context: context, variableTimeWith: bench.secret)
        let before = meter.noise(of: zero).map(\.approximate)
        let evaluator = bench.evaluator
        let rounds = 2000
        var sums = [Double](repeating: 0, count: 64)
        for _ in 0..<rounds {
            let sum = try evaluator.addDithered(zero, slots: slots)
            let noise = meter.noise(of: sum).map(\.approximate)
            for i in sums.indices { sums[i] += noise[i] - before[i] }
        }
        // A coefficient of pi y: its deviation is at most |pi| / 2.
        let allowed = 5 * plaintext.coefficientNorm / 2 / Double(rounds).squareRoot()
        #expect(sums.allSatisfy { abs($0) / Double(rounds) < allowed })
        let nearest = meter.noise(
            of: try evaluator.add(zero, context.encodeConstant(slots: slots, level: 2))
        ).map(\.approximate)
        #expect(zip(nearest, before).contains { abs($0 - $1) > 2 * allowed })
    }

    /// Of `rounds` guesses, each from `replies` replies, how many are right by the squares of what noise over known noise
    /// leaves: weights that are drawn anew still have variances that depend on them.
    private func quadratic(
        _ scene: Scene, flood: Flood?, rounds: Int = 40, replies: Int = 40
    ) throws -> Int {
        let n = scene.degree
        let divisor = Spectrum(scene.noise(scene.input))
        let t = Double(scene.bench.context.parameters.plaintextModuli[0])
        let variances = scene.weights.map { weights in
            weights.map { w -> Double in
                let p = abs(Double(w)) / t
                return p * (1 - p)
            }
        }
        var generator = SystemRandomNumberGenerator()
        return try (0..<rounds).count { _ in
            let model = Int.random(in: 0...1, using: &generator)
            var squares = [Double](repeating: 0, count: n)
            for _ in 0..<replies {
                let noise = try scene.reply(model, dithers: true, flood: flood)
                let y = Spectrum(noise).divided(by: divisor).coefficients
                // In units of t: y is w / t or a unit away.
                for i in y.indices { squares[i] += y[i] * y[i] / (t * t) / Double(replies) }
            }
            var sum = 0.0
            for i in squares.indices {
                sum +=
                    (squares[i] - (variances[0][i] + variances[1][i]) / 2)
                    * (variances[0][i] - variances[1][i])
            }
            return (sum > 0) == (model == 0)
        }
    }

    @Test func variancesAreHidden() throws {
        let scene = try Scene(seed: 2)
        #expect(try quadratic(scene, flood: nil) >= 36)
        let right = try quadratic(scene, flood: scene.flood(bits: 40))
        // Four deviations of a fair coin.
        #expect((7...33).contains(right), "\(right) of 40 right")
    }
}

/// Values at the odd powers of a 2N-th root of unity, by definition.
private struct Spectrum {
    var values: [(re: Double, im: Double)]

    init(_ x: [Double]) {
        let n = x.count
        values = (0..<n).map { k in
            var (re, im) = (0.0, 0.0)
            for j in 0..<n {
                let angle = Double.pi * Double((2 * k + 1) * j % (2 * n)) / Double(n)
                re += x[j] * cos(angle)
                im += x[j] * sin(angle)
            }
            return (re, im)
        }
    }

    func divided(by other: Spectrum) -> Spectrum {
        var out = self
        for (i, b) in other.values.enumerated() {
            let a = values[i]
            let size = b.re * b.re + b.im * b.im
            out.values[i] = (
                (a.re * b.re + a.im * b.im) / size, (a.im * b.re - a.re * b.im) / size
            )
        }
        return out
    }

    var coefficients: [Double] {
        let n = values.count
        return (0..<n).map { j in
            values.enumerated().reduce(0.0) { sum, entry in
                let angle = Double.pi * Double((2 * entry.offset + 1) * j % (2 * n)) / Double(n)
                return sum + entry.element.re * cos(angle) + entry.element.im * sin(angle)
            } / Double(n)
        }
    }
}

extension BigInt {
    /// To double precision.
    fileprivate var approximate: Double {
        let shift = Swift.max(0, bitLength - 60)
        return Double(Int64(exactly: self >> shift)!) * exp2(Double(shift))
    }
}
