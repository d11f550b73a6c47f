import BigIntegers
import BFV
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

    /// Keeps the transforms alive, so that their identifiers stay theirs.
    private let cache = Mutex<[Key: (transform: LinearTransform, gain: TransformGain)]>([:])
    /// By modulus, then degree: one prime may serve several degrees.
    private let encoders = Mutex<[PlaintextModulus: [Int: SlotEncoder]]>([:])

    /// Takes every unit as 1: near enough for a search, and cached across moduli.
    let ignoresUnits: Bool

    init(ignoresUnits: Bool = false) { self.ignoresUnits = ignoresUnits }

    /// One of each source.
    func gains(
        of transform: LinearTransform, residues: ResidueSlots, units: [MessageUnit]
    ) -> [TransformGain] {
        let t = residues.modulus
        return (0..<transform.sourceCount).map { source in
            let value =
                ignoresUnits
                ? 1
                : units[source].value(
                    residues.parameters, plaintextIndex: residues.plaintextIndex)
            return gain(
                of: transform, source: source,
                modulus: residues.parameters.plaintexts[residues.plaintextIndex],
                degree: residues.parameters.degree,
                factor: ModularArithmetic.inverse(value, modulo: t)!)
        }
    }

    /// - Parameter factor: modulo t, what weights are multiplied by before they are encoded.
    func gain(
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
        var elements = Set<Int>()
        var (sum, energy, largest) = (0.0, 0.0, 0.0)
        for giant in transform.giants {
            var sums = [Double](repeating: 0, count: degree / 2)
            var energies = sums
            let outer = giant.permutation.galoisElement(degree: degree)
            for term in giant.terms where transform.babies[term.baby].source == source {
                let inner = transform.babies[term.baby].permutation.galoisElement(
                    degree: degree)
                elements.insert(outer * inner & (2 * degree - 1))
                let slots = ResidueSlots.scale(
                    term.weights, by: factor, modulo: modulus.prime)
                let coefficients = encoder.encode(slots)
                let magnitudes = CanonicalEmbedding.magnitudes(of: coefficients.map(Double.init))
                for i in sums.indices {
                    sums[i] += magnitudes[i]
                    energies[i] += magnitudes[i] * magnitudes[i]
                }
                largest = max(largest, magnitudes.max() ?? 0)
            }
            sum += sums.max() ?? 0
            energy += energies.max() ?? 0
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
