// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import IntegerNetworks
import Lattice

/// What the two methods on BFV have in common in a client's plan.
package struct BFVSettings: Sendable, Equatable {
    package let parameters: BFVParameters
    package let keys: BFVKeySet
    /// Modulo each t_i, what outputs are to be divided by.
    package let outputUnits: [UInt64]
    package let replyC0Bits: Int
    package let replyC1Bits: Int
    /// log2 of (q/2) / (noise bound) of the reply, for each t_i, rounded down to whole bits or, below one, to a power of
    /// two: all weights decide what is exact.
    package let noiseMarginBits: [Double]
    /// Of two models with the same outputs, replies are 2^-bits apart to who decrypts them; 0: nothing is promised.
    package let functionPrivacyBits: Int

    package init(
        parameters: BFVParameters, keys: BFVKeySet, outputUnits: [UInt64], replyC0Bits: Int,
        replyC1Bits: Int, noiseMarginBits: [Double], functionPrivacyBits: Int = 0
    ) {
        self.functionPrivacyBits = functionPrivacyBits
        self.parameters = parameters
        self.keys = keys
        self.outputUnits = outputUnits
        self.replyC0Bits = replyC0Bits
        self.replyC1Bits = replyC1Bits
        self.noiseMarginBits = noiseMarginBits.map(Self.rounded)
    }

    private static func rounded(_ margin: Double) -> Double {
        margin >= 1 ? margin.rounded(.down) : margin > 0 ? margin.binade : margin
    }

    package func certificate(_ outputs: OutputReading) -> Certificate {
        Certificate(
            outputs, modulus: parameters.plaintextModulus, noiseMarginBits: noiseMarginBits,
            securityBits: parameters.security.rawValue,
            keysAreSecure: SecurityTable.allows(
                modulus: parameters.keyModulus, degree: parameters.degree,
                level: parameters.security))
    }

    /// Bytes of one compressed ciphertext.
    package var replyCiphertextBytes: Int {
        ResiduePacking.byteCount(parameters.degree, bits: replyC0Bits)
            + ResiduePacking.byteCount(parameters.degree, bits: replyC1Bits)
    }

    /// What a report says of parameters and noise.
    func report(_ plan: ClientPlan) -> [ReportEntry] {
        let certificate = plan.certificate
        let bits = parameters.ciphertextModuli.map { "\($0.bitWidthUsed)" }.joined(separator: "+")
        let allowed = SecurityTable.maximumBits(
            degree: parameters.degree, level: parameters.security)
        let keyBits = parameters.keyModulus.bitLength
        let slots = parameters.slots
        let special = parameters.lattice.specialModuli
        let specialBits = special.map { String($0.bitWidthUsed) }.joined(separator: "+")
        return [
            ReportEntry("degree", "ring degree N", .count(parameters.degree)),
            ReportEntry(
                "ciphertext_modulus_bits", "log2 Q",
                .count(parameters.ciphertextModulus.bitLength),
                text: "\(parameters.ciphertextModulus.bitLength) (\(bits))"),
            ReportEntry(
                "special_modulus_bits", "log2 P", .count(parameters.specialModulus.bitLength),
                text: special.count == 1
                    ? nil : "\(parameters.specialModulus.bitLength) (\(specialBits))"),
            ReportEntry(
                "plaintext_moduli", "plaintext t",
                .integers(parameters.plaintextModuli.map(\.description)),
                text: parameters.plaintextModuli.map(\.description).joined(separator: " ")),
            ReportEntry("slots", "slots", .count(slots.slotCount)),
            ReportEntry("plaintext_index", "index k of t", .count(slots.index)),
            ReportEntry(
                "key_modulus_bits", "log2 QP", .count(keyBits),
                text: allowed.map { "\(keyBits) <= \($0)" }),
            ReportEntry(
                "ciphertext_moduli", nil,
                .integers(parameters.ciphertextModuli.map(\.description))),
            ReportEntry("special_modulus", nil, .integers(special.map(\.description))),
            ReportEntry(
                "galois_keys", "rotation keys", .count(keys.galois.count)),
            ReportEntry(
                "noise_margin_bits", "noise margins", .numbers(certificate.noiseMarginBits)),
            FunctionPrivacyChoice.report(functionPrivacyBits),
        ]
    }
}
