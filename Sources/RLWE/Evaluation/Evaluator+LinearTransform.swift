import CKernels
import Ring

/// A linear map on slots as sum over g of perm_g( sum over b of plaintext_{g,b} * perm_b(x) ), encoded
/// for one plaintext modulus at one level.
public struct EncodedTransform: Sendable {
    public struct Giant: Sendable {
        public let permutation: SlotPermutation
        /// (index into `babies`, plaintext).
        public let terms: [(baby: Int, factor: EncodedPlaintext)]

        public init(
            permutation: SlotPermutation, terms: [(baby: Int, factor: EncodedPlaintext)]
        ) {
            self.permutation = permutation
            self.terms = terms
        }
    }

    public let babies: [SlotPermutation]
    public let giants: [Giant]

    public init(babies: [SlotPermutation], giants: [Giant]) {
        self.babies = babies
        self.giants = giants
    }
}

extension Evaluator {
    /// Applies a linear map by baby-step giant-step with double hoisting (Bossuat, Mouchet,
    /// Troncoso-Pastoriza and Hubaux, eprint 2020/1203): all baby rotations share one decomposition and
    /// stay modulo Q_l P; sums are divided by P once a giant step, and once at the end.
    public func apply(_ transform: EncodedTransform, to a: Ciphertext) throws -> Ciphertext {
        guard a.polynomials.count == 2 else {
            throw EvaluationError.mismatch("a linear map needs a relinearized ciphertext")
        }
        let n = context.degree
        if transform.giants.allSatisfy({ $0.permutation.isIdentity(degree: n) }),
            transform.babies.allSatisfy({ $0.isIdentity(degree: n) })
        {
            return try applyWithoutRotations(transform, to: a)
        }
        let babies = try babyRotations(transform.babies, of: a)
        let basis = context.extendedBasis(level: a.level)
        var total: ExtendedPair = (Polynomial(zero: basis), Polynomial(zero: basis))
        for giant in transform.giants {
            let sum = try innerSum(giant.terms, babies: babies, basis: basis)
            if giant.permutation.isIdentity(degree: n) {
                total.0 += sum.0
                total.1 += sum.1
                continue
            }
            let key = try galoisKey(giant.permutation)
            let digits = try decompose(divideBySpecial(sum.1), gadget: key.gadget)
            var u = applyKey(key, to: digits)
            u.0 += sum.0
            addPermuted(u, by: giant.permutation, to: &total)
        }
        return Ciphertext(
            polynomials: [divideBySpecial(total.0), divideBySpecial(total.1)],
            plaintextIndex: a.plaintextIndex)
    }

    /// P times each rotation of `a`, modulo Q_l P.
    private func babyRotations(
        _ permutations: [SlotPermutation], of a: Ciphertext
    ) throws -> [ExtendedPair] {
        let basis = context.extendedBasis(level: a.level)
        var digits: Decomposition?
        return try permutations.map { permutation in
            if permutation.isIdentity(degree: context.degree) {
                return (scaleBySpecial(a.polynomials[0]), scaleBySpecial(a.polynomials[1]))
            }
            let key = try galoisKey(permutation)
            if digits?.gadget.digitBits != key.gadget.digitBits {
                digits = try decompose(a.polynomials[1], gadget: key.gadget)
            }
            var u = applyKey(key, to: digits!)
            addScaledBySpecial(a.polynomials[0], to: &u.0)
            let indices = context.permutation(
                element: permutation.galoisElement(degree: context.degree)
            ).indices
            var out: ExtendedPair = (
                Polynomial(uninitialized: basis), Polynomial(uninitialized: basis)
            )
            withExtendedLifetime(u) {
                for k in 0..<basis.count {
                    bsk_permute(out.0.mutableLimb(k), u.0.limb(k), indices, basis.degree)
                    bsk_permute(out.1.mutableLimb(k), u.1.limb(k), indices, basis.degree)
                }
            }
            return out
        }
    }

    /// sum over the terms of plaintext * baby.
    private func innerSum(
        _ terms: [(baby: Int, factor: EncodedPlaintext)], babies: [ExtendedPair],
        basis: RNSBasis
    ) throws -> ExtendedPair {
        guard terms.allSatisfy({ $0.factor.level == basis.count - 1 }) else {
            throw EvaluationError.mismatch("a transform encoded for another level")
        }
        counter.add { $0.plaintextMultiplications += terms.count }
        var out: ExtendedPair = (
            Polynomial(uninitialized: basis), Polynomial(uninitialized: basis)
        )
        withExtendedLifetime((terms, babies)) {
            for k in 0..<basis.count {
                let w = terms.map { Optional($0.factor.values.limb(k)) }
                let x0 = terms.map { Optional(babies[$0.baby].0.limb(k)) }
                let x1 = terms.map { Optional(babies[$0.baby].1.limb(k)) }
                bsk_inner_product2(
                    basis.tables[k].modulus, out.0.mutableLimb(k), out.1.mutableLimb(k), w, x0,
                    x1, terms.count, basis.degree)
            }
        }
        return out
    }

    /// No key needed: one product a term.
    private func applyWithoutRotations(
        _ transform: EncodedTransform, to a: Ciphertext
    ) throws -> Ciphertext {
        var sum: Ciphertext?
        for term in transform.giants.flatMap(\.terms) {
            let product = try multiply(a, by: term.factor)
            sum = try sum.map { try add($0, product) } ?? product
        }
        guard let sum else { throw EvaluationError.mismatch("a transform with no terms") }
        return sum
    }
}
