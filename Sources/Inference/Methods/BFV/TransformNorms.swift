// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Lattice
import Ring
import Synchronization

/// Canonical norms of encoded weights, exact to rounding: how much a linear transform multiplies noise by.
///
/// Cached, since the planner asks often.
package final class TransformNorms: Sendable {
    private struct Key: Hashable {
        let transform: ObjectIdentifier
        let source: Int
        let modulus: PlaintextModulus
        let factor: UInt64
    }

    private struct Fold: Hashable {
        let permutations: [SlotPermutation]
        let degree: Int
    }

    /// Keeps the transforms alive, so that their identifiers stay theirs.
    private let cache = Mutex<[Key: (transform: LinearTransform, gain: TransformGain)]>([:])
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

    /// One of each source.
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
                    ? 1
                    : transform.divisors.inverse(
                        ledger.inverse(units[source]), modulo: ledger.plaintext.prime))
        }
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
        let gain = compute(
            transform, source: source, modulus: modulus, degree: degree, factor: factor)
        cache.withLock { $0[key] = (transform, gain) }
        return gain
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
        for giant in transform.giants {
            sums.initialize(repeating: 0, count: degree)
            let outer = giant.permutation.galoisElement(degree: degree)
            for term in giant.terms where transform.babies[term.baby].source == source {
                let inner = transform.babies[term.baby].permutation.galoisElement(
                    degree: degree)
                elements.insert(outer * inner & (2 * degree - 1))
                encoder.encode(weights: term.weights, times: factor, into: coefficients)
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
            sum += sumOfGiant
            energy += energyOfGiant
        }
        let terms = transform.giants.reduce(0) { sum, giant in
            sum + giant.terms.count { transform.babies[$0.baby].source == source }
        }
        precondition(elements.count == terms, "diagonals of equal rotation")
        // Above the rounding errors of the transform.
        let up = 1 + 0x1p-30
        return TransformGain(
            elements: elements, sum: sum * up, energy: energy * up, largest: largest * up)
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
