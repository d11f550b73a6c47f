// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// Jacobi symbols of small numbers modulo a public one. Anyone computes them without its factors. Variable time.
package enum Jacobi {
    /// The least odd z below 2^16 with (z / n) = -1, n odd; nil where there is none, as for a square.
    package static func leastOfSymbolMinusOne(modulo n: BigInt) -> UInt64? {
        let residue = n.residue(modulo: 4)
        return stride(from: UInt64(3), to: 1 << 16, by: 2).first { z in
            // (z / n) (n / z) = -1 where both are 3 mod 4, else 1.
            let flips = z % 4 == 3 && residue == 3
            return symbol(n.residue(modulo: z), modulo: z) == (flips ? 1 : -1)
        }
    }

    /// (a / z) for an odd z: -1, 0 or 1.
    static func symbol(_ a: UInt64, modulo z: UInt64) -> Int {
        var (a, z, sign) = (a % z, z, 1)
        while a != 0 {
            while a % 2 == 0 {
                a /= 2
                if z % 8 == 3 || z % 8 == 5 { sign = -sign }
            }
            (a, z) = (z, a)
            if a % 4 == 3 && z % 4 == 3 { sign = -sign }
            a %= z
        }
        return z == 1 ? sign : 0
    }
}
