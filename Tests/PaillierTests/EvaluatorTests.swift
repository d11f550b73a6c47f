// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Paillier
import TestSupport
import Testing

@Suite struct EvaluatorTests {
    static func dot(_ rows: [[BigInt]], _ x: [BigInt], _ biases: [BigInt], _ n: BigInt) -> [BigInt]
    {
        rows.enumerated().map { i, row in
            var sum = biases.isEmpty ? BigInt() : biases[i]
            for (w, v) in zip(row, x) { sum.addProduct(w, v) }
            return sum.plaintext(n)
        }
    }

    @Test(arguments: Path.here) func sums(path: Path) throws {
        try path.run { () throws in
            let key = try KeyVectors.of(bits: 512).secretKey()
            let n = key.publicKey.modulus
            let decryptor = PaillierDecryptor(secretKey: key)
            let owner = PaillierOwnerEncryptor(secretKey: key)
            let evaluator = PaillierEvaluator(publicKey: key.publicKey, threads: 2)
            var random = SplitMix64(seed: 3)
            let half = key.publicKey.maximumPlaintext
            let a = (0..<19).map { _ in random.bigInt(below: n) - half }
            let b = (0..<19).map { _ in random.bigInt(below: n) - half }
            let (x, y) = (try owner.encrypt(a), try owner.encrypt(b))
            let sum = try evaluator.add(x, y)
            let sums = zip(a, b).map { ($0 + $1).plaintext(n) }
            #expect(try decryptor.decrypt(sum) == sums)
            // Powers of R pile up and come out.
            var chain = sum
            for _ in 0..<5 { chain = try evaluator.add(chain, sum) }
            chain = try evaluator.add(chain, plain: a)
            let expected = zip(a, b).map { a, b in
                let six: BigInt = 6 * (a + b)
                return (six + a).plaintext(n)
            }
            #expect(try decryptor.decrypt(chain) == expected)
            let fresh = try evaluator.rerandomize(chain)
            #expect(try decryptor.decrypt(fresh) == expected)
            #expect(Set(fresh.integers).isDisjoint(with: chain.integers))
            let joined = try EncryptedVector.joining([chain, x, fresh])
            #expect(try decryptor.decrypt(joined) == expected + a + expected)
            let bytes = chain.bytes
            #expect(
                try decryptor.decrypt(EncryptedVector(bytes: bytes, publicKey: key.publicKey))
                    == expected)
            #expect(throws: PaillierError.countMismatch(expected: 19, found: 2)) {
                try evaluator.add(x, y.selecting([0, 1]))
            }
            let other = PaillierSecretKey.generate(size: .insecure(bits: 512))
            let foreign = try PaillierEncryptor(publicKey: other.publicKey).encrypt(
                a.map { _ in 1 })
            #expect(throws: PaillierError.otherKey) { try evaluator.add(x, foreign) }
        }
    }

    /// Every way to form the products gives the same, whatever the weights.
    @Test(arguments: Path.here) func everyMethod(path: Path) throws {
        try path.run { () throws in
            let key = try KeyVectors.of(bits: 512).secretKey()
            let owner = PaillierOwnerEncryptor(secretKey: key)
            let decryptor = PaillierDecryptor(secretKey: key)
            let evaluator = PaillierEvaluator(publicKey: key.publicKey)
            var random = SplitMix64(seed: 5)
            let n = key.publicKey.modulus
            for bits in [1, 2, 7, 8, 63, 64, 90] {
                let limit = (BigInt(1) << bits) - 1
                let count = 13
                let rows: [[BigInt]] = [
                    (0..<count).map { _ in random.bigInt(below: limit + 1) },
                    (0..<count).map { _ in -random.bigInt(below: limit + 1) },
                    (0..<count).map { _ in random.bigInt(below: 2 * limit + 1) - limit },
                    (0..<count).map { [limit, -limit, 0, 1, -1][$0 % 5] },
                    Array(repeating: BigInt(0), count: count),
                    [1] + Array(repeating: BigInt(0), count: count - 1),
                ]
                let biases: [BigInt] = [0, 1, -1, limit, -limit, 12]
                let x = (0..<count).map { _ in random.bigInt(bits: 40) - (1 << 39) }
                let vector = try owner.encrypt(x)
                let expected = Self.dot(rows, x, biases, n)
                for method in MultiExponentiation.candidates(bits: bits) {
                    let matrix = PaillierMatrix(
                        rows: rows, biases: biases, publicKey: key.publicKey, batch: 1,
                        method: method)
                    let out = try evaluator.multiplyRevealingWeights(matrix, [vector])
                    #expect(try decryptor.decrypt(out[0]) == expected, "\(method), \(bits) bits")
                }
            }
        }
    }

    @Test(arguments: Path.here, [1, 2, 5, 8, 11])
    func matrices(path: Path, batch: Int) throws {
        try path.run { () throws in
            let key = try KeyVectors.of(bits: 512).secretKey()
            let owner = PaillierOwnerEncryptor(secretKey: key)
            let decryptor = PaillierDecryptor(secretKey: key)
            var random = SplitMix64(seed: 17)
            let n = key.publicKey.modulus
            for (rowCount, columnCount) in [(1, 1), (1, 30), (10, 40), (70, 3), (2, 200)] {
                let rows = (0..<rowCount).map { _ in
                    (0..<columnCount).map { _ in BigInt(random.int(in: -127...127)) }
                }
                let biases = (0..<rowCount).map { _ in BigInt(random.int(in: -99999...99999)) }
                let xs = (0..<batch).map { _ in
                    (0..<columnCount).map { _ in BigInt(random.int(in: -1000...1000)) }
                }
                for threads in [1, 2] {
                    let evaluator = PaillierEvaluator(publicKey: key.publicKey, threads: threads)
                    let matrix = PaillierMatrix(
                        rows: rows, biases: biases, publicKey: key.publicKey, batch: batch)
                    let vectors = try xs.map { try owner.encrypt($0) }
                    let out = try evaluator.multiply(matrix, vectors)
                    for (y, x) in zip(out, xs) {
                        #expect(
                            try decryptor.decrypt(y) == Self.dot(rows, x, biases, n))
                    }
                    // Twice the same: the same plaintexts, other ciphertexts.
                    let again = try evaluator.multiply(matrix, vectors)
                    #expect(Set(out[0].integers).isDisjoint(with: again[0].integers))
                    #expect(try decryptor.decrypt(again[0]) == decryptor.decrypt(out[0]))
                }
            }
        }
    }

    /// Without masks, two inputs whose quotient is known give outputs whose quotient tells the weight; with masks they
    /// don't.
    @Test func masksHideWeights() throws {
        let key = try KeyVectors.of(bits: 512).secretKey()
        let evaluator = PaillierEvaluator(publicKey: key.publicKey)
        let square = key.publicKey.modulus * key.publicKey.modulus
        let x = try PaillierOwnerEncryptor(secretKey: key).encrypt([3])
        let matrix = PaillierMatrix(rows: [[Int64(77)]], publicKey: key.publicKey)
        let c = x.integers[0]
        let told = c.powerVariableTime(77, modulus: square)
        #expect(try evaluator.multiplyRevealingWeights(matrix, [x])[0].integers == [told])
        #expect(try evaluator.multiply(matrix, [x])[0].integers != [told])
    }

    /// Encrypted weights, plain features: rows of ciphertexts are the vectors.
    @Test func rolesMayBeSwapped() throws {
        let key = try KeyVectors.of(bits: 512).secretKey()
        let owner = PaillierOwnerEncryptor(secretKey: key)
        let evaluator = PaillierEvaluator(publicKey: key.publicKey)
        let weights: [[BigInt]] = [[3, -4, 5], [0, 7, -1]]
        let features = PaillierMatrix(rows: [[10, -20, 30]] as [[Int64]], publicKey: key.publicKey)
        let out = try evaluator.multiply(features, weights.map { try owner.encrypt($0) })
        let found = try out.flatMap { try PaillierDecryptor(secretKey: key).decrypt($0) }
        #expect(found == [260, -170])
    }

    @Test func countsAreExact() throws {
        let key = try KeyVectors.of(bits: 512).secretKey().publicKey
        // 5 = 101: one squaring twice, one product; by sign apart.
        let one = PaillierMatrix(
            rows: [[5]], biases: [], publicKey: key, batch: 1, method: .straus(width: 2))
        #expect(one.productCount == 3 && one.squaringCount == 2)
        let signs = PaillierMatrix(
            rows: [[5, -5]], biases: [], publicKey: key, batch: 1, method: .straus(width: 2))
        #expect(signs.productCount == 6 && signs.squaringCount == 4)
        // x^5 y^3 = (x^2) (x y) x^2 y: three products and a square.
        let two = PaillierMatrix(
            rows: [[5, 3]], biases: [], publicKey: key, batch: 1, method: .differences)
        #expect(two.productCount == 4 && two.squaringCount == 1)
        // 30 weights of 8 bits, those of the benchmark: the cheapest way for many vectors, and the one before.
        var state: UInt64 = 1
        let weights = (0..<30).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return BigInt(Int((state >> 33) % 255) - 127)
        }
        let counts = PaillierMatrix.counts(rows: [weights], batch: 8)
        #expect(counts.products == 75 && counts.squarings == 4)
        let straus = PaillierMatrix(
            rows: [weights], biases: [], publicKey: key, batch: 8, method: .straus(width: 2))
        #expect(straus.productCount == 100 && straus.squaringCount == 14)
        // Buckets 1, 2, 3 with one each: 2 products for sums, 2 for sums of sums.
        let buckets = PaillierMatrix(
            rows: [[1, 2, 3]], biases: [], publicKey: key, batch: 1, method: .pippenger(width: 3))
        #expect(buckets.productCount == 4 && buckets.squaringCount == 0)
        // 127 full buckets of 784: a product for each ciphertext but one a bucket, and 2 x 126.
        let row = (0..<784).map { BigInt($0 % 127 + 1) }
        let digits = PaillierMatrix(
            rows: [row], biases: [], publicKey: key, batch: 1, method: .pippenger(width: 8))
        #expect(digits.productCount == 784 - 127 + 2 * 126)
    }
}
