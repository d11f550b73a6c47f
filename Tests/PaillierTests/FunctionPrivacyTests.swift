// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Paillier
import TestSupport
import Testing

/// What a reply tells the client, who can factor n and then take discrete logarithms: here it really can, since p - 1 and
/// q - 1 have small prime factors only.
@Suite struct FunctionPrivacyTests {
    /// Logarithms to the base h_s of the n-th powers under ciphertexts.
    private struct Logarithms {
        let key: PaillierSecretKey
        /// 2 and the odd prime factors of p - 1, then those of q - 1.
        private let factors: [(of: BigInt, primes: [UInt64])]
        /// For each prime factor the powers of its base, by their values.
        private let tables: [[[BigInt: UInt64]]]
        /// lcm(p - 1, q - 1), the order of h_s.
        let order: BigInt
        /// Of z^n.
        private var root: (p: [UInt64], q: [UInt64])

        init() throws {
            let (p, q) = (
                hex("80aa91b07eedebf76717c7c1e079c94b"), hex("ffe8dfa171badcd5de0189149afdb11b")
            )
            let mask = hex(
                "12e61f5f99800eeefac46399169b62e5c99d26ed78e96bdaa94818f6339dfba5"
                    + "87c0d952f447dd005540a1fa08eda57baff12a2394d5b53f48d4d011cb48c1e9")
            key = try PaillierSecretKey(size: .insecure(bits: 256), p: p, q: q, mask: mask)
            factors = [
                (p, [2, 1741, 2017, 2027, 2099, 2909, 3217, 3361, 3541, 3607, 3671, 3881]),
                (q, [2, 1889, 1999, 2473, 2803, 2861, 3079, 3463, 3593, 3769, 3877, 4057]),
            ]
            tables = factors.map { prime, primes in
                primes.map { l in
                    let base = mask.powerVariableTime((prime - 1) / BigInt(l), modulus: prime)
                    var table: [BigInt: UInt64] = [:]
                    var power = BigInt(1)
                    for e in 0..<l {
                        table[power] = e
                        power = (power * base).modulo(prime)
                    }
                    return table
                }
            }
            order = (p - 1) * (q - 1) / 2
            let n = key.publicKey.modulus
            let z = BigInt(try #require(Jacobi.leastOfSymbolMinusOne(modulo: n)))
            let power = z.powerVariableTime(n, modulus: n * n)
            root = ([], [])
            root = (residues(power, 0), residues(power, 1))
        }

        /// Modulo each prime factor of p - 1, or of q - 1.
        private func residues(_ c: BigInt, _ side: Int) -> [UInt64] {
            let (prime, primes) = factors[side]
            return zip(primes, tables[side]).map { l, table in
                table[c.powerVariableTime((prime - 1) / BigInt(l), modulus: prime)]!
            }
        }

        /// The logarithm of u or of u z^-n, whichever has one, where u is the n-th power in c; and whether it is that of
        /// u.
        func callAsFunction(_ c: BigInt) -> (logarithm: BigInt, isPower: Bool) {
            var (p, q) = (residues(c, 0), residues(c, 1))
            // Modulo 2 both have to agree.
            let isPower = p[0] == q[0]
            if !isPower {
                for (i, l) in factors[0].primes.enumerated() { p[i] = (p[i] + l - root.p[i]) % l }
                for (i, l) in factors[1].primes.enumerated() { q[i] = (q[i] + l - root.q[i]) % l }
            }
            let moduli = factors[0].primes + factors[1].primes.dropFirst()
            let sum = zip(moduli, p + q.dropFirst()).reduce(BigInt()) { sum, pair in
                let (l, residue) = (BigInt(pair.0), BigInt(pair.1))
                let rest = order / l
                return sum + rest * (residue * rest.inverse(modulo: l)!)
            }
            return (sum.modulo(order), isPower)
        }
    }

