// SPDX-License-Identifier: Apache-2.0

import BFV
import Files
import Lattice
import Ring
import Wire

/// A sample's ciphertexts: one for each t_i, layout by layout of the plan. In bytes: of each its seed, then c_0 in NTT
/// form, packed.
package struct SlotsRequest: GroupBody {
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

    /// The body's length is known to be the plan's.
    package init(_ body: BodyReader, _ method: Slots, _ context: BFVContext) throws {
        let basis = context.basis(level: context.maximumLevel)
        let moduli = method.settings.parameters.plaintextModuli.count
        ciphertexts = try (0..<moduli * method.inputLayouts.count).map { index in
            let seed = Seed(try body.bytes(Seed.byteCount))!
            let c0 = try ResiduePacking.unpack(
                try body.bytes(ResiduePacking.byteCount(of: basis))[...], basis: basis,
                what: "ciphertext \(index)")
            return Ciphertext.expand(c0: c0, seed: seed, plaintextIndex: index % moduli)
        }
    }
}
