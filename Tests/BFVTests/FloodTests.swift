// SPDX-License-Identifier: Apache-2.0

import BFV
import Foundation
import Lattice
import Ring
import Testing

/// Floods, and what the bound on what they hide rests on.
@Suite struct FloodTests {
    /// The density of the sum of eight uniforms on [0, 1], or one of its derivatives.
    private static func density(_ x: Double, derivative d: Int = 0) -> Double {
        var sum = 0.0
        var binomial = 1.0
        for k in 0...8 {
            if x > Double(k) {
                sum += (k % 2 == 0 ? 1 : -1) * binomial * pow(x - Double(k), Double(7 - d))
            }
            binomial = binomial * Double(8 - k) / Double(k + 1)
        }
        return sum / (1...max(1, 7 - d)).reduce(1.0) { $0 * Double($1) }
    }

    /// The mean of (f^(d) / f)^2 at deviation 1, by Simpson's rule on half of the support, where no digits cancel.
    private static func information(_ d: Int) -> Double {
        let steps = 4000
        let width = 4.0 / Double(steps)
        let sum = (0...steps).reduce(0.0) { sum, i in
            let x = Double(i) * width
            let weight: Double = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2
            // f is x^7 / 7! at the end.
            guard x > 0 else { return sum }
            let slope = density(x, derivative: d)
            return sum + weight * slope * slope / density(x)
        }
        return 2 * sum * width / 3 * pow(8.0 / 12, Double(d))
    }

    @Test func constantsBoundTheDensitysInformation() {
        let (i, j, k) = (Self.information(1), Self.information(2), Self.information(3))
        #expect(i > 1 && j > 2 && k > 6)
        let bounds = [
            (Flood.first, i.squareRoot() / 2),
            (Flood.second, max(2.0.squareRoot() * i, j.squareRoot()) / 4),
            (Flood.third, max(k, 3 * j * i, 6 * i * i * i).squareRoot() / 12),
        ]
        for (constant, value) in bounds {
            #expect(constant >= value && constant < 1.003 * value, "\(constant) for \(value)")
        }
    }