    /// The weights for which the exponent of the reply's mask would be as short as masks' are without function privacy.
    private static func candidates(
        _ logarithms: Logarithms, weight: Int64, functionPrivacyBits: Int
    ) throws -> [Int64] {
        let key = logarithms.key.publicKey
        let evaluator = PaillierEvaluator(
            publicKey: key, functionPrivacyBits: functionPrivacyBits)
        let matrix = PaillierMatrix(rows: [[weight]], biases: [3], publicKey: key)
        let request = try PaillierOwnerEncryptor(secretKey: logarithms.key).encrypt([17])
        let reply = try evaluator.multiply(matrix, [request])[0]
        let (sent, received) = (
            logarithms(request.integers[0]), logarithms(reply.integers[0])
        )
        #expect(sent.isPower)
        return (-127...127).filter { (guess: Int64) in
            let exponent = received.logarithm - BigInt(guess) * sent.logarithm
            return exponent.modulo(logarithms.order).bitLength <= key.size.bits / 2
        }
    }

    /// With masks of half length one reply tells the weight; with long ones no weight is likelier than another.
    @Test func logarithmsTellNoWeights() throws {
        let logarithms = try Logarithms()
        for weight: Int64 in [1, -77, 126, -127] {
            #expect(
                try Self.candidates(logarithms, weight: weight, functionPrivacyBits: 0) == [weight]
            )
            for bits in [40, 64, 80] {
                #expect(
                    try Self.candidates(logarithms, weight: weight, functionPrivacyBits: bits)
                        == [])
            }
        }
    }

    /// Both encryptors draw from the powers of h_s, evenly modulo small factors of its order; the evaluator's masks are
    /// in the other coset half the time.
    @Test func masksAreUniformPowers() throws {
        let logarithms = try Logarithms()
        let key = logarithms.key.publicKey
        let zeros = Array(repeating: BigInt(0), count: 300)
        let evaluator = PaillierEvaluator(publicKey: key, functionPrivacyBits: 40)
        for (name, vector, coins) in [
            ("owner", try PaillierOwnerEncryptor(secretKey: logarithms.key).encrypt(zeros), false),
            ("public", try PaillierEncryptor(publicKey: key).encrypt(zeros), false),
            (
                "evaluator",
                try evaluator.rerandomize(PaillierEncryptor(publicKey: key).encrypt(zeros)), true
            ),
        ] {
            let found = vector.integers.map { logarithms($0) }
            let powers = found.count { $0.isPower }
            #expect(coins ? (98...202).contains(powers) : powers == 300, "\(name): \(powers)")
            let even = found.count { !$0.logarithm.isOdd }
            #expect((98...202).contains(even), "\(name): \(even) of 300")
            if name != "public" {
                // Uniform below the order, in quarters.
                let quarters = found.map { Int(($0.logarithm * 4 / logarithms.order).description)! }
                for quarter in 0..<4 {
                    let count = quarters.count { $0 == quarter }
                    #expect((30...120).contains(count), "\(name): \(count) in quarter \(quarter)")
                }
            }
        }
    }

    @Test(arguments: Path.here, [40, 64, 80]) func exact(path: Path, bits: Int) throws {
        try path.run {
            let key = try KeyVectors.of(bits: 512).secretKey()
            let evaluator = PaillierEvaluator(
                publicKey: key.publicKey, functionPrivacyBits: bits)
            #expect(evaluator.masks.source.table.exponentBits == 512 + bits)
            #expect(
                PaillierEvaluator(publicKey: key.publicKey).masks.source.table.exponentBits == 256)
            var random = SplitMix64(seed: UInt64(bits))
            let rows = (0..<3).map { _ in (0..<9).map { _ in BigInt(random.int(in: -127...127)) } }
            let matrix = PaillierMatrix(
                rows: rows, biases: [5, -6, 7], publicKey: key.publicKey, batch: 5)
            let samples = (0..<5).map { _ in
                (0..<9).map { _ in BigInt(random.int(in: -999...999)) }
            }
            let vectors = try samples.map {
                try PaillierOwnerEncryptor(secretKey: key).encrypt($0)
            }
            // Masks that were made ahead for some, for all and for none.
            for ready in [7, 15, 0] {
                evaluator.fillMasks(to: ready)
                #expect(evaluator.masks.ready == ready)
                for (y, x) in zip(try evaluator.multiply(matrix, vectors), samples) {
                    #expect(
                        try PaillierDecryptor(secretKey: key).decrypt(y)
                            == EvaluatorTests.dot(rows, x, [5, -6, 7], key.publicKey.modulus))
                }
            }
            #expect(evaluator.masks.missed == 8 + 0 + 15)
        }
    }
}
