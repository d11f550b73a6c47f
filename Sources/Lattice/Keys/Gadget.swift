// SPDX-License-Identifier: Apache-2.0

import Ring

/// How a polynomial modulo Q_l is split into small digits for key switching: each residue, taken centered, into balanced
/// digits of at most `digitBits` bits; or, where these are more than a residue has, neighbouring residues together into
/// one digit, their centered value modulo the product of their moduli.
public struct Gadget: Sendable, Hashable {
    /// The number of ciphertext moduli that the key covers; it serves lower levels too.
    package let level: Int
    /// The widest digit, in bits.
    package let digitBits: Int

    /// The widest digits of one residue each.
    package static let mostResidueBits = 50
    /// The widest of all.
    package static let mostDigitBits = 800

    /// - Parameters:
    ///   - level: 1 to the parameters' `maximumLevel`.
    ///   - digitBits: 1 to 50 for digits of one residue, above for digits of several, up to 800; by default each residue
    ///     is one digit.
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

    /// A digit: of one limb, of which there may be several, or of several limbs together.
    package struct Slice: Sendable, Equatable {
        package let limbs: Range<Int>
        package let digit: Int
    }

    /// Every digit of limbs with so many bits, limb by limb. A lower level's are a prefix, but that the last one may be of
    /// fewer limbs.
    package func digits(bits: [Int]) -> [Slice] {
        var out: [Slice] = []
        var limb = 0
        while limb < bits.count {
            var end = limb + 1
            if digitBits > Self.mostResidueBits {
                var total = bits[limb]
                while end < bits.count, total + bits[end] <= digitBits {
                    total += bits[end]
                    end += 1
                }
            }
            for digit in 0..<digitCount(modulusBits: bits[limb]) {
                out.append(Slice(limbs: limb..<end, digit: digit))
            }
            limb = end
        }
        return out
    }

    package func digits(of basis: RNSBasis) -> [Slice] { digits(bits: basis.tables.map(\.bits)) }
}
