// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Lattice
import Ring

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Exact noise of a ciphertext, for tests and reports. It needs the secret key and is variable time:
/// never in a server, never on data that matters.
package struct NoiseMeter: Sendable {
    private let decryptor: Decryptor
    private let context: BFVContext

    /// - Precondition: the key is of the context's lattice.
    package init(context: BFVContext, variableTimeWith secretKey: SecretKey) {
        decryptor = Decryptor(context: context, secretKey: secretKey)
        self.context = context
    }

    /// nu = pi v mod Q_l, centered, coefficient by coefficient.
    package func noise(of ciphertext: Ciphertext) -> [BigInt] {
        let plaintext = context.plaintexts[ciphertext.plaintextIndex]
        var values = decryptor.phaseValues(ciphertext)
        values.multiply(byPrefixOf: plaintext.generator)
        let v = values.inverseNTT()
        let crt = CRTBasis(moduli: v.basis.moduli)
        var row = [UInt64](repeating: 0, count: v.limbCount)
        return withExtendedLifetime(v) {
            (0..<v.degree).map { j in
                for i in 0..<v.limbCount { row[i] = v.limb(i)[j] }
                return crt.reconstructCentered(residues: row)
            }
        }
    }

    /// The three norms of nu over its complex embeddings, to about 2^-40.
    package func norms(of ciphertext: Ciphertext) -> NoiseNorms {
        let noise = noise(of: ciphertext)
        // Scaled so that the transform works on moderate numbers.
        let shift = max(0, (noise.map(\.bitLength).max() ?? 0) - 60)
        let scaled = noise.map { Double(Int64(exactly: $0 >> shift)!) }
        let magnitudes = CanonicalEmbedding.magnitudes(of: scaled)
        let count = Double(magnitudes.count)
        let squares = magnitudes.reduce(0) { $0 + $1 * $1 }
        return NoiseNorms(
            mean: magnitudes.reduce(0, +) / count, rootMeanSquare: (squares / count).squareRoot(),
            largest: magnitudes.max() ?? 0) * exp2(Double(shift))
    }
}
