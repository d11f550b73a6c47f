import CKernels
import Ring

/// The digits of a polynomial, each in NTT form modulo Q_l P.
package struct Decomposition: Sendable {
    package let digits: [Polynomial<NTTValues>]
    package let gadget: Gadget
    package let level: Int
}

/// A ciphertext modulo Q_l P whose phase is P times the one it stands for.
package typealias ExtendedPair = (Polynomial<NTTValues>, Polynomial<NTTValues>)

extension Evaluator {
    /// Splits `p` into the digits of `gadget`; one decomposition serves many rotations.
    package func decompose(
        _ p: Polynomial<NTTValues>, gadget: Gadget
    ) throws -> Decomposition {
        counter.add { $0.inverseNTTs += p.limbCount }
        return try decompose(p.inverseNTT(), original: p, gadget: gadget)
    }

    /// - Parameter original: `coefficients` in NTT form, if known: it is its own digit modulo its own limb.
    package func decompose(
        _ coefficients: Polynomial<Coefficients>, original: Polynomial<NTTValues>?,
        gadget: Gadget
    ) throws -> Decomposition {
        let level = coefficients.limbCount
        guard gadget.level >= level else {
            throw EvaluationError.keyCoversLevel(gadget.level, needed: level)
        }
        let basis = context.extendedBasis(level: level)
        let n = basis.degree
        var transforms = 0
        let digits = gadget.digits(of: coefficients.basis).map { limb, digit in
            let from = basis.tables[limb]
            let count = gadget.digitCount(modulusBits: from.bits)
            let width = gadget.digitWidth(modulusBits: from.bits)
            var out = Polynomial<NTTValues>(uninitialized: basis)
            for k in 0..<basis.count {
                let table = basis.tables[k]
                let x = out.mutableLimb(k)
                if count == 1, k == limb, let original {
                    withExtendedLifetime(original) {
                        x.update(from: original.limb(limb), count: n)
                    }
                    continue
                }
                withExtendedLifetime(coefficients) {
                    if count == 1 {
                        bsk_lift_centered(
                            from.modulus, table.modulus, x, coefficients.limb(limb), n)
                    } else {
                        bsk_balanced_digit(
                            from.modulus, table.modulus, x, coefficients.limb(limb),
                            UInt32(width), UInt32(count), UInt32(digit), n)
                    }
                }
                table.forward(x)
                transforms += 1
            }
            return out
        }
        counter.add {
            $0.decompositions += 1
            $0.forwardNTTs += transforms
        }
        return Decomposition(digits: digits, gadget: gadget, level: level)
    }

    /// sum over j of digit_j (b_j, a_j), modulo Q_l P: P times the switched polynomial, plus noise.
    package func applyKey(_ key: KeySwitchingKey, to digits: Decomposition) -> ExtendedPair {
        precondition(key.gadget.level >= digits.level)
        precondition(key.gadget.digitBits == digits.gadget.digitBits)
        let basis = context.extendedBasis(level: digits.level)
        counter.add { $0.keySwitches += 1 }
        var u0 = Polynomial<NTTValues>(uninitialized: basis)
        var u1 = Polynomial<NTTValues>(uninitialized: basis)
        let count = digits.digits.count
        withExtendedLifetime((key, digits)) {
            for k in 0..<basis.count {
                let keyLimb = k < digits.level ? k : key.gadget.level
                let d = digits.digits.map { Optional($0.limb(k)) }
                let b = key.b[..<count].map { Optional($0.limb(keyLimb)) }
                let a = key.a[..<count].map { Optional($0.limb(keyLimb)) }
                bsk_inner_product2(
                    basis.tables[k].modulus, u0.mutableLimb(k), u1.mutableLimb(k), d, b, a,
                    count, basis.degree)
            }
        }
        return (u0, u1)
    }

