// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Lattice
import Testing

@Suite struct SecurityTests {
    /// "Security Guidelines for Implementing Homomorphic Encryption", table 5.2, copied by hand.
    static let table: [(degree: Int, level: SecurityLevel, bits: Int)] = [
        (1024, .bits128, 26), (2048, .bits128, 53), (4096, .bits128, 106),
        (8192, .bits128, 214), (16384, .bits128, 430), (32768, .bits128, 868),
        (65536, .bits128, 1747), (2048, .bits192, 36), (4096, .bits192, 73),
        (8192, .bits192, 147), (16384, .bits192, 297), (32768, .bits192, 597),
        (65536, .bits192, 1199), (2048, .bits256, 27), (4096, .bits256, 56),
        (8192, .bits256, 114), (16384, .bits256, 230), (32768, .bits256, 462),
        (65536, .bits256, 929),
    ]

    @Test func boundsAreExact() {
        for row in Self.table {
            let bound = BigInt(1) << row.bits
            func allows(_ modulus: BigInt) -> Bool {
                SecurityTable.allows(modulus: modulus, degree: row.degree, level: row.level)
            }
            #expect(allows(bound - 1) && allows(bound), "\(row)")
            #expect(!allows(bound + 1) && !allows(bound << 1), "\(row)")
            #expect(
                SecurityTable.maximumBits(degree: row.degree, level: row.level) == row.bits)
            // A bound of one level is the first modulus for which that level is not the strongest any more.
            #expect(SecurityTable.level(modulus: bound, degree: row.degree) == row.level)
            #expect(SecurityTable.level(modulus: bound + 1, degree: row.degree) < row.level)
        }
    }

    @Test func noEntryAllowsNothing() {
        for degree in [0, 8, 512, 1000, 3000, 131_072] {
            for level in SecurityLevel.allCases where level != .insecure {
                #expect(!SecurityTable.allows(modulus: 1, degree: degree, level: level))
                #expect(SecurityTable.maximumBits(degree: degree, level: level) == nil)
            }
            #expect(SecurityTable.allows(modulus: 1 << 60, degree: degree, level: .insecure))
            #expect(SecurityTable.level(modulus: 1, degree: degree) == .insecure)
        }
        for level in [SecurityLevel.bits192, .bits256] {
            #expect(!SecurityTable.allows(modulus: 1, degree: 1024, level: level))
        }
    }

    /// Moduli whose product is on either side of a bound, as near as primes allow.
    struct Edge {
        let moduli: [UInt64]
        let below: UInt64
        let above: UInt64

        init(degree: Int, bits: Int) throws {
            let step = UInt64(2 * degree)
            let count = (bits - 27 + 44) / 45
            var rest = bits - 27
            let sizes = (0..<count).map { i in
                let size = min(49, rest / (count - i))
                rest -= size
                return size
            }
            var used: Set<UInt64> = []
            moduli = try sizes.map { size in
                let prime = try #require(
                    Primes.nttPrimes(
                        bits: size, count: 1, congruentTo1Modulo: step, excluding: used
                    ).first, "no prime of \(size) bits")
                used.insert(prime)
                return prime
            }
            let product = moduli.reduce(BigInt(1)) { $0 * BigInt($1) }
            let limit = try #require(UInt64(exactly: (BigInt(1) << bits) / product))
            above = try #require(
                Primes.nttPrimes(
                    from: limit + 1, count: 1, congruentTo1Modulo: step, excluding: used
                ).first)
            var candidate = limit / step * step + 1
            while candidate > limit || !Primes.isPrime(candidate) || used.contains(candidate) {
                candidate -= step
            }
            below = candidate
        }
    }

    @Test(arguments: table.map { [$0.degree, $0.level.rawValue, $0.bits] })
    func parametersMeetTheTable(row: [Int]) throws {
        let (degree, bits) = (row[0], row[2])
        let level = try #require(SecurityLevel(rawValue: row[1]))
        // Two distinct primes that are 1 mod 2N don't fit in less.
        guard bits >= 53 else { return }
        let edge = try Edge(degree: degree, bits: bits)
        let good = try LatticeParameters(
            degree: degree, ciphertextModuli: edge.moduli, specialModulus: edge.below,
            security: level)
        #expect(good.keyModulus <= BigInt(1) << bits && good.security == level)
        #expect(throws: ParameterError.self) {
            try LatticeParameters(
                degree: degree, ciphertextModuli: edge.moduli, specialModulus: edge.above,
                security: level)
        }
        // What is refused, is refused for its size.
        let loose = try LatticeParameters.insecure(
            degree: degree, ciphertextModuli: edge.moduli, specialModulus: edge.above)
        #expect(loose.keyModulus > BigInt(1) << bits && loose.security == .insecure)
    }

    @Test func everythingBelow128BitsIsRefused() throws {
        // Legal in every way but its level.
        let (q, p): (UInt64, UInt64) = (65537, 114689)
        #expect(throws: ParameterError.insecureLevel) {
            try LatticeParameters(
                degree: 8192, ciphertextModuli: [q], specialModulus: p,
                security: .insecure)
        }
        let secure = try LatticeParameters(
            degree: 8192, ciphertextModuli: [q], specialModulus: p)
        #expect(secure.security == .bits128)
        // The same moduli in rings that the table doesn't know, or at N = 1024, where nothing fits.
        for degree in [8, 64, 512, 1024] {
            #expect(throws: ParameterError.self) {
                try LatticeParameters(
                    degree: degree, ciphertextModuli: [q], specialModulus: p)
            }
            _ = try LatticeParameters.insecure(
                degree: degree, ciphertextModuli: [q], specialModulus: p)
        }
        #expect(
            throws: ParameterError.tooLargeForSecurity(
                bits: 33, degree: 1024, level: 128, maximum: 26)
        ) {
            try LatticeParameters(
                degree: 1024, ciphertextModuli: [q], specialModulus: p)
        }
    }

    @Test func malformedParametersAreRefused() throws {
        let (q, p): (UInt64, UInt64) = (65537, 114689)
        func error(_ degree: Int, _ q: [UInt64], _ p: UInt64) -> ParameterError? {
            #expect(throws: ParameterError.self, "N \(degree), \(q), \(p)") {
                try LatticeParameters.insecure(
                    degree: degree, ciphertextModuli: q, specialModulus: p)
            }
        }
        for degree in [-8, 0, 4, 100, 131_072] {
            #expect(error(degree, [q], p) == .degree(degree))
        }
        #expect(error(8192, [], p) == .count("ciphertext moduli", 0))
        let many = [UInt64](repeating: q, count: 65)
        #expect(error(8192, many, p) == .count("ciphertext moduli", 65))
        #expect(error(8192, [q, q], p) == .repeatedModulus(q))
        #expect(error(8192, [q], q) == .repeatedModulus(q))
        let others: [UInt64] = [0, 1, 2, 257, 65536, 65539, 65537 * 114689, 1 << 50, .max]
        for bad in others {
            #expect(error(8192, [bad], p) == .modulus(bad, degree: 8192))
            #expect(error(8192, [q], bad) == .modulus(bad, degree: 8192))
        }
    }
}