    /// The ten fields of a coefficient, from the words as they come: eight of the upper bits, two of the lower ones.
    @Test(
        arguments: [
            (1, 1), (5, 5), (31, 31), (32, 32), (33, 32), (60, 32), (61, 48), (75, 48), (94, 48),
            (96, 48), (97, 59),
            (118, 59),
        ]) func coefficientsAreSumsOfFields(bits: Int, highBits: Int)
    {
        let n = 4096
        #expect(FloodCoefficients.highBits(of: bits) == highBits)
        let seed = Seed.random()
        var source = Keystream(seed: seed, stream: 0)
        let flood = FloodCoefficients(bits: bits, degree: n, from: &source)
        let lowBits = bits - highBits
        var words = Keystream(seed: seed, stream: 0)
        func sums(_ rounds: Int, wordsEach: Int, _ fields: ([UInt64]) -> [UInt64]) -> [Int64] {
            let run = 2048 / wordsEach
            return stride(from: 0, to: n, by: run).flatMap { start in
                let length = min(run, n - start)
                var out = [Int64](repeating: 0, count: length)
                for _ in 0..<rounds {
                    words.words(wordsEach * length).withWords { drawn in
                        for i in 0..<length {
                            let own = (0..<wordsEach).map { drawn[$0 * length + i] }
                            out[i] += fields(own).reduce(0) { $0 + Int64($1) }
                        }
                    }
                }
                return out
            }
        }
        func halves(_ rounds: Int, _ bits: Int) -> [Int64] {
            sums(rounds, wordsEach: 1) { [$0[0] % (1 << bits), $0[0] >> 32 % (1 << bits)] }
        }
        func whole(_ rounds: Int, _ bits: Int) -> [Int64] {
            sums(rounds, wordsEach: 1) { [$0[0] % (1 << bits)] }
        }
        func triples(_ rounds: Int, _ bits: Int) -> [Int64] {
            sums(rounds, wordsEach: 3) { w in
                let last = w.reduce(UInt64(0)) { $0 << 16 + $1 >> 48 }
                return (w + [last]).map { $0 % (1 << bits) }
            }
        }
        let high =
            bits <= 60 ? halves(4, highBits) : bits <= 96 ? triples(2, 48) : whole(8, 59)
        let low =
            lowBits == 0
            ? [Int64](repeating: 0, count: n)
            : bits <= 60 ? halves(1, lowBits) : whole(2, lowBits)
        let values = flood.unprotectedValues()
        for i in 0..<n {
            #expect(values[i].high == high[i] - 4 << Int64(highBits))
            // Six summands have no lower bits, of which half a unit each is the mean.
            #expect(values[i].low == low[i] + (lowBits > 0 ? 3 << Int64(lowBits) : 0))
        }
        // As reals: within the largest, of the deviation that is claimed, about zero.
        let reals = values.map { Double($0.low) + Double($0.high) * exp2(Double(lowBits)) }
        let claimed = Flood(bits: bits)
        #expect(reals.allSatisfy { abs($0) <= claimed.largest })
        let deviation = (reals.reduce(0) { $0 + $1 * $1 } / Double(n)).squareRoot()
        if bits > 4 { #expect(abs(deviation / claimed.deviation - 1) < 0.1) }
    }

    /// Residues are those of the sum times the factor.
    @Test(arguments: [UInt64(1), 12345]) func coefficientsAreAddedModuloAPrime(
        factor: UInt64
    ) throws {
        let table = try NTTTable(modulus: 1_073_692_673, degree: 64)
        var source = Keystream()
        let flood = FloodCoefficients(bits: 97, degree: 64, from: &source)
        var x = (0..<64).map { UInt64($0) }
        var scratch = [UInt64](repeating: 0, count: 64)
        flood.add(to: &x, modulo: table, times: factor, scratch: &scratch)
        let q = Int64(table.value)
        for (i, (low, high)) in flood.unprotectedValues().enumerated() {
            let shift = (0..<97 - 59).reduce(Int64(1)) { power, _ in power * 2 % q }
            let sum = (low % q + high % q * shift) % q
            let value = (Int64(i) + (sum + q) % q * Int64(factor)) % q
            #expect(x[i] == UInt64((value + q) % q))
        }
    }

    /// A flood hides what it was chosen for, one of half the width does not, and more bits take a larger one.
    @Test func smallestHides() throws {
        let exposure = NoiseExposure(covariance: 1e12, cube: 1e17, direct: 10)
        var last = 0
        for bits in [2, 10, 40, 64, 80] {
            let bound = exp2(-Double(bits))
            let flood = try #require(
                Flood.smallest(hiding: exposure, degree: 4096, within: bound))
            #expect(flood.distance(exposure, degree: 4096) <= bound)
            #expect(Flood(bits: flood.bits - 1).distance(exposure, degree: 4096) > bound)
            #expect(flood.bits > last)
            last = flood.bits
        }
        #expect(
            Flood.smallest(
                hiding: NoiseExposure(direct: 1e30), degree: 4096, within: exp2(-80)) == nil)
    }

    /// Floods of integers pay for their own rounding; of fractions, they don't.
    @Test func fractionsAreOfAnOrderLess() throws {
        let divisor: UInt64 = 1 << 28 - 57
        let exposure = NoiseExposure(covariance: 1e8, cube: 1e11, direct: 1e-3)
        let bound = exp2(-80.0)
        let whole = try #require(Flood.smallest(hiding: exposure, degree: 4096, within: bound))
        let divided = try #require(
            Flood.smallest(hiding: exposure, degree: 4096, within: bound, over: divisor))
        // The laws of integers and of their reals differ by N 2^-b: sixteen bits that fractions don't need.
        #expect(divided.deviation < whole.deviation / 65536)
        #expect(divided.distance(exposure, degree: 4096) <= bound)
        #expect(divided.hasFractions && !whole.hasFractions)
        #expect(divided.largest == 4 * exp2(Double(divided.bits)) / Double(divisor))
    }

    // MARK: Exact distances in tiny rings

    /// Probabilities of the sum of eight numbers that are uniform on 0 ..< width.
    private static func sums(width: Int) -> [Double] {
        var law = [1.0]
        for _ in 0..<8 {
            // Of the last `width` probabilities.
            var sum = 0.0
            law = (0..<law.count + width - 1).map { i in
                sum += i < law.count ? law[i] : 0
                sum -= i >= width ? law[i - width] : 0
                return max(0, sum) / Double(width)
            }
        }
        return law
    }

    /// The probability that the sum of eight uniforms on [0, 1) is below x.
    private static func cumulative(_ x: Double) -> Double {
        var sum = 0.0
        var binomial = 1.0
        for k in 0...8 where x > Double(k) {
            sum += (k % 2 == 0 ? 1 : -1) * binomial * pow(x - Double(k), 8)
            binomial = binomial * Double(8 - k) / Double(k + 1)
        }
        return x >= 8 ? 1 : sum / 40320
    }

    /// The law of integers with two fine summands and six that are multiples of 2^(bits - highBits) is as near to that of
    /// the floor of eight reals as the bound says, which is at most six times as large; with a single fine summand it
    /// isn't.
    @Test(arguments: [(9, 4), (12, 4), (13, 5), (12, 6), (11, 11)])
    func coarseSummandsAreWithinTheBound(
        bits: Int, highBits: Int
    ) {
        let (width, step) = (1 << bits, 1 << (bits - highBits))
        func uniform(_ law: [Double], _ step: Int) -> [Double] {
            var out = [Double](repeating: 0, count: law.count + width - step)
            for shift in stride(from: 0, to: width, by: step) {
                for (i, p) in law.enumerated() {
                    out[i + shift] += p * Double(step) / Double(width)
                }
            }
            return out
        }
        func distance(fine: Int) -> Double {
            var law = [1.0]
            for k in 0..<8 { law = uniform(law, k < fine ? 1 : step) }
            // Fractions are missing, and the coarse summands' lower bits: their means make up for it.
            let shift = (8 - fine) * (step - 1) / 2 + 4
            return (-8 * step..<law.count + 8 * step).reduce(0.0) { sum, i in
                let real =
                    Self.cumulative(Double(i + shift + 1) / Double(width))
                    - Self.cumulative(Double(i + shift) / Double(width))
                return sum + abs((law.indices.contains(i) ? law[i] : 0) - real) / 2
            }
        }
        let bound = Flood.rounding(bits: bits, highBits: highBits)
        let own = distance(fine: 2)
        #expect(own <= bound && bound < 6 * own, "\(own), at most \(bound)")
        if step > 1 { #expect(distance(fine: 1) > bound) }
    }

    /// w e + rho t e for each rho in {0, +-1}^2 with its probability: the phases of weights w in Z[X]/(X^2 + 1) that are
    /// drawn anew, at a ciphertext of zero with the error e, which tells its holder nothing of w else.
    private static func phases(
        _ w: [Int], _ e: [Int], modulus t: Int, dithers: Bool
    ) -> [(x: [Int], p: Double)] {
        let options = w.map { w -> [(Int, Double)] in
            let p = Double(abs(w)) / Double(t)
            return dithers ? [(w, 1 - p), (w > 0 ? w - t : w + t, p)] : [(w, 1)]
        }
        return options[0].flatMap { a in
            options[1].map { b in
                (
                    [a.0 * e[0] - b.0 * e[1], a.0 * e[1] + b.0 * e[0]], a.1 * b.1
                )
            }
        }
    }

    /// Total variation between the flooded phases of two weights, by enumeration.
    private static func distance(
        _ a: [(x: [Int], p: Double)], _ b: [(x: [Int], p: Double)], bits: Int
    ) -> Double {
        let law = sums(width: 1 << bits)
        let reach = (a + b).flatMap { $0.x.map(abs) }.max()!
        func at(_ i: Int) -> Double { law.indices.contains(i) ? law[i] : 0 }
        var total = 0.0
        for i in -reach..<law.count + reach {
            let first = (a.map { $0.p * at(i - $0.x[0]) }, b.map { $0.p * at(i - $0.x[0]) })
            for j in -reach..<law.count + reach {
                var gap = 0.0
                for (p, outcome) in zip(first.0, a) { gap += p * at(j - outcome.x[1]) }
                for (p, outcome) in zip(first.1, b) { gap -= p * at(j - outcome.x[1]) }
                total += abs(gap)
            }
        }
        return total / 2
    }

    /// In Z, where floods can be wide enough for the second order to be most of the bound: what is drawn for a weight is
    /// within the bound of the flood alone, and the bound is at most three times what it is.
    @Test(arguments: [2, -2]) func exactDistancesOnALine(w: Int) {
        let (t, e, bits) = (5, 134, 13)
        let law = Self.sums(width: 1 << bits)
        let p = Double(abs(w)) / Double(t)
        let (near, far) = (w * e, (w > 0 ? w - t : w + t) * e)
        func at(_ i: Int) -> Double { law.indices.contains(i) ? law[i] : 0 }
        let distance = (-t * e..<law.count + t * e).reduce(0.0) { sum, i in
            sum + abs((1 - p) * at(i - near) + p * at(i - far) - at(i)) / 2
        }
        let scale = Double(t * e)
        let bound = Flood(bits: bits).distance(
            NoiseExposure(
                covariance: scale * scale / 4, cube: pow(3, 0.75) * pow(scale / 2, 3), direct: 0),
            degree: 1)
        #expect(distance <= bound && bound < 3 * distance, "\(distance), at most \(bound)")
    }

    /// The probabilities of round((P v + g + n - r s) / P), g the sum of eight integers on 0 ..< `width`, each times
    /// `step`; over P that is a reply's phase in Z, given r, what a u + e_1 leaves modulo P.
    private static func replies(
        _ v: [(x: Int, p: Double)], error n: Int, remainder r: Int, secret s: Int, special: Int,
        width: Int, step: Int
    ) -> [Int: Double] {
        var out: [Int: Double] = [:]
        for (i, p) in sums(width: width).enumerated() {
            for (x, weight) in v {
                let y = special * x + step * i + n - r * s
                let quotient = (Double(y) / Double(special)).rounded()
                out[Int(quotient), default: 0] += p * weight
            }
        }
        return out
    }

    private static func distance(_ a: [Int: Double], _ b: [Int: Double]) -> Double {
        Set(a.keys).union(b.keys).reduce(0) { $0 + abs((a[$1] ?? 0) - (b[$1] ?? 0)) / 2 }
    }

    /// In Z, with the division by P behind the flood: whatever r is, a reply with errors and weights that are drawn anew is
    /// within the bound of the flood alone. With a flood of integers of about the same size, errors that make the
    /// division round another way leave more than that.
    @Test func exactDistancesBehindTheDivision() {
        let (special, s, n, bits) = (257, 3, 2, 14)
        let (t, e, w) = (5, 2, 2)
        let p = Double(w) / Double(t)
        let drawn = [(x: w * e, p: 1 - p), (x: (w - t) * e, p: p)]
        let scale = Double(t * e)
        let flood = Flood(bits: bits, over: UInt64(special))
        let direct = Double(n) / Double(special)
        let error = flood.distance(NoiseExposure(direct: direct), degree: 1)
        let all = flood.distance(
            NoiseExposure(
                covariance: scale * scale / 4, cube: pow(3, 0.75) * pow(scale / 2, 3),
                direct: direct), degree: 1)
        func reply(_ v: [(x: Int, p: Double)], _ n: Int, _ r: Int, whole: Bool) -> [Int: Double] {
            Self.replies(
                v, error: n, remainder: r, secret: s, special: special,
                width: whole ? 64 : 1 << bits, step: whole ? special : 1)
        }
        var largest = 0.0
        // Among them those where n makes the quotient round up: r s = 129, 130 modulo 257.
        for r in [0, 1, 42, 43, 128, 129, 200, 214] {
            let none = reply([(0, 1)], 0, r, whole: false)
            let ofError = Self.distance(reply([(0, 1)], n, r, whole: false), none)
            #expect(ofError <= error, "\(r): \(ofError), at most \(error)")
            let ofAll = Self.distance(reply(drawn, n, r, whole: false), none)
            #expect(ofAll <= all && all < 4 * ofAll, "\(r): \(ofAll), at most \(all)")
            largest = max(
                largest,
                Self.distance(
                    reply([(0, 1)], n, r, whole: true), reply([(0, 1)], 0, r, whole: true)))
        }
        #expect(largest > 10 * error, "\(largest) in integers, \(error) at most in fractions")
    }

    /// A constant a / t, rounded to a neighbouring integer with its mean, is within the bound of the real number that a
    /// simulator knows; rounded to the nearest, it isn't.
    @Test(arguments: [1, 2, -2, 13]) func exactDistancesOfConstants(a: Int) {
        let (t, special, s, bits) = (5, 257, 3, 14)
        let exact = Double(a) / Double(t)
        let nearest = Int(exact.rounded())
        let rest = exact - Double(nearest)
        // To the other neighbour with the probability of what is left.
        let drawn = [
            (x: nearest, p: 1 - abs(rest)), (x: nearest + (rest > 0 ? 1 : -1), p: abs(rest)),
        ]
        let bound = Flood(bits: bits, over: UInt64(special)).distance(
            NoiseExposure(covariance: 0.25, cube: pow(3, 0.75) * pow(0.25, 1.5), direct: 0),
            degree: 1)
        let unit = exp2(Double(bits)) / Double(special)
        for r in [0, 7, 43, 200] {
            func reply(_ v: [(x: Int, p: Double)]) -> [Int: Double] {
                Self.replies(
                    v, error: 0, remainder: r, secret: s, special: special, width: 1 << bits,
                    step: 1)
            }
            let (random, fixed) = (reply(drawn), reply([(nearest, 1)]))
            // Reals are floored after they are added: 4 more than eight integers.
            let shift = exact - Double(r * s + 4) / Double(special)
            var simulated: [Int: Double] = [:]
            for x in Set(random.keys).union(fixed.keys) {
                simulated[x] =
                    Self.cumulative((Double(x) + 0.5 - shift + 0.5 / Double(special)) / unit)
                    - Self.cumulative((Double(x) - 0.5 - shift + 0.5 / Double(special)) / unit)
            }
            let distance = Self.distance(random, simulated)
            #expect(distance <= bound, "\(r): \(distance), at most \(bound)")
            let naked = Self.distance(fixed, simulated)
            #expect(naked > 3 * bound, "\(r): \(naked), at most \(bound)")
        }
    }

    /// In Z[X]/(X^2 + 1), two weights apart are within twice the bound; the bound is not idle; and without dithering, the
    /// same flood leaves them further apart than that.
    @Test(arguments: [[1, 0], [2, -1], [3, 2]]) func exactDistancesAreWithinTheBound(
        e: [Int]
    ) throws {
        let t = 5
        let (w, other) = ([2, -2], [-1, 1])
        let norm = Double(e[0] * e[0] + e[1] * e[1]).squareRoot()
        // As `NoiseModel.dithered` for one term, with |e(zeta)| = |e| at both zeta, and no tails: E = y t e.
        let scale = Double(t) * norm
        let exposure = NoiseExposure(
            covariance: 2.0.squareRoot() * scale * scale / 4,
            cube: pow(3, 0.75) * pow(2 * scale * scale / 4, 1.5), direct: 0)
        let hidden = (
            Self.phases(w, e, modulus: t, dithers: true),
            Self.phases(other, e, modulus: t, dithers: true)
        )
        let fixed = (
            Self.phases(w, e, modulus: t, dithers: false),
            Self.phases(other, e, modulus: t, dithers: false)
        )
        for bits in 4...6 {
            let distance = Self.distance(hidden.0, hidden.1, bits: bits)
            let bound = Flood(bits: bits).distance(exposure, degree: 2)
            #expect(distance <= 2 * bound, "\(bits): \(distance) above 2 x \(bound)")
            let naked = Self.distance(fixed.0, fixed.1, bits: bits)
            #expect(naked > 3 * distance, "\(bits): \(naked), dithered \(distance)")
        }
    }
}

