// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels

/// A prime modulus with the tables of its negacyclic NTT of one degree.
///
/// Values are those of the polynomial at the odd powers of `root`, a primitive 2N-th root of
/// unity, in bit-reversed order: index j holds the value at root^(2 bitrev(j) + 1).
package final class NTTTable: @unchecked Sendable {
    package let value: UInt64
    package let degree: Int
    package let root: UInt64
    private let handle: OpaquePointer

    /// - Parameters:
    ///   - modulus: a prime in 2^10 ..< 2^50, congruent to 1 modulo 2 `degree`.
    ///   - degree: a power of two, 8 to 65536.
    /// - Throws: `RingError` when the modulus or the degree doesn't fit.
    package convenience init(modulus: UInt64, degree: Int) throws {
        guard degree >= 8, degree <= 65536, degree & (degree - 1) == 0 else {
            throw RingError.unsupportedDegree(degree)
        }
        guard modulus > 1 << 10, modulus < 1 << 50, modulus % UInt64(2 * degree) == 1,
            Primes.isPrime(modulus)
        else { throw RingError.notAnNTTPrime(modulus, degree: degree) }
        guard
            let root = ModularArithmetic.primitiveRoot(
                ofOrder: UInt64(2 * degree), modulo: modulus)
        else { throw RingError.notAnNTTPrime(modulus, degree: degree) }
        self.init(checked: modulus, degree: degree, root: root)
    }

    private init(checked modulus: UInt64, degree: Int, root: UInt64) {
        guard let handle = bsk_ntt_create(modulus, UInt32(degree.trailingZeroBitCount), root)
        else { preconditionFailure("no memory for the tables of a modulus") }
        value = modulus
        self.degree = degree
        self.root = root
        self.handle = handle
    }

    /// Of a degree `factor` times smaller, at least 8, with this root to the power `factor`.
    package func smaller(by factor: Int) -> NTTTable {
        precondition(degree % factor == 0 && degree / factor >= 8)
        return NTTTable(
            checked: value, degree: degree / factor,
            root: ModularArithmetic.power(root, UInt64(factor), modulo: value))
    }

    deinit { bsk_ntt_destroy(handle) }

    package var bits: Int { value.bitWidthUsed }

    /// The constants that the pointwise kernels take.
    package var modulus: UnsafePointer<bsk_modulus> { bsk_ntt_modulus(handle) }

    /// Coefficients to values, in place. Constant time.
    /// - Parameter x: `degree` residues in [0, value); so are those that replace them.
    package func forward(_ x: UnsafeMutablePointer<UInt64>) { bsk_ntt_forward(handle, x) }

    /// Values to coefficients, in place: undoes `forward`. Constant time.
    /// - Parameter x: `degree` residues in [0, value); so are those that replace them.
    package func inverse(_ x: UnsafeMutablePointer<UInt64>) { bsk_ntt_inverse(handle, x) }

    /// The kernels in use on this machine: "portable", "avx2", "avx512ifma" or "neon".
    package static var kernels: String { String(cString: bsk_path()) }
}
