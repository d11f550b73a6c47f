// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Lattice
import Ring
import Threading

/// A ciphertext for decryption only: c_0 modulo 2^c0Bits and c_1 modulo 2^c1Bits, in coefficients.
/// c_0 needs fewer bits: its rounding error is not multiplied by the secret.
package struct CompressedCiphertext: Sendable, Equatable {
    package let c0Bits: Int
    package let c1Bits: Int
    package let plaintextIndex: Int
    /// N residues each.
    package let c0: [UInt64]
    package let c1: [UInt64]

    /// - Precondition: c0Bits <= c1Bits <= 62, equal counts, residues in range.
    package init(
        c0Bits: Int, c1Bits: Int, plaintextIndex: Int, c0: [UInt64], c1: [UInt64]
    ) {
        precondition(1 <= c0Bits && c0Bits <= c1Bits && c1Bits <= 62 && c0.count == c1.count)
        self.c0Bits = c0Bits
        self.c1Bits = c1Bits
        self.plaintextIndex = plaintextIndex
        self.c0 = c0
        self.c1 = c1
    }

    /// Bytes of its packed residues.
    package var byteCount: Int { (c0.count * c0Bits + 7) / 8 + (c1.count * c1Bits + 7) / 8 }
}

extension Evaluator {
    /// The same message under new randomness: with an encryption of zero added, made for this ciphertext alone.
    ///
    /// - Parameter flood: noise that is added too, to hide what there is.
    package func rerandomize(_ a: Ciphertext, flood: Flood? = nil) throws -> Ciphertext {
        var source = Keystream()
        return try rerandomize(a, flood: flood, source: &source)
    }

    /// The same with randomness of the caller's choice, for tests.
    package func rerandomize(
        _ a: Ciphertext, flood: Flood? = nil, source: inout Keystream
    ) throws -> Ciphertext {
        guard a.polynomials.count == 2 else {
            throw EvaluationError.mismatch("a reply needs a relinearized ciphertext")
        }
        let drawn = flood.map {
            FloodCoefficients(bits: $0.bits, degree: context.degree, from: &source)
        }
        if drawn != nil { counter.add { $0.floods += 1 } }
        let zero = try switcher.encryptionOfZero(
            level: a.level, flood: drawn, isDivided: flood?.hasFractions ?? false, source: &source)
        var polynomials = a.polynomials
        polynomials[0] += zero.0
        polynomials[1] += zero.1
        return Ciphertext(polynomials: polynomials, plaintextIndex: a.plaintextIndex)
    }

    /// Switches down to q_0, then to powers of two: round(c 2^k / q_0).
    package func compress(
        _ a: Ciphertext, c0Bits: Int, c1Bits: Int
    ) throws -> CompressedCiphertext {
        guard a.polynomials.count == 2 else {
            throw EvaluationError.mismatch("compression needs a relinearized ciphertext")
        }
        let small = try switchDown(a, toLevel: 1)
        counter.add { $0.inverseNTTs += 2 }
        let table = small.basis.tables[0]
        let n = table.degree
        let bits = [c0Bits, c1Bits]
        let words = LimbBuffer(count: 2 * n)
        withExtendedLifetime((small, words)) {
            pool.run(2) { half in
                let x = words.base + half * n
                x.update(from: small.polynomials[half].limb(0), count: n)
                table.inverse(x)
                bsk_scale_to_bits(table.modulus, x, x, UInt32(bits[half]), n)
            }
        }
        let halves = (0..<2).map {
            Array(UnsafeBufferPointer(start: words.base + $0 * n, count: n))
        }
        return withExtendedLifetime(words) {
            CompressedCiphertext(
                c0Bits: c0Bits, c1Bits: c1Bits, plaintextIndex: a.plaintextIndex, c0: halves[0],
                c1: halves[1])
        }
    }
}

