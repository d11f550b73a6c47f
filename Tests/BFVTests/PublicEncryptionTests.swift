// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Foundation
import Lattice
import Oracle
import Ring
import TestSupport
import Testing

/// Encryption under a public key, against the oracle and the noise bound.
@Suite struct PublicEncryptionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let degree: Int
        let ciphertextBits: [Int]
        let plaintextBits: Int
        let index: Int

        var testDescription: String {
            "N \(degree), q \(ciphertextBits), t \(plaintextBits), k \(index)"
        }

        func context() throws -> BFVContext {
            var used: Set<UInt64> = []
            let primes = try (ciphertextBits + [49, plaintextBits]).map { bits in
                let prime = try #require(
                    Primes.nttPrimes(
                        bits: bits, count: 1, congruentTo1Modulo: UInt64(2 * degree),
                        excluding: used
                    ).first)
                used.insert(prime)
                return prime
            }
            let plaintext = try #require(
                Primes.nttPrimes(
                    bits: plaintextBits, count: 20, congruentTo1Modulo: UInt64(2 * degree),
                    excluding: Set(primes.dropLast())
                ).lazy.compactMap {
                    PlaintextModulus.ideal(prime: $0, index: index, degree: degree)
                }.first)
            return try BFVContext(
                .insecure(
                    degree: degree, ciphertextModuli: Array(primes.dropLast(2)),
                    specialModulus: primes[primes.count - 2],
                    plaintexts: [plaintext]))
        }
    }

    static let cases = [
        Case(degree: 64, ciphertextBits: [49, 30], plaintextBits: 13, index: 1),
        Case(degree: 256, ciphertextBits: [45, 36, 36], plaintextBits: 17, index: 1),
        Case(degree: 1024, ciphertextBits: [48, 40], plaintextBits: 30, index: 4),
        Case(degree: 8192, ciphertextBits: [48, 48, 48, 36], plaintextBits: 17, index: 1),
        Case(degree: 8192, ciphertextBits: [48, 48, 48, 36], plaintextBits: 35, index: 4),
    ]

    private static func slots(_ context: BFVContext, seed: UInt64) -> [UInt64] {
        var generator = SplitMix64(seed: seed)
        let t = context.parameters.plaintextModuli[0]
        return (0..<context.plaintexts[0].encoder.slotCount).map { _ in generator.next() % t }
    }

    /// b + a s is an error modulo Q, and not 0.
    @Test(arguments: cases) func keysAreEncryptionsOfZero(testCase: Case) throws {
        let context = try testCase.context()
        let secret = SecretKey(context: context)
        let key = KeyGenerator(secretKey: secret).publicKey()
        let oracle = OracleBFV(
            secret, context: context, plaintextIndex: 0, level: context.maximumLevel)
        let zero = Ciphertext(polynomials: [key.b, key.a], plaintextIndex: 0)
        let error = oracle.phase(OracleCiphertext(zero)).norm
        #expect(error >= 1 && error <= 21, "error \(error)")
        #expect(KeyGenerator(secretKey: secret).publicKey().seed != key.seed)
    }

    @Test(arguments: cases) func decryptsRightWithNoiseUnderTheBound(testCase: Case) throws {
        let context = try testCase.context()
        let secret = SecretKey(context: context)
        let encryptor = PublicEncryptor(
            context: context, publicKey: KeyGenerator(secretKey: secret).publicKey())
        let decryptor = Decryptor(context: context, secretKey: secret)
        let meter = NoiseMeter(context: context, variableTimeWith: secret)
        let plaintext = context.plaintexts[0]
        let model = NoiseModel(degree: testCase.degree, plaintext: plaintext.ideal)
        let bound = model.freshPublic
        for level in 1...context.maximumLevel {
            let slots = Self.slots(context, seed: UInt64(level))
            let c = encryptor.encrypt(slots: slots, plaintextIndex: 0, level: level)
            #expect(c.level == level && c.seed == nil)
            let half = context.parameters.modulus(level: level).log2Lower - 1
            #expect(log2(bound.coefficient) < half, "a bound that proves nothing at \(level)")
            #expect(decryptor.decrypt(c).slots == slots, "level \(level)")
            let message = OracleBFV(secret, context: context, plaintextIndex: 0, level: level)
                .decrypt(OracleCiphertext(c))
            #expect(
                plaintext.encoder.decode(message.coefficients.map { UInt64(exactly: $0)! })
                    == slots, "level \(level)")
            let found = meter.norms(of: c)
            #expect(found.mean <= bound.norms.mean, "\(found)")
            #expect(found.rootMeanSquare <= bound.norms.rootMeanSquare, "\(found)")
            #expect(found.largest <= bound.norms.largest, "\(found)")
            let gap = log2(bound.norms.rootMeanSquare / found.rootMeanSquare)
            #expect(gap < 5, "\(gap) bits under the bound")
            // More than the symmetric encryptor's bound: the noise that is bounded here is there.
            #expect(found.rootMeanSquare > model.fresh.norms.rootMeanSquare)
            let peak = meter.noise(of: c).map(\.magnitude).max()!
            #expect(peak.log2Lower <= log2(bound.coefficient), "coefficient \(peak)")
        }
    }

    @Test func encryptionsAreFresh() throws {
        let context = try Self.cases[1].context()
        let secret = SecretKey(context: context)
        let encryptor = PublicEncryptor(
            context: context, publicKey: KeyGenerator(secretKey: secret).publicKey())
        let slots = Self.slots(context, seed: 1)
        let a = OracleCiphertext(encryptor.encrypt(slots: slots, plaintextIndex: 0))
        let b = OracleCiphertext(encryptor.encrypt(slots: slots, plaintextIndex: 0))
        #expect(a.parts[0] != b.parts[0] && a.parts[1] != b.parts[1])
        // Another secret finds no message.
        let stranger = OracleBFV(
            SecretKey(context: context), context: context, plaintextIndex: 0,
            level: context.maximumLevel)
        let owner = OracleBFV(
            secret, context: context, plaintextIndex: 0, level: context.maximumLevel)
        #expect(stranger.decrypt(a) != owner.decrypt(a))
        #expect(owner.decrypt(b) == owner.decrypt(a))
    }
}
