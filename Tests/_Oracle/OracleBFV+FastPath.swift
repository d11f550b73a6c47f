// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Lattice
import Ring

// The bridge: residues to integers and back. It alone uses the fast path's transform, which has tests of its own.
extension BigPolynomial {
    /// The coefficients in (-Q/2, Q/2] of an element in residue form.
    package init(_ polynomial: Polynomial<Coefficients>) {
        let crt = CRTBasis(moduli: polynomial.basis.moduli)
        let limbs = (0..<polynomial.limbCount).map { polynomial.words(ofLimb: $0) }
        self.init(
            (0..<polynomial.degree).map { j in
                crt.reconstructCentered(residues: limbs.map { $0[j] })
            })
    }

    package init(_ polynomial: Polynomial<NTTValues>) { self.init(polynomial.inverseNTT()) }

    /// The residue form modulo a basis, as NTT values.
    package func ntt(basis: RNSBasis) -> Polynomial<NTTValues> {
        var out = Polynomial<Coefficients>(uninitialized: basis)
        for (i, q) in basis.moduli.enumerated() {
            let limb = out.mutableLimb(i)
            for (j, c) in coefficients.enumerated() { limb[j] = c.residue(modulo: q) }
        }
        return out.forwardNTT()
    }
}

extension OracleCiphertext {
    package init(_ ciphertext: Ciphertext) {
        let modulus = ciphertext.basis.product
        self.init(ciphertext.polynomials.map { BigPolynomial($0).modulo(modulus) })
    }

    /// The fast path's form, at a level whose modulus the coefficients are for.
    package func ciphertext(
        _ context: BFVContext, plaintextIndex: Int, level: Int
    ) -> Ciphertext {
        let basis = context.basis(level: level)
        return Ciphertext(
            polynomials: parts.map { $0.ntt(basis: basis) }, plaintextIndex: plaintextIndex)
    }
}

extension OracleBFV {
    /// The oracle with the fast path's parameters and key, at a level.
    package init(_ key: SecretKey, context: BFVContext, plaintextIndex: Int, level: Int) {
        let parameters = context.parameters
        self.init(
            modulus: parameters.modulus(level: level),
            plaintext: parameters.plaintexts[plaintextIndex],
            secret: BigPolynomial(key.coefficients.unprotectedValues()))
    }

    /// P times a ciphertext of p s', mod Q_l P, by the fast path's key from s' and its gadget, but computed with
    /// integers: sum over j of d_j (b_j, a_j), with p = sum d_j g_j mod Q_l.
    package func extendedSwitch(
        _ p: BigPolynomial, with key: KeySwitchingKey, context: BFVContext, level: Int
    ) -> [BigPolynomial] {
        let basis = context.extendedBasis(level: level)
        let digits = key.gadget.digits(of: context.basis(level: level)).map {
            p.balancedDigit($0, gadget: key.gadget, basis: basis)
        }
        return [key.b, key.a].map { halves in
            zip(digits, halves).map { digit, half in
                digit * BigPolynomial(half.keepingSpecial(basis, keyLevel: key.gadget.level))
            }
            .reduce(BigPolynomial([Int](repeating: 0, count: degree)), +)
        }
    }
}

extension BigPolynomial {
    /// A digit of the centered residues modulo its limb: with B = 2^width, c = sum d_i B^i, every d_i in [-B/2, B/2) but
    /// the top one. Of several limbs the centered residue modulo their product.
    fileprivate func balancedDigit(
        _ slice: Gadget.Slice, gadget: Gadget, basis: RNSBasis
    ) -> BigPolynomial {
        let table = basis.tables[slice.limbs.lowerBound]
        guard slice.limbs.count == 1 else {
            return centered(
                modulo: slice.limbs.reduce(BigInt(1)) { $0 * BigInt(basis.tables[$1].value) })
        }
        let index = slice.digit
        let count = gadget.digitCount(modulusBits: table.bits)
        let width = gadget.digitWidth(modulusBits: table.bits)
        let base = BigInt(1) << width
        return centered(modulo: BigInt(table.value)).map { c in
            var rest = c
            for i in 0..<count - 1 {
                var digit = rest.modulo(base)
                if digit << 1 >= base { digit -= base }
                if i == index { return digit }
                rest = (rest - digit) >> width
            }
            return rest
        }
    }
}

extension Polynomial where Form == NTTValues {
    /// A key's element modulo Q_keyLevel P, taken modulo the smaller Q_l P of `basis`.
    fileprivate func keepingSpecial(_ basis: RNSBasis, keyLevel: Int) -> Polynomial {
        var out = Polynomial(uninitialized: basis)
        let level = basis.count - (limbCount - keyLevel)
        for k in 0..<basis.count {
            let source = k < level ? k : keyLevel + k - level
            withExtendedLifetime(self) {
                out.mutableLimb(k).update(from: limb(source), count: degree)
            }
        }
        return out
    }
}