extension Decryptor {
    /// v = c_0 2^(k_1 - k_0) + c_1 s modulo 2^k_1; c_1 s is exact over the integers modulo q_0, or modulo q_0 and the
    /// first modulus of P, which must exceed N 2^k_1. Constant time.
    package func decrypt(_ a: CompressedCiphertext) throws -> DecryptedSlots {
        let basis = context.basis(level: 1)
        let table = basis.tables[0]
        let n = context.degree
        guard a.c0.count == n, context.plaintexts.indices.contains(a.plaintextIndex) else {
            throw EvaluationError.mismatch("a reply of another ring")
        }
        guard context.parameters.carriesReply(c1Bits: a.c1Bits) else {
            throw EvaluationError.mismatch("a reply of more bits than q_0 P can carry")
        }
        let plaintext = context.plaintexts[a.plaintextIndex]
        let bits = UInt32(a.c1Bits)
        let work = LimbBuffer(count: n, isSecret: true)
        let phase = SecretCoefficients(count: n)
        let noise = SecretCoefficients(count: n)
        withExtendedLifetime((work, phase, noise, secretKey)) {
            a.c1.withUnsafeBytes {
                bsk_sign_extend(
                    phase.base, $0.baseAddress!.assumingMemoryBound(to: Int64.self), bits, n)
            }
            let lift = UInt32(a.c1Bits - a.c0Bits)
            if a.c1Bits + n.trailingZeroBitCount < table.bits {
                multiplyBySecret(phase, modulo: table, secretKey.values.limb(0), work.base)
                bsk_center_add(table.modulus, phase.base, work.base, a.c0, lift, n)
            } else {
                multiplyByWideSecret(phase, work.base)
                for i in 0..<n { phase.base[i] &+= Int64(bitPattern: a.c0[i] << UInt64(lift)) }
            }
            noise.base.update(repeating: 0, count: n)
            phase.addProduct(with: plaintext.ideal, to: noise)
            bsk_sign_extend(noise.base, noise.base, bits, n)
        }
        // -2^k_1 mod t.
        let t = plaintext.modulus
        let factor = t - (UInt64(1) << UInt64(a.c1Bits)) % t
        return context.decode(
            noise: noise, plaintext: plaintext, factor: factor,
            halfModulus: Double(UInt64(1) << UInt64(a.c1Bits - 1)))
    }

    /// out = c s modulo one prime, in coefficients.
    private func multiplyBySecret(
        _ c: SecretCoefficients, modulo table: NTTTable, _ secret: UnsafePointer<UInt64>,
        _ out: UnsafeMutablePointer<UInt64>
    ) {
        c.values(modulo: table, into: out)
        bsk_mul(table.modulus, out, out, secret, c.count)
        table.inverse(out)
    }

    /// c = c s over the integers, modulo 2^64: x = x_0 + q_0 y with y = (x_P - x_0) / q_0 modulo P, centered, where x_0
    /// is centered too.
    private func multiplyByWideSecret(
        _ c: SecretCoefficients, _ first: UnsafeMutablePointer<UInt64>
    ) {
        let (table, special) = (context.basis(level: 1).tables[0], context.lattice.specialTables[0])
        let n = c.count
        let second = LimbBuffer(count: n, isSecret: true)
        let lifted = LimbBuffer(count: n, isSecret: true)
        withExtendedLifetime((second, lifted, c)) {
            multiplyBySecret(c, modulo: table, secretKey.values.limb(0), first)
            multiplyBySecret(
                c, modulo: special, secretKey.values.limb(context.maximumLevel),
                second.base)
            bsk_lift_centered(table.modulus, special.modulus, lifted.base, first, n)
            let inverse = ModularArithmetic.inverse(
                table.value % special.value, modulo: special.value)!
            bsk_sub_mul_scalar(
                special.modulus, second.base, second.base, lifted.base, inverse, n)
            bsk_center(special.modulus, c.base, second.base, n)
            let low = UnsafeMutableRawPointer(lifted.base).assumingMemoryBound(to: Int64.self)
            bsk_center(table.modulus, low, first, n)
            let q = Int64(table.value)
            for i in 0..<n { c.base[i] = low[i] &+ c.base[i] &* q }
        }
    }
}

extension BFVParameters {
    /// Whether a client can multiply c_1 of so many bits by the secret without loss: N 2^k < q_0 P.
    package func carriesReply(c1Bits: Int) -> Bool {
        let bits =
            ciphertextModuli[0].bitWidthUsed
            + lattice.specialModuli[0].bitWidthUsed
        return c1Bits + degree.trailingZeroBitCount < bits - 1
            && c1Bits < ciphertextModuli[0].bitWidthUsed
    }
}
