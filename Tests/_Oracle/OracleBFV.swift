// SPDX-License-Identifier: Apache-2.0

import BFV
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
    /// The prime that slots count modulo.
    package let plaintextModulus: BigInt
    private let plaintext: PlaintextModulus
    /// pi, and norm / pi.
    private let generator: BigPolynomial
    private let adjoint: BigPolynomial
    /// A number, coprime to Q: t for plaintext moduli of index 1.
    private let norm: BigInt
    /// s.
    package let secret: BigPolynomial

    package init(modulus: BigInt, plaintextModulus: UInt64, secret: BigPolynomial) {
        self.init(
            modulus: modulus, plaintext: PlaintextModulus(prime: plaintextModulus),
            secret: secret)
    }

    package init(modulus: BigInt, plaintext: PlaintextModulus, secret: BigPolynomial) {
        precondition(modulus.residue(modulo: plaintext.prime) != 0)
        degree = secret.degree
        self.modulus = modulus
        plaintextModulus = BigInt(plaintext.prime)
        self.plaintext = plaintext
        let step = secret.degree / plaintext.index
        func spread(_ coefficients: [BigInt]) -> BigPolynomial {
            var out = [BigInt](repeating: BigInt(0), count: secret.degree)
            for (i, c) in coefficients.enumerated() { out[i * step] = c }
            return BigPolynomial(out)
        }
        generator = spread(plaintext.generator.map { BigInt($0) })
        adjoint = spread(plaintext.adjoint)
        norm = plaintext.norm
        self.secret = secret
    }

    /// The same pi and s at another Q.
    package func at(modulus: BigInt) -> OracleBFV {
        OracleBFV(modulus: modulus, plaintext: plaintext, secret: secret)
    }

    /// round(Q m / pi).
    package func scaled(_ message: BigPolynomial) -> BigPolynomial {
        (message * adjoint).scaled(by: modulus, over: norm)
    }

    /// (round(Q m / pi) + e - a s, a).
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

    /// round(pi c(s) / Q): the message modulo pi, with coefficients in 0..<t.
    package func decrypt(_ c: OracleCiphertext) -> BigPolynomial {
        (generator * phase(c)).scaled(over: modulus).modulo(plaintextModulus)
    }

    /// nu = pi c(s) mod Q, centered: decryption is right while |nu| < Q/2.
    package func noise(_ c: OracleCiphertext) -> BigPolynomial {
        (generator * phase(c)).centered(modulo: modulus)
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

    /// Three parts: round(pi/Q times each part of the tensor product), over the integers. Of m_a m_b.
    package func multiply(_ a: OracleCiphertext, _ b: OracleCiphertext) -> OracleCiphertext {
        reduced(tensor(a, b).map { (generator * $0).scaled(over: modulus) })
    }

    /// Three parts: pi times the tensor product, mod Q. Of -Q m_a m_b mod pi.
    package func multiplyPointwise(
        _ a: OracleCiphertext, _ b: OracleCiphertext
    ) -> OracleCiphertext {
        reduced(tensor(a, b).map { generator * $0 })
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
