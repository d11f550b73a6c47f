import CKernels
import Ring

/// Computes on ciphertexts with public keys only. Sharing one between threads is safe.
public struct Evaluator: Sendable {
    public let context: RLWEContext
    public let keys: EvaluationKeys
    public let counter: OperationCounter

    public init(
        context: RLWEContext, keys: EvaluationKeys, counter: OperationCounter = OperationCounter()
    ) {
        self.context = context
        self.keys = keys
        self.counter = counter
    }

    /// m_a + m_b, slot by slot.
    public func add(_ a: Ciphertext, _ b: Ciphertext) throws -> Ciphertext {
        try combine(a, b) { $0 += $1 }
    }

    /// m_a - m_b, slot by slot.
    public func subtract(_ a: Ciphertext, _ b: Ciphertext) throws -> Ciphertext {
        try combine(a, b) { $0 -= $1 }
    }

    public func negate(_ a: Ciphertext) -> Ciphertext {
        var polynomials = a.polynomials
        for i in polynomials.indices { polynomials[i].negate() }
        return Ciphertext(polynomials: polynomials, plaintextIndex: a.plaintextIndex)
    }

    /// m + constant.
    public func add(_ a: Ciphertext, _ constant: EncodedConstant) throws -> Ciphertext {
        guard a.plaintextIndex == constant.plaintextIndex, a.level == constant.level else {
            throw EvaluationError.mismatch("constant and ciphertext")
        }
        var polynomials = a.polynomials
        polynomials[0] += constant.values
        return Ciphertext(polynomials: polynomials, plaintextIndex: a.plaintextIndex)
    }

    /// m times a plaintext, slot by slot. The noise grows by the plaintext's canonical norm.
    public func multiply(_ a: Ciphertext, by factor: EncodedPlaintext) throws -> Ciphertext {
        guard factor.level >= a.level else {
            throw EvaluationError.mismatch("plaintext encoded below the ciphertext's level")
        }
        let values = factor.values.prefix(a.basis)
        counter.add { $0.plaintextMultiplications += 1 }
        var polynomials = a.polynomials
        for i in polynomials.indices { polynomials[i] *= values }
        return Ciphertext(polynomials: polynomials, plaintextIndex: a.plaintextIndex)
    }

    /// The product, three polynomials, pointwise: t (c tensor d) mod Q_l.
    ///
    /// A BFV phase is t^-1 (mu + t e) with mu = -Q m mod t, so t times the product of two phases is
    /// t^-1 (mu_1 + t e_1)(mu_2 + t e_2): again of that form, of the message -Q_l m_1 m_2 mod t
    /// (Alperin-Sheriff and Peikert, 2013; Kim, Polyakov and Zucca, 2021; docs/Scheme.md).
    public func multiplyWithoutRelinearizing(
        _ a: Ciphertext, _ b: Ciphertext
    ) throws -> Ciphertext {
        try check(a, b)
        guard a.polynomials.count == 2, b.polynomials.count == 2 else {
            throw EvaluationError.mismatch("a product needs relinearized operands")
        }
        let basis = a.basis
        let t = context.plaintexts[a.plaintextIndex].residue
        counter.add { $0.multiplications += 1 }
        var d = (0..<3).map { _ in Polynomial<NTTValues>(uninitialized: basis) }
        withExtendedLifetime((a, b)) {
            for k in 0..<basis.count {
                let modulus = basis.tables[k].modulus
                let (d0, d1, d2) = (
                    d[0].mutableLimb(k), d[1].mutableLimb(k), d[2].mutableLimb(k)
                )
                bsk_tensor(
                    modulus, d0, d1, d2, a.polynomials[0].limb(k), a.polynomials[1].limb(k),
                    b.polynomials[0].limb(k), b.polynomials[1].limb(k), basis.degree)
                for x in [d0, d1, d2] { bsk_mul_scalar(modulus, x, x, t[k], basis.degree) }
            }
        }
        return Ciphertext(polynomials: d, plaintextIndex: a.plaintextIndex)
    }

