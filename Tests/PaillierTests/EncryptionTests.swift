// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Foundation
import Paillier
import TestSupport
import Testing

@Suite struct EncryptionTests {
    /// phe's ciphertexts, ours of the same randomness, and back.
    @Test(arguments: Path.here, KeyVectors.all.map { $0.bits })
    func knownAnswers(path: Path, bits: Int) throws {
        try path.run { () throws in
            let v = KeyVectors.of(bits: bits)
            let key = try v.secretKey()
            let n = key.publicKey.modulus
            let cs = v.encryptions.map { hex($0.c) }
            let vector = try EncryptedVector(integers: cs, publicKey: key.publicKey)
            #expect(vector.integers == cs)
            #expect(
                try PaillierDecryptor(secretKey: key).decrypt(vector)
                    == v.encryptions.map { hex($0.m).plaintext(n) })
            // c = (1 + m n) r^n, with our arithmetic mod n^2.
            let ring = key.publicKey.ring
            for e in v.encryptions {
                let number = ring.constant(hex(e.r) * ring.radix)
                ring.raise(number, to: Exponent(n, bits: bits, isSecret: false))
                let message = ring.constant(1 + hex(e.m) * n)
                ring.multiply(number[0], number[0], message[0])
                #expect(ring.held(number[0]) == hex(e.c))
            }
            let evaluator = PaillierEvaluator(publicKey: key.publicKey)
            let sum = try evaluator.add(vector.selecting([3]), vector.selecting([8]))
            #expect(sum.integers == [hex(v.sum)])
            let matrix = PaillierMatrix(rows: [v.weights.map(hex)], publicKey: key.publicKey)
            let product = try evaluator.multiplyRevealingWeights(matrix, [vector])
            #expect(product[0].integers == [hex(v.product)])
            let dot = try PaillierDecryptor(secretKey: key).decrypt(product[0])
            #expect(dot == [hex(v.dot).plaintext(n)])
        }
    }

    /// What phe decrypted of ciphertexts that this library made.
    @Test(arguments: KeyVectors.all.map { $0.bits })
    func phesDecryptionsOfOurs(bits: Int) throws {
        let v = KeyVectors.of(bits: bits)
        #expect(v.ours.count >= 6)
        let key = try v.secretKey()
        let vector = try EncryptedVector(
            integers: v.ours.map { hex($0.c) }, publicKey: key.publicKey)
        let expected = v.ours.map { hex($0.m).plaintext(key.publicKey.modulus) }
        #expect(try PaillierDecryptor(secretKey: key).decrypt(vector) == expected)
        #expect(expected.prefix(6) == Self.messagesForPhe(key.publicKey))
    }

    static func messagesForPhe(_ key: PaillierPublicKey) -> ArraySlice<BigInt> {
        [0, 1, -1, key.maximumPlaintext, -key.maximumPlaintext, 1_234_567_890_123_456_789]
    }

    /// Writes what Tests/Vectors/paillier.py completes the vectors with.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["PAILLIER_VECTORS_OUT"] != nil))
    func writeOurs() throws {
        var ours: [String: [String]] = [:]
        for v in KeyVectors.all {
            let key = try v.secretKey()
            let messages = Array(Self.messagesForPhe(key.publicKey))
            let open = PaillierEncryptor(publicKey: key.publicKey)
            let all = [
                try open.encrypt(messages),
                try PaillierOwnerEncryptor(secretKey: key).encrypt(messages),
                try open.encryptWithPlainMasks(messages),
            ]
            ours["\(v.bits)"] = all.flatMap { $0.integers.map { $0.text(radix: 16) } }
        }
        let file = ProcessInfo.processInfo.environment["PAILLIER_VECTORS_OUT"]!
        try JSONEncoder().encode(ours).write(to: URL(fileURLWithPath: file))
    }

    @Test(arguments: Path.here, [256, 512, 1024])
    func everyEncryptorDecrypts(path: Path, bits: Int) throws {
        try path.run { () throws in
            let key = PaillierSecretKey.generate(size: .insecure(bits: bits))
            let limit = key.publicKey.maximumPlaintext
            var random = SplitMix64(seed: 1)
            for threads in [1, 3] {
                let decryptor = PaillierDecryptor(secretKey: key, threads: threads)
                let open = PaillierEncryptor(publicKey: key.publicKey, threads: threads)
                let owner = PaillierOwnerEncryptor(secretKey: key, threads: threads)
                let short = PaillierEncryptor(
                    publicKey: key.publicKey, exponent: .assumingShortExponents(bits: 256))
                for count in [0, 1, 7, 8, 9, 70] {
                    let messages = (0..<count).map { i in
                        i % 5 == 0
                            ? [0, 1, -1, limit, -limit][i / 5 % 5]
                            : random.bigInt(below: limit) - random.bigInt(below: limit)
                    }
                    #expect(try decryptor.decrypt(open.encrypt(messages)) == messages)
                    #expect(try decryptor.decrypt(owner.encrypt(messages)) == messages)
                    if count < 10 {
                        #expect(try decryptor.decrypt(short.encrypt(messages)) == messages)
                        #expect(
                            try decryptor.decrypt(open.encryptWithPlainMasks(messages))
                                == messages)
                    }
                }
                #expect(throws: PaillierError.plaintextOutOfRange(index: 1)) {
                    try open.encrypt([0, limit + 1])
                }
                #expect(throws: PaillierError.plaintextOutOfRange(index: 0)) {
                    try owner.encrypt([-limit - 1])
                }
            }
        }
    }

    /// Ciphertexts of each encryptor are n-th powers times 1 + m n, and no two are equal.
    @Test(arguments: Path.here) func masksAreFresh(path: Path) throws {
        try path.run { () throws in
            let key = try KeyVectors.of(bits: 512).secretKey()
            let open = PaillierEncryptor(publicKey: key.publicKey)
            let messages = Array(repeating: BigInt(5), count: 40)
            let all = [
                try open.encrypt(messages), try open.encrypt(messages),
                try PaillierOwnerEncryptor(secretKey: key).encrypt(messages),
                try open.encryptWithPlainMasks(Array(messages[..<4])),
            ].flatMap { $0.integers }
            #expect(Set(all).count == all.count)
            // Both sorts of residues mod p: the owner's masks are uniform, h^r has both signs.
            let p = key.p.prime
            let residues = all[80..<120].filter {
                $0.modulo(p).powerVariableTime((p - 1) >> 1, modulus: p) == 1
            }
            #expect((5...35).contains(residues.count))
        }
    }

    @Test(arguments: Path.here) func bytesRoundTripOnEitherPath(path: Path) throws {
        let v = KeyVectors.of(bits: 1024)
        let key = try path.run { try v.secretKey() }
        let other = try v.secretKey()
        let messages = (-5...5).map { BigInt($0) }
        let vector = try PaillierOwnerEncryptor(secretKey: key).encrypt(messages)
        let bytes = vector.bytes
        #expect(bytes.count == 11 * key.publicKey.ciphertextBytes)
        let read = try EncryptedVector(bytes: bytes, publicKey: other.publicKey)
        #expect(read.bytes == bytes && read.integers == vector.integers)
        #expect(try PaillierDecryptor(secretKey: other).decrypt(read) == messages)
        #expect(try EncryptedVector(bytes: [], publicKey: key.publicKey).count == 0)
    }

    @Test func malformedCiphertextsAreRefused() throws {
        let key = try KeyVectors.of(bits: 512).secretKey()
        let (p, n) = (key.p.prime, key.publicKey.modulus)
        let good = hex(KeyVectors.of(bits: 512).encryptions[0].c)
        for bad in [0, n, p, p * 12_345, n * n - p, n * n, n * n + 1, n * (n - 1), -1] {
            for position in [0, 1, 9] {
                var integers = Array(repeating: good, count: 10)
                integers[position] = bad
                #expect(throws: PaillierError.invalidCiphertext(index: position)) {
                    try EncryptedVector(integers: integers, publicKey: key.publicKey)
                }
            }
        }
        // By bytes, coordinate by coordinate: 0 and p are no unit, n and above out of range.
        let half = key.publicKey.ciphertextBytes / 2
        for (a0, a1) in [(0, 1), (p, 1), (n, 0), (1, n), (1, (BigInt(1) << 512) - 1)]
            as [(BigInt, BigInt)]
        {
            let bytes =
                a0.littleEndianBytes(count: half)! + a1.littleEndianBytes(count: half)!
            #expect(throws: PaillierError.invalidCiphertext(index: 0)) {
                try EncryptedVector(bytes: bytes, publicKey: key.publicKey)
            }
        }
        let bytes = try EncryptedVector(integers: [good], publicKey: key.publicKey).bytes
        for length in 1..<bytes.count {
            #expect(throws: PaillierError.self) {
                try EncryptedVector(bytes: Array(bytes[..<length]), publicKey: key.publicKey)
            }
        }
        let other = PaillierSecretKey.generate(size: .insecure(bits: 512))
        let vector = try EncryptedVector(integers: [good], publicKey: key.publicKey)
        #expect(throws: PaillierError.otherKey) {
            try PaillierDecryptor(secretKey: other).decrypt(vector)
        }
    }

    /// One plaintext wrong mod p, right mod q: what would give p away is not given out.
    @Test(arguments: Path.here, [1, 5, 8, 30]) func faultsAreCaught(path: Path, count: Int) throws {
        try path.run { () throws in
            let key = try KeyVectors.of(bits: 512).secretKey()
            let messages = (0..<count).map { BigInt($0 * 3) - 7 }
            let vector = try PaillierOwnerEncryptor(secretKey: key).encrypt(messages)
            let decryptor = PaillierDecryptor(secretKey: key)
            #expect(try decryptor.decrypt(vector) == messages)
            for wrong in Set([0, count / 2, count - 1, count]) {
                #expect(throws: PaillierError.faultDetected) {
                    try FaultCheck.$injected.withValue(wrong) { try decryptor.decrypt(vector) }
                }
            }
        }
    }
}
