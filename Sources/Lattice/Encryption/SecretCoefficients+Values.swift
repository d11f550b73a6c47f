// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

extension SecretCoefficients {
    /// NTT values modulo one prime, N words. Constant time.
    package func values(modulo table: NTTTable, into out: UnsafeMutablePointer<UInt64>) {
        residues(modulo: table, into: out)
        table.forward(out)
    }

    /// Coefficients modulo one prime, N words. Constant time.
    package func residues(modulo table: NTTTable, into out: UnsafeMutablePointer<UInt64>) {
        withExtendedLifetime(self) {
            bsk_reduce_signed(table.modulus, out, base, count)
        }
    }
}

extension NTTTable {
    /// out = a b + c d, element by element; N words each, reduced once. `out` may be one of them. Constant time.
    package func addProducts(
        _ a: UnsafePointer<UInt64>, _ b: UnsafePointer<UInt64>, _ c: UnsafePointer<UInt64>,
        _ d: UnsafePointer<UInt64>, into out: UnsafeMutablePointer<UInt64>
    ) {
        bsk_inner_product(modulus, out, [a, c], [b, d], 2, degree)
    }
}
