// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import Paillier
import Threading
import Wire

extension MethodName {
    /// Paillier, for linear networks: samples side by side in every plaintext.
    package static let paillier = MethodName(rawValue: "paillier")
}

/// The method "paillier", of a client's plan: the size of the key, and how samples lie side by side in plaintexts.
package struct PaillierSlots: MessageMethod {
    package static let name = MethodName.paillier
    /// Plaintexts of a feature in a full group: enough to fill vector lanes twice.
    package static let maximumPlaintexts = 16

    package let keySize: PaillierKeySize
    /// Bits of a slot: those of the largest output or input, a sign among them.
    package let slotBits: Int
    package let inputCount: Int
    package let outputCount: Int
    package let functionPrivacyBits: Int

    package init(
        keySize: PaillierKeySize, slotBits: Int, inputCount: Int, outputCount: Int,
        functionPrivacyBits: Int = 0
    ) {
        self.functionPrivacyBits = functionPrivacyBits
        self.keySize = keySize
        self.slotBits = slotBits
        self.inputCount = inputCount
        self.outputCount = outputCount
    }

    /// Samples in one plaintext.
    package var slotCount: Int { (keySize.bits - 2) / slotBits }
    package var groupCapacity: Int { Self.maximumPlaintexts * slotCount }

    /// Plaintexts that a feature of so many samples takes.
    package func plaintextCount(samples: Int) -> Int { (samples + slotCount - 1) / slotCount }

    private var ciphertextBytes: Int { keySize.bits / 4 }

    package func requestLength(samples: Int) -> Int {
        plaintextCount(samples: samples) * inputCount * ciphertextBytes
    }

    package func replyLength(samples: Int) -> Int {
        plaintextCount(samples: samples) * outputCount * ciphertextBytes
    }

    package var evaluationKeyBytes: Int { 8 + 3 * keySize.bits / 8 }

    package func packing(_ key: PaillierPublicKey) throws -> PackingLayout {
        try PackingLayout(slotBits: slotBits, count: slotCount, publicKey: key)
    }

    package func certificate(_ outputs: OutputReading) -> Certificate {
        Certificate(
            outputs, modulus: BigInt(1) << slotBits, noiseMarginBits: [],
            securityBits: keySize.securityBits, keysAreSecure: true)
    }

    /// A key serves every plan of its size.
    package func keySet() -> [UInt8] { Envelope.littleEndian(UInt64(keySize.bits), bytes: 4) }

    package func report(_ plan: ClientPlan) -> [ReportEntry] {
        [
            ReportEntry("key_bits", "bits of n", .count(keySize.bits)),
            ReportEntry("slots", "samples a plaintext", .count(slotCount)),
            ReportEntry("slot_bits", "bits of a slot", .count(slotBits)),
            ReportEntry(
                "request_bytes_per_plaintext", "request of 1 to \(slotCount) samples",
                .bytes(requestLength(samples: 1)), in: .cost),
            ReportEntry(
                "reply_bytes_per_plaintext", "reply to 1 to \(slotCount) samples",
                .bytes(replyLength(samples: 1)), in: .cost),
            FunctionPrivacyChoice.report(functionPrivacyBits),
        ]
    }

    package func makeSession(_ plan: ClientPlan, on pool: WorkerPool) throws -> PaillierSession {
        try PaillierSession(self, secretKey: PaillierSecretKey.generate(size: keySize), pool: pool)
    }

    package func session(
        _ plan: ClientPlan, secret: ArraySlice<UInt8>, on pool: WorkerPool
    ) throws -> PaillierSession {
        var bytes = Array(secret)
        defer { bytes.wipe() }
        return try PaillierSession(
            self, secretKey: PaillierSecretKey(bytes: bytes, allowsInsecure: keySize.isInsecure),
            pool: pool)
    }
}

extension PaillierKeySize {
    package var isInsecure: Bool { securityBits == 0 }

    /// NIST SP 800-57 part 1, table 2, for factoring; 0: insecure.
    package var securityBits: Int {
        switch self {
        case .bits2048: 112
        case .bits3072: 128
        case .bits4096: 152
        case .insecure: 0
        }
    }
}