/// Fractions of weights.
@Suite struct FractionsTests {
    /// y = w / pi: with pi times the thresholds one gets the weights back, to what rounding leaves.
    @Test(arguments: [1, 2, 4, 8]) func thresholdsAreQuotients(index: Int) throws {
        let degree = 64
        let modulus = try #require(
            PlaintextModulus.ideal(prime: 12289, index: index, degree: degree))
        let encoder = SlotEncoder(
            table: try NTTTable(modulus: 12289, degree: degree), modulus: modulus)
        let slots = (0..<encoder.slotCount).map { UInt64($0 * $0 * 977 % 12289) }
        let weights = encoder.encode(slots)
        let thresholds = Fractions(modulus).thresholds(of: weights, count: degree)
        #expect(thresholds.allSatisfy { $0.magnitude <= 1 << 62 + 1 << 50 })
        let period = degree / index
        for place in 0..<degree {
            let (i, j) = place.quotientAndRemainder(dividingBy: period)
            var sum = 0.0
            for l in 0..<index {
                let y = Double(thresholds[l * period + j]) * 0x1p-63
                let c = Double(modulus.generator[(i - l + index) % index])
                sum += i >= l ? y * c : -y * c
            }
            #expect(abs(sum - Double(weights[place])) < 1e-6)
        }
    }
}
