import BigIntegers
import RLWE
import Ring
import Synchronization

/// Canonical norms of encoded weights, exact to rounding: how much a linear transform multiplies noise by.
///
/// For a giant with terms w_b: max over the embeddings of sum over b of |w_b|. Cached, since the planner asks
/// often.
final class TransformNorms: Sendable {
    private struct Key: Hashable {
        let transform: ObjectIdentifier
        let modulus: UInt64
        let factor: UInt64
    }

    /// Keeps the transforms alive, so that their identifiers stay theirs.
    private let cache = Mutex<[Key: (transform: LinearTransform, gains: [Double])]>([:])
    private let encoders = Mutex<[UInt64: SlotEncoder]>([:])


    /// Takes every unit as 1: near enough for a search, and cached across moduli.
    let ignoresUnits: Bool

    init(ignoresUnits: Bool = false) { self.ignoresUnits = ignoresUnits }

    func gains(
        of transform: LinearTransform, residues: ResidueSlots, unit: MessageUnit
    ) -> [Double] {
        let t = residues.modulus
        let value =
            ignoresUnits
            ? 1 : unit.value(residues.parameters, plaintextIndex: residues.plaintextIndex)
        return gains(
            of: transform, modulus: t, degree: residues.parameters.degree,
            factor: ModularArithmetic.inverse(value, modulo: t)!)
    }

    /// - Parameter factor: modulo t, what weights are multiplied by before they are encoded.
    func gains(
        of transform: LinearTransform, modulus: UInt64, degree: Int, factor: UInt64
    ) -> [Double] {
        let key = Key(
            transform: ObjectIdentifier(transform), modulus: modulus, factor: factor)
        if let known = cache.withLock({ $0[key]?.gains }) { return known }
        let encoder = encoder(modulus: modulus, degree: degree)
        let gains = transform.giants.map { giant in
            var sums = [Double](repeating: 0, count: encoder.slotCount / 2)
            for term in giant.terms {
                let slots = ResidueSlots.scale(term.weights, by: factor, modulo: modulus)
                let coefficients = encoder.encode(slots)
                let magnitudes = CanonicalEmbedding.magnitudes(of: coefficients.map(Double.init))
                for i in sums.indices { sums[i] += magnitudes[i] }
            }
            // Above the rounding errors of the transform.
            return (sums.max() ?? 0) * (1 + 0x1p-30)
        }
        cache.withLock { $0[key] = (transform, gains) }
        return gains
    }

    private func encoder(modulus: UInt64, degree: Int) -> SlotEncoder {
        encoders.withLock { known in
            if let encoder = known[modulus] { return encoder }
            do {
                let made = SlotEncoder(table: try NTTTable(modulus: modulus, degree: degree))
                known[modulus] = made
                return made
            } catch {
                preconditionFailure("parameters hold a plaintext modulus that no table takes")
            }
        }
    }
}
