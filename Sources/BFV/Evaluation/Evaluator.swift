// SPDX-License-Identifier: Apache-2.0

import CKernels
import Lattice
import Ring
import Threading

/// Computes on ciphertexts with public keys only. Sharing one between threads is safe.
public struct Evaluator: Sendable {
    package let context: BFVContext
    let switcher: KeySwitcher

    package var keys: EvaluationKeys { switcher.keys }
    /// Counts what this evaluator does.
    public var counter: OperationCounter { switcher.counter }
    var pool: WorkerPool { switcher.pool }

    /// - Parameter threads: how many threads one operation may use.
    public init(context: BFVContext, keys: EvaluationKeys, threads: Int = 1) {
        self.init(
            context: context, keys: keys, counter: OperationCounter(),
            pool: WorkerPool(threads: threads))
    }

    /// - Parameter pool: may be shared with others.
    package init(
        context: BFVContext, keys: EvaluationKeys, counter: OperationCounter, pool: WorkerPool
    ) {
        self.context = context
        switcher = KeySwitcher(
            context: context.lattice, keys: keys, counter: counter, pool: pool)
    }

    /// m_a + m_b, slot by slot.
    public func add(_ a: Ciphertext, _ b: Ciphertext) throws -> Ciphertext {
        try combine(a, b) { $0 += $1 }
    }

    /// m_a - m_b, slot by slot.
    public func subtract(_ a: Ciphertext, _ b: Ciphertext) throws -> Ciphertext {
        try combine(a, b) { $0 -= $1 }
    }

    /// -a modulo the plaintext modulus, slot by slot. Not counted.
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
        counter.add {
            $0.plaintextMultiplications += 1
            $0.plaintextProducts += a.polynomials.count * a.level
        }
        var polynomials = a.polynomials
        for i in polynomials.indices { polynomials[i] *= values }
        return Ciphertext(polynomials: polynomials, plaintextIndex: a.plaintextIndex)
    }

    /// The product, three polynomials, pointwise: pi (c tensor d) mod Q_l.
    ///
    /// A BFV phase is pi^-1 (mu + pi e) with mu = -Q m mod pi, so pi times the product of two phases is
    /// pi^-1 (mu_1 + pi e_1)(mu_2 + pi e_2): again of that form, of the message -Q_l m_1 m_2 mod pi
    /// (Alperin-Sheriff and Peikert, 2013; Kim, Polyakov and Zucca, 2021; docs/Scheme.md).
    public func multiplyWithoutRelinearizing(
        _ a: Ciphertext, _ b: Ciphertext
    ) throws -> Ciphertext {
        try check(a, b)
        guard a.polynomials.count == 2, b.polynomials.count == 2 else {
            throw EvaluationError.mismatch("a product needs relinearized operands")
        }
        let basis = a.basis
        let generator = context.plaintexts[a.plaintextIndex].generator
        counter.add { $0.multiplications += 1 }
        let d = (0..<3).map { _ in Polynomial<NTTValues>(uninitialized: basis) }
        withExtendedLifetime((a, b, d, generator)) {
            pool.run(basis.count) { k in
                let modulus = basis.tables[k].modulus
                let (d0, d1, d2) = (d[0].sharedLimb(k), d[1].sharedLimb(k), d[2].sharedLimb(k))
                bsk_tensor(
                    modulus, d0, d1, d2, a.polynomials[0].limb(k), a.polynomials[1].limb(k),
                    b.polynomials[0].limb(k), b.polynomials[1].limb(k), basis.degree)
                for x in [d0, d1, d2] { bsk_mul(modulus, x, x, generator.limb(k), basis.degree) }
            }
        }
        return Ciphertext(polynomials: d, plaintextIndex: a.plaintextIndex)
    }

    /// Two polynomials again, with the relinearization key.
    public func relinearize(_ a: Ciphertext) throws -> Ciphertext { try relinearize([a])[0] }

    /// One ciphertext of each t_i at once; the key is read once for all.
    package func relinearize(_ channels: [Ciphertext]) throws -> [Ciphertext] {
        guard let first = channels.first, first.polynomials.count == 3 else { return channels }
        let level = first.level
        guard channels.allSatisfy({ $0.polynomials.count == 3 && $0.level == level }) else {
            throw EvaluationError.mismatch("ciphertexts of several levels or sizes")
        }
        let switched = try switcher.relinearized(channels.map { $0.polynomials[2] })
        return dividedPairs(switched, channels, adding: channels.flatMap { $0.polynomials[..<2] })
    }

    /// `multiplyWithoutRelinearizing`, then `relinearize`.
    public func multiply(_ a: Ciphertext, _ b: Ciphertext) throws -> Ciphertext {
        try relinearize(multiplyWithoutRelinearizing(a, b))
    }

    /// Divides a ciphertext and its noise by the dropped moduli, with rounding; the message stays. Replies are shorter
    /// so.
    ///
    /// - Parameter level: how many moduli stay, from 1 to the ciphertext's.
    /// - Throws: an error for another level.
    public func switchDown(_ a: Ciphertext, toLevel level: Int) throws -> Ciphertext {
        try switchDown([a], toLevel: level)[0]
    }

    /// Divides ciphertexts and noise by the dropped moduli, with rounding; the messages stay.
    package func switchDown(_ channels: [Ciphertext], toLevel level: Int) throws -> [Ciphertext] {
        guard let first = channels.first else { return [] }
        guard (1...first.level).contains(level) else {
            throw EvaluationError.level(level, maximum: first.level)
        }
        guard channels.allSatisfy({ $0.level == first.level }) else {
            throw EvaluationError.mismatch("ciphertexts of several levels")
        }
        let sizes = channels.map(\.polynomials.count)
        var polynomials = channels.flatMap(\.polynomials)
        while polynomials[0].limbCount > level {
            counter.add { $0.modulusSwitches += channels.count }
            polynomials = switcher.dropLastLimb(polynomials)
        }
        var start = 0
        return zip(channels, sizes).map { a, size in
            defer { start += size }
            return Ciphertext(
                polynomials: Array(polynomials[start..<start + size]),
                plaintextIndex: a.plaintextIndex)
        }
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
}
