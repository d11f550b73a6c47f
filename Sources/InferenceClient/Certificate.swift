// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// What is proven of a plan before any key is made.
public struct Certificate: Sendable, Equatable {
    /// A result is the one integer of its range with the residue that decryption finds modulo this number.
    package let modulus: BigInt
    /// log2 of (largest noise that decrypts) / (noise bound) of the reply, for each plaintext modulus: above zero,
    /// decryption fails with probability below 2^-128. None for a method without noise.
    package let noiseMarginBits: [Double]
    /// 0: insecure.
    public let securityBits: Int
    /// log2(modulus) - log2(widest range): the room that is left before a result could wrap.
    package let rangeMarginBits: Double
    /// Whether all of it holds; of the range, what is claimed of it.
    package let holds: Bool

    /// - Parameter keysAreSecure: whether keys have the security that is stated.
    package init(
        _ outputs: OutputReading, modulus: BigInt, noiseMarginBits: [Double], securityBits: Int,
        keysAreSecure: Bool
    ) {
        self.modulus = modulus
        self.noiseMarginBits = noiseMarginBits
        self.securityBits = securityBits
        let widest = outputs.widestRange
        rangeMarginBits = modulus.log2Lower - (widest + 1).log2Upper
        holds = widest < modulus && noiseMarginBits.allSatisfy { $0 > 0 } && keysAreSecure
    }
}
