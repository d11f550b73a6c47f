// SPDX-License-Identifier: Apache-2.0

import BFV
import Files
import Ring
import Wire

/// A group of samples, encrypted: a ciphertext for each feature and t_i, a slot for each sample. In bytes: the seed,
/// then limb after limb c_0 of every ciphertext, packed.
extension SeededCiphertexts: BFVRequest {
    package var byteCount: Int { Seed.byteCount + limbs.reduce(0) { $0 + $1.count } }

    package func write(to sink: any ByteSink) throws {
        try Array(seed.bytes).withUnsafeBytes { try sink.write($0) }
        try withExtendedLifetime(self) {
            for limb in limbs { try sink.write(limb.bytes) }
        }
    }

    /// Residues are checked by the server when it comes to them.
    package init(_ body: BodyReader, _ method: Features, _ context: BFVContext) throws {
        let seed = Seed(try body.bytes(Seed.byteCount))!
        let limbs = Self.byteCounts(parameters: context.parameters, count: method.requestCount)
            .map { ByteRegion(count: $0) }
        try withExtendedLifetime(limbs) {
            for limb in limbs {
                try body.read(
                    into: UnsafeMutableRawBufferPointer(start: limb.base, count: limb.count))
            }
        }
        self.init(context: context, seed: seed, count: method.requestCount, limbs: limbs)
    }

    package func check(_ method: Features) throws {
        guard context.parameters == method.settings.parameters, count == method.requestCount else {
            throw InferenceError.unexpectedRequest(
                "\(count) ciphertexts instead of \(method.requestCount), or of another ring")
        }
    }
}