    /// Two polynomials again, with the relinearization key.
    public func relinearize(_ a: Ciphertext) throws -> Ciphertext {
        guard a.polynomials.count == 3 else { return a }
        guard let key = keys.relinearization else {
            throw EvaluationError.missingRelinearizationKey
        }
        let digits = try decompose(a.polynomials[2], gadget: key.gadget)
        let switched = applyKey(key, to: digits)
        var c0 = divideBySpecial(switched.0)
        var c1 = divideBySpecial(switched.1)
        c0 += a.polynomials[0]
        c1 += a.polynomials[1]
        return Ciphertext(polynomials: [c0, c1], plaintextIndex: a.plaintextIndex)
    }

    /// `multiplyWithoutRelinearizing`, then `relinearize`.
    public func multiply(_ a: Ciphertext, _ b: Ciphertext) throws -> Ciphertext {
        try relinearize(multiplyWithoutRelinearizing(a, b))
    }

    /// Divides ciphertext and noise by the dropped moduli, with rounding; the message stays.
    public func switchDown(_ a: Ciphertext, toLevel level: Int) throws -> Ciphertext {
        guard (1...a.level).contains(level) else {
            throw EvaluationError.level(level, maximum: a.level)
        }
        var polynomials = a.polynomials
        while polynomials[0].limbCount > level {
            counter.add { $0.modulusSwitches += 1 }
            polynomials = polynomials.map { dropLastLimb($0) }
        }
        return Ciphertext(polynomials: polynomials, plaintextIndex: a.plaintextIndex)
    }

    private func combine(
        _ a: Ciphertext, _ b: Ciphertext,
        _ operation: (inout Polynomial<NTTValues>, Polynomial<NTTValues>) -> Void
    ) throws -> Ciphertext {
        try check(a, b)
        guard a.polynomials.count == b.polynomials.count else {
            throw EvaluationError.mismatch("one is relinearized, the other isn't")
        }
        var polynomials = a.polynomials
        for i in polynomials.indices { operation(&polynomials[i], b.polynomials[i]) }
        return Ciphertext(polynomials: polynomials, plaintextIndex: a.plaintextIndex)
    }

    private func check(_ a: Ciphertext, _ b: Ciphertext) throws {
        guard a.plaintextIndex == b.plaintextIndex else {
            throw EvaluationError.mismatch("different plaintext moduli")
        }
        guard a.level == b.level else {
            throw EvaluationError.mismatch("levels \(a.level) and \(b.level)")
        }
    }

    /// round(p / q_last) modulo the remaining limbs, in NTT form: one inverse NTT, and a forward one a limb.
    private func dropLastLimb(_ p: Polynomial<NTTValues>) -> Polynomial<NTTValues> {
        divide(
            p, droppedLimb: p.limbCount - 1, keeping: context.basis(level: p.limbCount - 1),
            inverses: context.dropInverse[p.limbCount - 1])
    }

    /// round(p / P) modulo Q_l, in NTT form.
    package func divideBySpecial(_ p: Polynomial<NTTValues>) -> Polynomial<NTTValues> {
        counter.add { $0.specialDivisions += 1 }
        let level = p.limbCount - 1
        return divide(
            p, droppedLimb: level, keeping: context.basis(level: level),
            inverses: context.specialInverse)
    }

    private func divide(
        _ p: Polynomial<NTTValues>, droppedLimb: Int, keeping basis: RNSBasis,
        inverses: [UInt64]
    ) -> Polynomial<NTTValues> {
        let n = basis.degree
        let dropped = p.basis.tables[droppedLimb]
        let remainder = LimbBuffer(count: n)
        let lifted = LimbBuffer(count: n)
        var out = Polynomial<NTTValues>(uninitialized: basis)
        withExtendedLifetime((p, remainder, lifted)) {
            remainder.base.update(from: p.limb(droppedLimb), count: n)
            dropped.inverse(remainder.base)
            for i in 0..<basis.count {
                let table = basis.tables[i]
                bsk_lift_centered(
                    dropped.modulus, table.modulus, lifted.base, remainder.base, n)
                table.forward(lifted.base)
                bsk_sub_mul_scalar(
                    table.modulus, out.mutableLimb(i), p.limb(i), lifted.base, inverses[i], n)
            }
        }
        counter.add {
            $0.inverseNTTs += 1
            $0.forwardNTTs += basis.count
        }
        return out
    }
}
