// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring

/// Encryptions under s of P g_j s', for each digit j of a gadget: turns a ciphertext under s' into
/// one under s (hybrid key switching with balanced digits).
///
/// Key j is (b_j, a_j) modulo Q_l P with b_j = -a_j s + e_j + P g_j s'. Residues v are kept and written in Montgomery
/// form, v 2^52 mod q, which is what a switch multiplies by: that of a_j is uniform, and comes from `seed`.
package struct KeySwitchingKey: Sendable {
    package let gadget: Gadget
    /// The public seed of all a_j.
    package let seed: Seed
    package let basis: RNSBasis
    package let digitCount: Int
    /// Limb by limb, digit by digit: b_j, then a_j. The order of use.
    private let storage: PackedLimbs

    /// Neither half is written yet.
    private init(uninitialized gadget: Gadget, seed: Seed, context: LatticeContext) {
        self.gadget = gadget
        self.seed = seed
        basis = context.extendedBasis(level: gadget.level)
        digitCount = gadget.digits(of: context.basis(level: gadget.level)).count
        storage = PackedLimbs(countPerLimb: 2 * digitCount * basis.degree, basis: basis)
    }

    /// Bytes of all b_j, packed: see `init(gadget:seed:context:next:)`.
    package var packedByteCount: Int { digitCount * Self.packedByteCount(basis) }

    /// Bytes of all b_j of such a key.
    package static func packedByteCount(_ gadget: Gadget, context: LatticeContext) -> Int {
        gadget.digits(of: context.basis(level: gadget.level)).count
            * packedByteCount(context.extendedBasis(level: gadget.level))
    }

    /// Of one polynomial.
    private static func packedByteCount(_ basis: RNSBasis) -> Int {
        basis.tables.reduce(0) { $0 + basis.degree / 8 * $1.bits }
    }

    /// A key whose a_j are expanded from `seed`. Nothing is allocated but what the key keeps.
    ///
    /// - Parameter next: gives so many of the bytes that come next, for as long as it isn't called again: every b_j in
    ///   turn, limb by limb (P last), residues in Montgomery form packed at the bits of their modulus,
    ///   `packedByteCount` bytes in all.
    /// - Returns: nil where a residue is not below its modulus.
    package init?(
        gadget: Gadget, seed: Seed, context: LatticeContext,
        next: (_ count: Int) throws -> UnsafePointer<UInt8>
    ) rethrows {
        self.init(uninitialized: gadget, seed: seed, context: context)
        let n = basis.degree
        let mask = LimbBuffer(count: n)
        for digit in 0..<digitCount {
            for (limb, table) in basis.tables.enumerated() {
                let bytes = try next(n / 8 * table.bits)
                guard storage.store(packed: bytes, count: n, limb: limb, at: place(digit, half: 0))
                else { return nil }
                Samplers.uniform(
                    mask.base, limb: limb, basis: basis, seed: seed, stream: Self.stream(digit))
                storage.store(
                    montgomery: mask.base, count: n, limb: limb, at: place(digit, half: 1))
            }
        }
        withExtendedLifetime(mask) {}
    }

    /// The same from all of the bytes.
    package init?(
        gadget: Gadget, seed: Seed, packed: UnsafeBufferPointer<UInt8>, context: LatticeContext
    ) {
        precondition(packed.count == Self.packedByteCount(gadget, context: context))
        var rest = packed.baseAddress!
        self.init(gadget: gadget, seed: seed, context: context) { count in
            defer { rest += count }
            return rest
        }
    }

    /// Writes b_j for all j as `init(gadget:seed:packed:context:)` reads them.
    /// - Parameter packed: room for `packedByteCount` bytes.
    package func pack(into packed: UnsafeMutablePointer<UInt8>) {
        var bytes = packed
        for digit in 0..<digitCount {
            for (limb, table) in basis.tables.enumerated() {
                storage.load(
                    packed: bytes, count: basis.degree, limb: limb, at: place(digit, half: 0))
                bytes += basis.degree / 8 * table.bits
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
                at: place(digit, half: half))
        }
        return out
    }

    private func store(_ polynomial: Polynomial<NTTValues>, digit: Int, half: Int) {
        withExtendedLifetime(polynomial) {
            for limb in 0..<basis.count {
                storage.store(
                    polynomial.limb(limb), count: basis.degree, limb: limb,
                    at: place(digit, half: half))
            }
        }
    }

    /// The first residue of b_j (half 0) or a_j (half 1) within a limb.
    private func place(_ digit: Int, half: Int) -> Int { (2 * digit + half) * basis.degree }

    /// The stream of a_j's first limb.
    private static func stream(_ digit: Int) -> UInt64 { UInt64(digit) << 16 }

    /// A key from `source` (s') to `target` (s), both modulo Q_l P.
    package static func generate(
        context: LatticeContext, gadget: Gadget, from source: Polynomial<NTTValues>,
        to target: Polynomial<NTTValues>, errors: inout Keystream
    ) -> KeySwitchingKey {
        let out = KeySwitchingKey(uninitialized: gadget, seed: Seed.random(), context: context)
        let basis = out.basis
        // What the seed gives is in Montgomery form.
        let back = basis.tables.map {
            ModularArithmetic.inverse((1 << 52) % $0.value, modulo: $0.value)!
        }
        for (index, slice) in gadget.digits(
            of: context.basis(level: gadget.level)
        ).enumerated() {
            // P B^digit in the digit's limbs, zero in the others: g_j of the RNS gadget.
            var factors = [UInt64](repeating: 0, count: basis.count)
            for limb in slice.limbs {
                let table = basis.tables[limb]
                let shift = gadget.digitWidth(modulusBits: table.bits) * slice.digit
                factors[limb] = ModularArithmetic.multiply(
                    context.specialResidue[limb],
                    ModularArithmetic.power(2, UInt64(shift), modulo: table.value),
                    modulo: table.value)
            }
            var key = source
            key.multiply(byScalars: factors)
            var mask: Polynomial<NTTValues> = Samplers.uniform(
                basis: basis, seed: out.seed, stream: stream(index))
            mask.multiply(byScalars: back)
            out.store(mask, digit: index, half: 1)
            mask *= target
            key -= mask
            key += Samplers.errorNTT(basis: basis, from: &errors)
            out.store(key, digit: index, half: 0)
        }
        return out
    }
}
