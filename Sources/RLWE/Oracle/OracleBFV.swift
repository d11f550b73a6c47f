import BigIntegers

/// A ciphertext of the oracle: c_0 + c_1 s (+ c_2 s^2), each coefficient in 0..<Q.
package struct OracleCiphertext: Hashable, Sendable {
    package var parts: [BigPolynomial]

    package init(_ parts: [BigPolynomial]) { self.parts = parts }
}

/// Textbook BFV (Fan and Vercauteren, eprint 2012/144) on big-integer coefficients: no residues, no
/// transforms, no tricks. The judge of the fast path in tests; slow, variable time, never for real data.
package struct OracleBFV: Sendable {
    package let degree: Int
    /// Q.
    package let modulus: BigInt
    /// t, coprime to Q.
    package let plaintextModulus: BigInt
    /// s.
    package let secret: BigPolynomial

    package init(modulus: BigInt, plaintextModulus: UInt64, secret: BigPolynomial) {
        precondition(modulus.residue(modulo: plaintextModulus) != 0)
        degree = secret.degree
        self.modulus = modulus
        self.plaintextModulus = BigInt(plaintextModulus)
        self.secret = secret
    }

    /// The same t and s at another Q.
    package func at(modulus: BigInt) -> OracleBFV {
        OracleBFV(
            modulus: modulus, plaintextModulus: UInt64(exactly: plaintextModulus)!, secret: secret)
    }

    /// round(Q m / t).
    package func scaled(_ message: BigPolynomial) -> BigPolynomial {
        message.scaled(by: modulus, over: plaintextModulus)
    }

    /// (round(Q m / t) + e - a s, a).
    package func encrypt(
        _ message: BigPolynomial, using generator: inout some RandomNumberGenerator
    ) -> OracleCiphertext {
        let a = OracleSampler.uniform(degree: degree, modulus: modulus, using: &generator)
        let e = OracleSampler.error(degree: degree, using: &generator)
        return reduced([scaled(message) + e - a * secret, a])
    }

    /// The phase c(s), in (-Q/2, Q/2].
    package func phase(_ c: OracleCiphertext) -> BigPolynomial {
        var sum = c.parts.last!
        for part in c.parts.dropLast().reversed() {
            sum = (sum * secret + part).centered(modulo: modulus)
        }
        return sum.centered(modulo: modulus)
    }

    /// round(t c(s) / Q) mod t, in 0..<t.
    package func decrypt(_ c: OracleCiphertext) -> BigPolynomial {
        phase(c).scaled(by: plaintextModulus, over: modulus).modulo(plaintextModulus)
    }

    /// nu = t c(s) mod Q, centered: decryption is right while |nu| < Q/2.
    package func noise(_ c: OracleCiphertext) -> BigPolynomial {
        (plaintextModulus * phase(c)).centered(modulo: modulus)
    }

    package func add(_ a: OracleCiphertext, _ b: OracleCiphertext) -> OracleCiphertext {
        reduced(zip(a.parts, b.parts).map { $0 + $1 })
    }

    package func subtract(_ a: OracleCiphertext, _ b: OracleCiphertext) -> OracleCiphertext {
        add(a, negate(b))
    }

    package func negate(_ a: OracleCiphertext) -> OracleCiphertext {
        reduced(a.parts.map { -$0 })
    }

    package func add(_ a: OracleCiphertext, plain m: BigPolynomial) -> OracleCiphertext {
        reduced([a.parts[0] + scaled(m)] + a.parts.dropFirst())
    }

    /// Coefficients of m near zero keep the noise low: pass them centered.
    package func multiply(_ a: OracleCiphertext, plain m: BigPolynomial) -> OracleCiphertext {
        reduced(a.parts.map { $0 * m })
    }

    /// Three parts: round(t/Q times each part of the tensor product), over the integers. Of m_a m_b.
    package func multiply(_ a: OracleCiphertext, _ b: OracleCiphertext) -> OracleCiphertext {
        reduced(tensor(a, b).map { $0.scaled(by: plaintextModulus, over: modulus) })
    }

    /// Three parts: t times the tensor product, mod Q. Of -Q m_a m_b mod t.
    package func multiplyPointwise(
        _ a: OracleCiphertext, _ b: OracleCiphertext
    ) -> OracleCiphertext {
        reduced(tensor(a, b).map { plaintextModulus * $0 })
    }

    /// The ciphertext at a smaller modulus: round(Q'/Q c).
    package func switched(_ c: OracleCiphertext, to smaller: BigInt) -> OracleCiphertext {
        OracleCiphertext(
            c.parts.map { $0.scaled(by: smaller, over: modulus).modulo(smaller) })
    }

    /// Each coefficient in 0..<Q.
    package func reduced(_ parts: [BigPolynomial]) -> OracleCiphertext {
        OracleCiphertext(parts.map { $0.modulo(modulus) })
    }

    /// Of the centered representatives: the textbook's, with the least noise.
    private func tensor(_ a: OracleCiphertext, _ b: OracleCiphertext) -> [BigPolynomial] {
        precondition(a.parts.count == 2 && b.parts.count == 2)
        let x = a.parts.map { $0.centered(modulo: modulus) }
        let y = b.parts.map { $0.centered(modulo: modulus) }
        return [x[0] * y[0], x[0] * y[1] + x[1] * y[0], x[1] * y[1]]
    }
}
