// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import TestSupport
import Testing

@Suite struct CRTBasisTests {
    static let bases: [[UInt64]] = [
        [2], [17], [4, 9, 25], [.max, .max - 1], [1 << 63, 3, 12289],
        Primes.nttPrimes(bits: 49, count: 8, congruentTo1Modulo: 16384),
    ]

    @Test(arguments: bases) func residuesAndBack(moduli: [UInt64]) throws {
        let basis = try CRTBasis(validating: moduli)
        let product = basis.product
        #expect(product == moduli.reduce(BigInt(1)) { $0 * BigInt($1) })
        var generator = SplitMix64(seed: product.residue(modulo: 1_000_003))
        let random = (0..<30).map { _ in
            moduli.reduce(BigInt(7)) { sum, _ in (sum << 64) + BigInt(generator.next()) }
        }
        for x in [
            0, 1, product - 1, product >> 1, (product >> 1) + 1, product, product + 5, -1, -product,
        ] + random {
            let residues = basis.residues(of: x)
            #expect(residues == moduli.map { UInt64(exactly: x.modulo(BigInt($0))) })
            #expect(basis.reconstruct(residues: residues) == x.modulo(product), "\(x)")
            #expect(
                basis.reconstructCentered(residues: residues) == x.centered(modulo: product), "\(x)"
            )
        }
    }

    @Test func refusesWhatIsNoBasis() {
        #expect(throws: CRTBasis.InvalidModuli.empty) { try CRTBasis(validating: []) }
        #expect(throws: CRTBasis.InvalidModuli.tooSmall(1)) { try CRTBasis(validating: [5, 1]) }
        #expect(throws: CRTBasis.InvalidModuli.sharedFactor(6, with: 15)) {
            try CRTBasis(validating: [6, 7, 15])
        }
    }
}
