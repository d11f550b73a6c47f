// SPDX-License-Identifier: Apache-2.0

import Ring

/// How a polynomial modulo Q_l is split into small digits for key switching: each residue, taken
/// centered, into balanced digits of at most `digitBits` bits.
public struct Gadget: Sendable, Hashable {
    /// The number of ciphertext moduli that the key covers; it serves lower levels too.
    package let level: Int
    /// The widest digit, in bits.
    package let digitBits: Int

    /// - Parameters:
    ///   - level: 1 to the parameters' `maximumLevel`.
    ///   - digitBits: 1 to 50; by default each residue is one digit, for the smallest keys.
    public init(level: Int, digitBits: Int = 50) {
        self.level = level
        self.digitBits = digitBits
    }

    /// Digits per limb: of `modulusBits` bits, in equal parts.
    package func digitCount(modulusBits: Int) -> Int {
        (modulusBits + digitBits - 1) / digitBits
    }

    /// The width of each digit but the top one of a limb.
    package func digitWidth(modulusBits: Int) -> Int {
        let count = digitCount(modulusBits: modulusBits)
        return (modulusBits + count - 1) / count
    }

    /// (limb, digit) of every digit at `level`, limb by limb, so that a lower level uses a prefix.
    package func digits(of basis: RNSBasis) -> [(limb: Int, digit: Int)] {
        basis.tables.indices.flatMap { limb in
            (0..<digitCount(modulusBits: basis.tables[limb].bits)).map { (limb, $0) }
        }
    }
}
