// SPDX-License-Identifier: Apache-2.0

import BFV
import CKernels
import Lattice
import Ring
import Wire

/// A BFV secret key in bytes: N coefficients, 2 bits each: 0, 1, or 2 for -1. Constant time.
package enum BFVSecret {
    /// Wipe the bytes after use.
    package static func bytes(_ key: SecretKey) -> [UInt8] {
        let coefficients = key.coefficients
        var words = withExtendedLifetime(coefficients) {
            (0..<coefficients.count).map { index in
                let value = UInt64(bitPattern: coefficients.base[index])
                return (value & 1) &+ (value >> 63)
            }
        }
        defer { words.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) } }
        return ResiduePacking.pack(words, bits: 2)
    }

    /// - Throws: `WireError` for a key that key generation never gives.
    package static func key(_ secret: ArraySlice<UInt8>, _ context: LatticeContext) throws
        -> SecretKey
    {
        let n = context.degree
        var bytes = Array(secret)
        defer { bytes.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) } }
        guard bytes.count == ResiduePacking.byteCount(n, bits: 2) else {
            throw WireError.wrongCount(
                "secret key bytes", expected: ResiduePacking.byteCount(n, bits: 2),
                found: bytes.count)
        }
        var words = ResiduePacking.unpack(bytes, count: n, bits: 2)
        defer { words.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) } }
        guard bsk_all_below(words, 3, n) == 1 else {
            throw WireError.outOfRange("a coefficient of the secret key")
        }
        let out = SecretCoefficients(count: n)
        for index in 0..<n {
            // 2 becomes -1 without a branch.
            out.base[index] = Int64(words[index] & 1) - Int64(words[index] >> 1)
        }
        try checkBounds(out)
        return SecretKey(context: context, coefficients: out)
    }

    /// The noise certificate counts on what key generation makes sure of.
    private static func checkBounds(_ coefficients: SecretCoefficients) throws {
        var values = withExtendedLifetime(coefficients) {
            (0..<coefficients.count).map { Double(coefficients.base[$0]) }
        }
        defer { values.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) } }
        guard SecretBounds(degree: coefficients.count).hold(for: values) else {
            throw WireError.outOfRange("a secret key that key generation never gives")
        }
    }
}
