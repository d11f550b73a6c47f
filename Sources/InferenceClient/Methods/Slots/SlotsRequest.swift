// SPDX-License-Identifier: Apache-2.0

import BFV
import Files
import Lattice
import Ring
import Wire

/// A sample's ciphertexts: one for each t_i, layout by layout of the plan. In bytes: of each its seed, then c_0 in NTT
/// form, packed.
package struct SlotsRequest: BFVRequest {
    /// Fresh from an encryptor, so that each has a seed.
    package let ciphertexts: [Ciphertext]

    package init(ciphertexts: [Ciphertext]) {
        precondition(ciphertexts.allSatisfy { $0.seed != nil })
        self.ciphertexts = ciphertexts
    }

    package var byteCount: Int {
        ciphertexts.reduce(0) { $0 + Seed.byteCount + ResiduePacking.byteCount(of: $1.basis) }
    }

    package func write(to sink: any ByteSink) throws {
        for ciphertext in ciphertexts {
            try Array(ciphertext.seed!.bytes).withUnsafeBytes { try sink.write($0) }
            try ResiduePacking.pack(ciphertext.polynomials[0])
                .withUnsafeBytes { try sink.write($0) }
        }
    }

    package init(_ body: BodyReader, _ method: Slots, _ context: BFVContext) throws {
        let basis = context.basis(level: context.maximumLevel)
        let moduli = method.settings.parameters.plaintextModuli.count
        ciphertexts = try (0..<method.requestCount).map { index in
            let seed = Seed(try body.bytes(Seed.byteCount))!
            let c0 = try ResiduePacking.unpack(
                try body.bytes(ResiduePacking.byteCount(of: basis))[...], basis: basis,
                what: "ciphertext \(index)")
            return Ciphertext.expand(c0: c0, seed: seed, plaintextIndex: index % moduli)
        }
    }

    package func check(_ method: Slots) throws {
        let parameters = method.settings.parameters
        let count = parameters.plaintextModuli.count
        guard ciphertexts.count == method.requestCount else {
            throw InferenceError.unexpectedRequest(
                "\(ciphertexts.count) ciphertexts instead of \(method.requestCount)")
        }
        for (index, ciphertext) in ciphertexts.enumerated() {
            guard ciphertext.plaintextIndex == index % count,
                ciphertext.level == parameters.maximumLevel,
                ciphertext.basis.moduli == parameters.ciphertextModuli,
                ciphertext.polynomials.count == 2
            else { throw InferenceError.unexpectedRequest("ciphertext \(index)") }
        }
    }
}
