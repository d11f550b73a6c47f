// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice

/// The rings that are measured, each within the 128-bit row of the security table.
struct BenchmarkRing {
    let degree: Int
    let context: BFVContext

    /// Moduli of one ring. They are the largest primes of their size that are 1 modulo 2^15, so that they serve
    /// each degree; 65537 gives N slots at each.
    private struct Moduli {
        let ciphertext: [UInt64]
        let special: UInt64
    }

    /// Two limbs of 35 bits and P of 36: QP has 106 bits, all that N = 4096 allows.
    private static let narrow = Moduli(
        ciphertext: [0x7_FFFB_0001, 0x7_FFF8_0001], special: 0xF_FFF0_0001)
    /// Four limbs of 42 bits and P of 46: QP has 214 bits, all that N = 8192 allows.
    private static let wide = Moduli(
        ciphertext: [0x3FF_FFFA_8001, 0x3FF_FFE8_0001, 0x3FF_FFE2_8001, 0x3FF_FFD3_8001],
        special: 0x3FFF_FFF7_0001)

    /// Primes of 41 bits that are 1 modulo 2^16: twenty and P have 866 bits, N = 32768 allows 868.
    private static let deep: [UInt64] = [
        0x1FF_FFFF_0001, 0x1FF_FFFB_0001, 0x1FF_FFED_0001, 0x1FF_FFEA_0001, 0x1FF_FFE7_0001,
        0x1FF_FFE3_0001, 0x1FF_FFE1_0001, 0x1FF_FFD8_0001, 0x1FF_FFC3_0001, 0x1FF_FFBD_0001,
        0x1FF_FFB6_0001, 0x1FF_FF9B_0001, 0x1FF_FF96_0001, 0x1FF_FF95_0001, 0x1FF_FF77_0001,
        0x1FF_FF6F_0001, 0x1FF_FF68_0001, 0x1FF_FF63_0001, 0x1FF_FF47_0001, 0x1FF_FF39_0001,
    ]
    static let limbBits = 42

    static let plaintextModulus: UInt64 = 65537
    static let degrees = [4096, 8192, 16384]

    /// - Parameter degree: one of `degrees`.
    init(degree: Int) throws {
        self.degree = degree
        context = try BFVContext(Self.parameters(degree: degree))
    }

    /// The same with so many limbs of 41 bits, 20 at most.
    init(degree: Int, limbs: Int) throws {
        self.degree = degree
        context = try BFVContext(
            BFVParameters(
                degree: degree, ciphertextModuli: Array(Self.deep.prefix(limbs)),
                specialModulus: Self.wide.special, plaintextModuli: [Self.plaintextModulus]))
    }

    /// Parameters of `degrees`.
    private static func parameters(degree: Int) throws -> BFVParameters {
        let moduli = degree < 8192 ? narrow : wide
        return try BFVParameters(
            degree: degree, ciphertextModuli: moduli.ciphertext, specialModulus: moduli.special,
            plaintextModuli: [plaintextModulus])
    }

    var moduli: [UInt64] { context.parameters.ciphertextModuli }
    var limbs: Int { context.parameters.maximumLevel }
    var ciphertextBits: Int { context.parameters.ciphertextModulus.bitLength }
    var keyBits: Int { context.parameters.keyModulus.bitLength }

    /// Digits are whole limbs.
    var gadget: Gadget { Gadget(level: limbs, digitBits: Self.limbBits) }

    /// Slots all over [0, t); time does not depend on them.
    func slots(_ seed: UInt64) -> [UInt64] {
        (0..<UInt64(degree)).map { ($0 &+ seed) &* 7919 % Self.plaintextModulus }
    }

    /// Of the product of two fresh ciphertexts, which is scaled by -Q mod t.
    func productSlots(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
        let t = Self.plaintextModulus
        let factor = t - moduli.reduce(1) { $0 * ($1 % t) % t }
        return zip(a, b).map { $0 * $1 % t * factor % t }
    }
}
