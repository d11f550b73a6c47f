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
    /// Splits each polynomial into the digits of `gadget`; one decomposition serves many rotations.
    package func decompose(
        _ polynomials: [Polynomial<NTTValues>], gadget: Gadget
    ) throws -> [Decomposition] {
        guard let first = polynomials.first else { return [] }
        let level = first.limbCount
        guard gadget.level >= level else {
            throw EvaluationError.keyCoversLevel(gadget.level, needed: level)
        }
        let basis = context.extendedBasis(level: level)
        let n = basis.degree
        let coefficients = polynomials.map { Polynomial<Coefficients>(uninitialized: $0.basis) }
        pool.run(polynomials.count * level) { task in
            let (index, limb) = task.quotientAndRemainder(dividingBy: level)
            let x = coefficients[index].sharedLimb(limb)
            x.update(from: polynomials[index].limb(limb), count: n)
            basis.tables[limb].inverse(x)
        }
        let slices = gadget.digits(of: first.basis)
        let digits = polynomials.map { _ in
            slices.map { _ in Polynomial<NTTValues>(uninitialized: basis) }
        }
        pool.run(polynomials.count * slices.count) { task in
            let (index, slice) = task.quotientAndRemainder(dividingBy: slices.count)
            fill(
                digits[index][slice], from: coefficients[index], original: polynomials[index],
                limb: slices[slice].limb, digit: slices[slice].digit, gadget: gadget)
        }
        let whole = (0..<level).count {
            gadget.digitCount(modulusBits: basis.tables[$0].bits) == 1
        }
        counter.add {
            $0.decompositions += polynomials.count
            $0.inverseNTTs += polynomials.count * level
            $0.forwardNTTs += polynomials.count * (slices.count * (level + 1) - whole)
        }
        return withExtendedLifetime((polynomials, coefficients)) {
            digits.map { Decomposition(digits: $0, gadget: gadget, level: level) }
        }
    }

    /// One digit modulo every limb. A whole limb is its own digit modulo itself: no transform there.
    private func fill(
        _ out: Polynomial<NTTValues>, from coefficients: Polynomial<Coefficients>,
        original: Polynomial<NTTValues>, limb: Int, digit: Int, gadget: Gadget
    ) {
        let n = out.degree
        let from = out.basis.tables[limb]
        let count = gadget.digitCount(modulusBits: from.bits)
        let width = gadget.digitWidth(modulusBits: from.bits)
        withExtendedLifetime((out, coefficients, original)) {
            for (k, table) in out.basis.tables.enumerated() {
                let x = out.sharedLimb(k)
                if count == 1, k == limb {
                    x.update(from: original.limb(limb), count: n)
                    continue
                }
                if count == 1 {
                    bsk_lift_centered(from.modulus, table.modulus, x, coefficients.limb(limb), n)
                } else {
                    bsk_balanced_digit(
                        from.modulus, table.modulus, x, coefficients.limb(limb), UInt32(width),
                        UInt32(count), UInt32(digit), n)
                }
                table.forward(x)
            }
        }
    }

    /// Limb k of sum over j of digit_j (b_j, a_j) + (scale * extra, 0), for every decomposition: P times the switched
    /// polynomials, plus noise, plus what is added.
    ///
    /// - Parameters:
    ///   - extras: limb k of a polynomial for each decomposition, or nothing to add.
    ///   - scale: modulo the limb's modulus.
    func applyKey(
        _ key: KeySwitchingKey, to decompositions: [Decomposition], limb k: Int,
        adding extras: [UnsafePointer<UInt64>] = [], times scale: UInt64 = 1,
        into out: [(UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>)]
    ) {
        guard let first = decompositions.first else { return }
        precondition(key.gadget.level >= first.level)
        precondition(key.gadget.digitBits == first.gadget.digitBits)
        let basis = context.extendedBasis(level: first.level)
        let count = first.digits.count
        let keyLimb = k < first.level ? k : key.gadget.level
        withExtendedLifetime((key, decompositions)) {
            for (c, target) in out.enumerated() {
                withUnsafeTemporaryAllocation(of: UnsafePointer<UInt64>?.self, capacity: count) {
                    for j in 0..<count { $0[j] = decompositions[c].digits[j].limb(k) }
                    bsk_packed_keys(
                        basis.tables[k].modulus, target.0, target.1, $0.baseAddress!,
                        key.packedLimb(keyLimb), count, extras.isEmpty ? nil : extras[c], scale,
                        basis.degree)
                }
            }
        }
    }

    func countKeySwitches(_ count: Int, digits: Int, level: Int) {
        counter.add {
            $0.keySwitches += count
            $0.limbProducts += 2 * count * digits * (level + 1)
        }
    }

    /// out = P c in limb k of Q_l P; zero modulo P itself.
    func scaleBySpecial(
        _ c: Polynomial<NTTValues>, limb k: Int, into out: UnsafeMutablePointer<UInt64>
    ) {
        guard k < c.limbCount else {
            out.update(repeating: 0, count: c.degree)
            return
        }
        withExtendedLifetime(c) {
            bsk_mul_scalar(
                c.basis.tables[k].modulus, out, c.limb(k), context.specialResidue[k], c.degree)
        }
    }

    package func galoisKey(_ permutation: SlotPermutation) throws -> KeySwitchingKey {
        let element = permutation.galoisElement(degree: context.degree)
        guard let key = keys.galois[element] else {
            throw EvaluationError.missingGaloisKey(permutation)
        }
        return key
    }

    func indices(_ permutation: SlotPermutation) -> [UInt32] {
        context.permutation(element: permutation.galoisElement(degree: context.degree)).indices
    }

    /// Throws unless all ciphertexts have two polynomials and one level, which it returns.
    func commonLevel(_ batch: [Ciphertext]) throws -> Int {
        guard let level = batch.first?.level else {
            throw EvaluationError.mismatch("no ciphertext")
        }
        guard batch.allSatisfy({ $0.polynomials.count == 2 && $0.level == level }) else {
            throw EvaluationError.mismatch("ciphertexts must be relinearized, of one level")
        }
        return level
    }
}
