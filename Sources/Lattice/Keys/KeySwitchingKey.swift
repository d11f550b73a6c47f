import BigIntegers
import Ring

/// Encryptions under s of P g_j s', for each digit j of a gadget: turns a ciphertext under s' into
/// one under s (hybrid key switching with balanced digits).
///
/// Key j is (b_j, a_j) modulo Q_l P with b_j = -a_j s + e_j + P g_j s'; a_j comes from `seed`.
package struct KeySwitchingKey: Sendable {
    package let gadget: Gadget
    /// The public seed of all a_j.
    package let seed: Seed
    package let basis: RNSBasis
    package let digitCount: Int
    /// Limb by limb, digit by digit: b_j, then a_j. The order of use.
    private let storage: PackedLimbs

    package init(gadget: Gadget, seed: Seed, b: [Polynomial<NTTValues>]) {
        precondition(!b.isEmpty)
        self.gadget = gadget
        self.seed = seed
        basis = b[0].basis
        digitCount = b.count
        let n = basis.degree
        storage = PackedLimbs(countPerLimb: 2 * b.count * n, basis: basis)
        let scratch = LimbBuffer(count: n)
        for (digit, polynomial) in b.enumerated() {
            let mask = Self.expand(seed: seed, digit: digit, basis: basis)
            withExtendedLifetime((polynomial, mask, scratch)) {
                for limb in 0..<basis.count {
                    for (half, source) in [polynomial, mask].enumerated() {
                        storage.store(
                            source.limb(limb), count: n, limb: limb, at: (2 * digit + half) * n,
                            scratch: scratch.base)
                    }
                }
            }
        }
    }

    /// Limb `limb`, for `bsk_packed_keys`.
    package func packedLimb(_ limb: Int) -> UnsafePointer<UInt8> { storage.limb(limb) }

    /// All b_j, and all a_j, as polynomials.
    package var b: [Polynomial<NTTValues>] { (0..<digitCount).map { polynomial($0, half: 0) } }
    package var a: [Polynomial<NTTValues>] { (0..<digitCount).map { polynomial($0, half: 1) } }

    private func polynomial(_ digit: Int, half: Int) -> Polynomial<NTTValues> {
        var out = Polynomial<NTTValues>(uninitialized: basis)
        for limb in 0..<basis.count {
            storage.load(
                out.mutableLimb(limb), count: basis.degree, limb: limb,
                at: (2 * digit + half) * basis.degree)
        }
        return out
    }

    /// a_j of a seed.
    private static func expand(
        seed: Seed, digit: Int, basis: RNSBasis
    ) -> Polynomial<NTTValues> {
        Samplers.uniform(basis: basis, seed: seed, stream: UInt64(digit) << 16)
    }

    /// A key from `source` (s') to `target` (s), both modulo Q_l P.
    package static func generate(
        context: LatticeContext, gadget: Gadget, from source: Polynomial<NTTValues>,
        to target: Polynomial<NTTValues>, errors: inout Keystream
    ) -> KeySwitchingKey {
        let basis = context.extendedBasis(level: gadget.level)
        let seed = Seed.random()
        var b: [Polynomial<NTTValues>] = []
        for (index, (limb, digit)) in gadget.digits(
            of: context.basis(level: gadget.level)
        ).enumerated() {
            let table = basis.tables[limb]
            // P B^digit in limb `limb`, zero in the others: g_j of the RNS gadget.
            let shift = gadget.digitWidth(modulusBits: table.bits) * digit
            var factors = [UInt64](repeating: 0, count: basis.count)
            factors[limb] = ModularArithmetic.multiply(
                context.specialResidue[limb],
                ModularArithmetic.power(2, UInt64(shift), modulo: table.value),
                modulo: table.value)
            var key = source
            key.multiply(byScalars: factors)
            var mask = expand(seed: seed, digit: index, basis: basis)
            mask *= target
            key -= mask
            key += Samplers.errorNTT(basis: basis, from: &errors)
            b.append(key.asPublic())
        }
        return KeySwitchingKey(gadget: gadget, seed: seed, b: b)
    }
}
