// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Lattice
import Ring
import Synchronization

/// Canonical norms of encoded weights, exact to rounding: how much a linear transform multiplies noise by.
///
/// Cached, since the planner asks often. Those for a search are taken of some of the terms where there are many: a
/// convolution of a large image has thousands in every layout that is tried, and what is chosen is proven with all.
package final class TransformNorms: Sendable {
    private struct Key: Hashable {
        let transform: ObjectIdentifier
        let source: Int
        let modulus: PlaintextModulus
        let factor: UInt64
    }

    private struct SampleKey: Hashable {
        let transform: ObjectIdentifier
        let source: Int
        let index: Int
    }

    private struct Sample {
        let modulus: PlaintextModulus
        let gain: TransformGain
        /// Whether only some of the terms were taken.
        let isPartial: Bool
    }

    private var isSpent: Bool { spent.withLock { $0 > Self.budget } }

    private struct Fold: Hashable {
        let permutations: [SlotPermutation]
        let degree: Int
    }

    /// Keeps the transforms alive, so that their identifiers stay theirs.
    private let cache = Mutex<[Key: (transform: LinearTransform, gain: TransformGain)]>([:])
    /// Of a search: the first gain of each index, and the modulus that it is of: another one only scales it.
    private let samples = Mutex<[SampleKey: Sample]>([:])
    /// Coefficients of all terms that were looked at.
    private let spent = Mutex(0)
    /// Of a search: beyond so many, fewer terms and one modulus of an index have to do. A second or two.
    private static let budget = 1 << 27
    private let folds = Mutex<[Fold: TransformGain?]>([:])
    /// By modulus, then degree: one prime may serve several degrees.
    private let encoders = Mutex<[PlaintextModulus: [Int: SlotEncoder]]>([:])

    /// Takes every unit as 1: near enough for a search, and cached across moduli.
    let ignoresUnits: Bool

    /// Takes every map as x: for counts, which norms don't change.
    private let ignoresWeights: Bool

    package init(ignoresUnits: Bool = false, ignoresWeights: Bool = false) {
        self.ignoresUnits = ignoresUnits
        self.ignoresWeights = ignoresWeights
    }

    /// One of each source, of a map of one sum.
    /// - Parameter units: what is divided out of the weights.
    func gains(
        of transform: LinearTransform, units: [MessageUnit], on ledger: any NoiseLedger
    ) -> [TransformGain] {
        if ignoresWeights {
            return [TransformGain](repeating: Self.identity, count: transform.sourceCount)
        }
        return (0..<transform.sourceCount).map { source in
            gain(
                of: transform, source: source, modulus: ledger.plaintext, degree: ledger.degree,
                factor: ignoresUnits
                    ? Self.usual(transform, source: source, ledger)
                    : transform.divisors(ofSum: 0).inverse(
                        ledger.inverse(units[source]), modulo: ledger.plaintext.prime))
        }
    }

    /// Units change little about weights that are residues of any size. But constants of sources that bring another unit
    /// than the first one's are what that makes of them: t over the golden ratio stands for it.
    private static func usual(
        _ transform: LinearTransform, source: Int, _ ledger: any NoiseLedger
    ) -> UInt64 {
        guard transform.isConstant, source > 0 else { return 1 }
        return UInt64(Double(ledger.plaintext.prime) * 0.618)
    }

    private static let identity = TransformGain.fold([1])

    /// Of x + the sum of its permutations; nil where one is repeated or the identity.
    func fold(_ permutations: [SlotPermutation], degree: Int) -> TransformGain? {
        folds.withLock { known in
            let key = Fold(permutations: permutations, degree: degree)
            if let fold = known[key] { return fold }
            let elements = Set([1] + permutations.map { $0.galoisElement(degree: degree) })
            let fold = elements.count == permutations.count + 1 ? TransformGain.fold(elements) : nil
            known[key] = .some(fold)
            return fold
        }
    }

    /// - Parameter factor: modulo t, what weights are multiplied by before they are encoded.
    private func gain(
        of transform: LinearTransform, source: Int, modulus: PlaintextModulus, degree: Int,
        factor: UInt64
    ) -> TransformGain {
        let key = Key(
            transform: ObjectIdentifier(transform), source: source, modulus: modulus,
            factor: factor)
        if let known = cache.withLock({ $0[key]?.gain }) { return known }
        let gain =
            sampled(transform, source: source, modulus: modulus, degree: degree)
            ?? compute(transform, source: source, modulus: modulus, degree: degree, factor: factor)
        cache.withLock { $0[key] = (transform, gain) }
        return gain
    }

    /// What a sample that was taken with another modulus says: encoded weights are about uniform modulo pi.
    private func sampled(
        _ transform: LinearTransform, source: Int, modulus: PlaintextModulus, degree: Int
    ) -> TransformGain? {
        guard ignoresUnits else { return nil }
        let key = SampleKey(
            transform: ObjectIdentifier(transform), source: source, index: modulus.index)
        guard let known = samples.withLock({ $0[key] }), known.isPartial || isSpent else {
            return nil
        }
        return known.gain.scaled(by: modulus.largestEmbedding / known.modulus.largestEmbedding)
    }

    private func compute(
        _ transform: LinearTransform, source: Int, modulus: PlaintextModulus, degree: Int,
        factor: UInt64
    ) -> TransformGain {
        let encoder = encoder(modulus: modulus, degree: degree)
        let embedding = CanonicalEmbedding.of(degree: degree)
        let half = degree / 2
        var elements = Set<Int>()
        var (sum, energy, largest) = (0.0, 0.0, 0.0)
        let coefficients = UnsafeMutablePointer<Int64>.allocate(capacity: degree)
        // Magnitudes, and of a giant their sums and the sums of their squares.
        let magnitudes = UnsafeMutablePointer<Double>.allocate(capacity: 3 * half)
        let (sums, energies) = (magnitudes + half, magnitudes + degree)
        defer {
            coefficients.deallocate()
            magnitudes.deallocate()
        }
        // Of each giant that has any.
        let groups = transform.giants.map { giant in
            (
                permutation: giant.permutation,
                terms: giant.terms.filter { transform.babies[$0.baby].source == source }
            )
        }.filter { !$0.terms.isEmpty }
        let count = groups.reduce(0) { $0 + $1.terms.count }
        let sample =
            ignoresUnits
            ? TermSample(count: count, groups: groups.count, isSpent: isSpent) : .all
        // In giants that were looked at, and of those that were.
        var (taken, looked) = (0, 0)
        for (g, group) in groups.enumerated() {
            let outer = group.permutation.galoisElement(degree: degree)
            for term in group.terms {
                let inner = transform.babies[term.baby].permutation.galoisElement(
                    degree: degree)
                elements.insert(outer * inner & (2 * degree - 1))
            }
            guard g % sample.groupStride == 0 else { continue }
            sums.initialize(repeating: 0, count: degree)
            var takenOfGroup = 0
            for index in stride(from: 0, to: group.terms.count, by: sample.termStride) {
                takenOfGroup += 1
                encoder.encode(
                    weights: group.terms[index].weights, times: factor, into: coefficients)
                embedding.magnitudes(of: { Double(coefficients[$0]) }, into: magnitudes)
                for i in 0..<half {
                    let magnitude = magnitudes[i]
                    sums[i] += magnitude
                    energies[i] += magnitude * magnitude
                    largest = max(largest, magnitude)
                }
            }
            var (sumOfGiant, energyOfGiant) = (0.0, 0.0)
            for i in 0..<half {
                sumOfGiant = max(sumOfGiant, sums[i])
                energyOfGiant = max(energyOfGiant, energies[i])
            }
            taken += group.terms.count
            looked += takenOfGroup
            let share = Double(group.terms.count) / Double(takenOfGroup)
            sum += sumOfGiant * share
            energy += energyOfGiant * share
        }
        precondition(elements.count == count, "diagonals of equal rotation")
        if taken < count {
            sum *= Double(count) / Double(taken)
            energy *= Double(count) / Double(taken)
        }
        if !sample.isWhole {
            // Those that were taken may be the ones whose weights are zero.
            (sum, energy, largest) = (max(sum, 1), max(energy, 1), max(largest, 1))
        }
        // Above the rounding errors of the transform.
        let up = 1 + 0x1p-30
        let gain = TransformGain(
            elements: elements, sum: sum * up, energy: energy * up, largest: largest * up)
        spent.withLock { $0 += looked * degree }
        if ignoresUnits {
            let key = SampleKey(
                transform: ObjectIdentifier(transform), source: source, index: modulus.index)
            let made = Sample(modulus: modulus, gain: gain, isPartial: !sample.isWhole)
            samples.withLock { $0[key] = $0[key] ?? made }
        }
        return gain
    }

    private func encoder(modulus: PlaintextModulus, degree: Int) -> SlotEncoder {
        encoders.withLock { known in
            if let encoder = known[modulus]?[degree] { return encoder }
            do {
                let made = SlotEncoder(
                    table: try NTTTable(modulus: modulus.prime, degree: degree), modulus: modulus)
                known[modulus, default: [:]][degree] = made
                return made
            } catch {
                preconditionFailure("parameters hold a plaintext modulus that no table takes")
            }
        }
    }
}

/// Which terms of a map stand for all of them: every so many giants, and in each every so many terms. Whole giants, as long
/// as they are small: the largest sum of a few terms is more than their share of the largest sum of many.
private struct TermSample {
    let groupStride: Int
    let termStride: Int

    var isWhole: Bool { groupStride == 1 && termStride == 1 }

    static let all = TermSample(groupStride: 1, termStride: 1)

    /// Up to so many all are taken, or of any number once a search has seen many.
    private static let most = 128
    private static let mostOfSpent = 16
    /// How many are taken of more, about, and of one giant.
    private static let least = 32
    private static let leastOfGroup = 8

    private init(groupStride: Int, termStride: Int) {
        self.groupStride = groupStride
        self.termStride = termStride
    }

    /// - Parameters:
    ///   - count: of all terms.
    ///   - groups: giants.
    init(count: Int, groups: Int, isSpent: Bool) {
        guard count > (isSpent ? Self.mostOfSpent : Self.most) else {
            self = .all
            return
        }
        let least = isSpent ? Self.mostOfSpent : Self.least
        let termStride = max(1, count / groups / Self.leastOfGroup)
        groupStride = max(1, count / termStride / least)
        self.termStride = termStride
    }
}