    /// u += P c, for c modulo Q_l.
    package func addScaledBySpecial(
        _ c: Polynomial<NTTValues>, to u: inout Polynomial<NTTValues>
    ) {
        let scaled = scaleBySpecial(c)
        let n = c.degree
        withExtendedLifetime(scaled) {
            for k in 0..<c.limbCount {
                let x = u.mutableLimb(k)
                bsk_add(c.basis.tables[k].modulus, x, x, scaled.limb(k), n)
            }
        }
    }

    /// P c modulo Q_l P: its limb modulo P is zero.
    package func scaleBySpecial(_ c: Polynomial<NTTValues>) -> Polynomial<NTTValues> {
        let basis = context.extendedBasis(level: c.limbCount)
        var out = Polynomial<NTTValues>(uninitialized: basis)
        withExtendedLifetime(c) {
            for k in 0..<c.limbCount {
                bsk_mul_scalar(
                    basis.tables[k].modulus, out.mutableLimb(k), c.limb(k),
                    context.specialResidue[k], c.degree)
            }
        }
        out.mutableLimb(c.limbCount).update(repeating: 0, count: c.degree)
        return out
    }

    package func galoisKey(_ permutation: SlotPermutation) throws -> KeySwitchingKey {
        let element = permutation.galoisElement(degree: context.degree)
        guard let key = keys.galois[element] else {
            throw EvaluationError.missingGaloisKey(permutation)
        }
        return key
    }

    /// The ciphertext with its slots permuted.
    public func permute(_ a: Ciphertext, by permutation: SlotPermutation) throws -> Ciphertext {
        try sumOfPermutations(a, [permutation], includingIdentity: false)
    }

    /// sum over `permutations` of the permuted ciphertext, plus the ciphertext itself if asked: one
    /// decomposition, one division by P (hoisting).
    ///
    /// A Galois key switches from s to s(X^(1/k)); the automorphism X -> X^k, applied afterwards, brings
    /// s(X^(1/k)) back to s. So the digits need no permutation, only the sums do.
    public func sumOfPermutations(
        _ a: Ciphertext, _ permutations: [SlotPermutation], includingIdentity: Bool
    ) throws -> Ciphertext {
        guard a.polynomials.count == 2 else {
            throw EvaluationError.mismatch("permutations need a relinearized ciphertext")
        }
        let basis = context.extendedBasis(level: a.level)
        var total: ExtendedPair =
            includingIdentity
            ? (scaleBySpecial(a.polynomials[0]), scaleBySpecial(a.polynomials[1]))
            : (Polynomial(zero: basis), Polynomial(zero: basis))
        var digits: Decomposition?
        for permutation in permutations.map({ $0.normalized(degree: context.degree) }) {
            if permutation.isIdentity(degree: context.degree) {
                addScaledBySpecial(a.polynomials[0], to: &total.0)
                addScaledBySpecial(a.polynomials[1], to: &total.1)
                continue
            }
            let key = try galoisKey(permutation)
            if digits?.gadget.digitBits != key.gadget.digitBits {
                digits = try decompose(a.polynomials[1], gadget: key.gadget)
            }
            var u = applyKey(key, to: digits!)
            addScaledBySpecial(a.polynomials[0], to: &u.0)
            addPermuted(u, by: permutation, to: &total)
        }
        return Ciphertext(
            polynomials: [divideBySpecial(total.0), divideBySpecial(total.1)],
            plaintextIndex: a.plaintextIndex)
    }

    /// total += u permuted.
    package func addPermuted(
        _ u: ExtendedPair, by permutation: SlotPermutation, to total: inout ExtendedPair
    ) {
        let indices = context.permutation(
            element: permutation.galoisElement(degree: context.degree)
        ).indices
        let basis = u.0.basis
        withExtendedLifetime(u) {
            for k in 0..<basis.count {
                let modulus = basis.tables[k].modulus
                bsk_permute_add(
                    modulus, total.0.mutableLimb(k), u.0.limb(k), indices, basis.degree)
                bsk_permute_add(
                    modulus, total.1.mutableLimb(k), u.1.limb(k), indices, basis.degree)
            }
        }
    }
}
