// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Paillier
import TestSupport
import Testing

/// Jacobi symbols modulo n, which anyone computes: a listener's attack on weights, with the public key alone.
@Suite struct JacobiTests {
    /// (a / n) by reciprocity.
    static func symbol(_ a: BigInt, _ n: BigInt) -> Int {
        var (a, n, sign) = (a.modulo(n), n, 1)
        while !a.isZero {
            while !a.isOdd {
                a = a >> 1
                if [3, 5].contains(n.residue(modulo: 8)) { sign = -sign }
            }
            swap(&a, &n)
            if a.residue(modulo: 4) == 3 && n.residue(modulo: 4) == 3 { sign = -sign }
            a = a.modulo(n)
        }
        return n == 1 ? sign : 0
    }

    /// The parities of `count` weights by elimination, from symbols of requests and replies: whether each reply's is the
    /// product of those of the features with odd weights. nil where no weights fit.
    private static func parities(
        _ observations: [(request: [Int], reply: Int)], count: Int
    ) -> [Int]? {
        var rows = observations.map {
            ($0.request + [$0.reply]).map { $0 == -1 ? 1 : 0 }
        }
        var done = 0
        for column in 0..<count {
            guard let pivot = rows[done...].firstIndex(where: { $0[column] == 1 }) else {
                return nil
            }
            rows.swapAt(done, pivot)
            for i in rows.indices where i != done && rows[i][column] == 1 {
                for j in 0...count { rows[i][j] ^= rows[done][j] }
            }
            done += 1
        }
        // The equations left over must hold.
        guard rows[done...].allSatisfy({ $0[count] == 0 }) else { return nil }
        return (0..<count).map { rows[$0][count] }
    }

    @Test(arguments: Path.here) func paritiesOfWeightsAreNotRead(path: Path) throws {
        try path.run {
            let key = try KeyVectors.of(bits: 512).secretKey()
            let n = key.publicKey.modulus
            // Of n-th powers of both symbols, as other libraries make them.
            let encryptor = PaillierEncryptor(publicKey: key.publicKey)
            let evaluator = PaillierEvaluator(publicKey: key.publicKey)
            let weights: [Int64] = [4, -7, 12, 1, 9, -100, 33, 2, 5, -6]
            let matrix = PaillierMatrix(rows: [weights], biases: [7], publicKey: key.publicKey)
            var random = SplitMix64(seed: 8)
            var (bare, sent) = ([(request: [Int], reply: Int)](), [(request: [Int], reply: Int)]())
            for _ in 0..<40 {
                let features = try encryptor.encryptWithPlainMasks(
                    weights.map { _ in BigInt(random.next() % 256) })
                let symbols = features.integers.map { Self.symbol($0, n) }
                func observe(_ replies: [EncryptedVector]) -> (request: [Int], reply: Int) {
                    (symbols, Self.symbol(replies[0].integers[0], n))
                }
                bare.append(
                    observe(try evaluator.multiplyRevealingWeights(matrix, [features])))
                sent.append(observe(try evaluator.multiply(matrix, [features])))
            }
            let truth = weights.map { Int($0.magnitude % 2) }
            #expect(Self.parities(bare, count: weights.count) == truth)
            // 30 equations too many: coins fit some weights once in 2^30.
            #expect(Self.parities(sent, count: weights.count) == nil)
        }
    }

    /// Fresh ciphertexts have symbol 1, whoever encrypts. A new mask says nothing of the ciphertext under it: symbols are
    /// kept half the time.
    @Test(arguments: Path.here) func symbolsAreNotKept(path: Path) throws {
        try path.run {
            let key = try KeyVectors.of(bits: 512).secretKey()
            let n = key.publicKey.modulus
            let encryptor = PaillierEncryptor(publicKey: key.publicKey)
            let evaluator = PaillierEvaluator(publicKey: key.publicKey)
            let values = (0..<200).map { BigInt($0) }
            let first = try encryptor.encrypt(values)
            let second = try evaluator.rerandomize(first)
            let kept = zip(first.integers, second.integers).count {
                Self.symbol($0, n) == Self.symbol($1, n)
            }
            // Six deviations.
            #expect((58...142).contains(kept), "\(kept) of 200")
            let owners = try PaillierOwnerEncryptor(secretKey: key).encrypt(values)
            for vector in [first, owners] {
                #expect(vector.integers.allSatisfy { Self.symbol($0, n) == 1 })
            }
            #expect(
                try PaillierDecryptor(secretKey: key).decrypt(second)
                    == values)
        }
    }

    /// The small symbols, against reciprocity on big integers.
    @Test func leastOfSymbolMinusOne() throws {
        for bits in [512] {
            let n = try KeyVectors.of(bits: bits).secretKey().publicKey.modulus
            let z = try #require(Jacobi.leastOfSymbolMinusOne(modulo: n))
            #expect(Self.symbol(BigInt(z), n) == -1)
            for smaller in stride(from: UInt64(3), to: z, by: 2) {
                #expect(Self.symbol(BigInt(smaller), n) != -1)
            }
        }
        #expect(Jacobi.leastOfSymbolMinusOne(modulo: BigInt(65_537) * BigInt(65_537)) == nil)
        #expect(Jacobi.leastOfSymbolMinusOne(modulo: 7) == 3)
    }
}
