// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Lattice
import Ring
import Testing
import Threading

/// What Lattice does without knowing of messages: masks and key switches, judged by their phase.
@Suite struct EncryptionOfZeroTests {
    private static func context() throws -> LatticeContext {
        let primes = Primes.nttPrimes(bits: 45, count: 4, congruentTo1Modulo: 512)
        return try LatticeContext(
            .insecure(
                degree: 256, ciphertextModuli: Array(primes.dropLast()), specialModulus: primes[3]))
    }

    /// The coefficients of the phase, centered.
    private static func phase(
        _ c: (Polynomial<NTTValues>, Polynomial<NTTValues>), _ key: SecretKey
    ) -> [BigInt] {
        let v = key.phase(of: [c.0, c.1]).inverseNTT()
        let crt = CRTBasis(moduli: v.basis.moduli)
        let limbs = (0..<v.limbCount).map { v.words(ofLimb: $0) }
        return (0..<v.degree).map { j in
            crt.reconstructCentered(residues: limbs.map { $0[j] })
        }
    }

    private static func one(_ context: LatticeContext) -> Polynomial<NTTValues> {
        var coefficients = [Int64](repeating: 0, count: context.degree)
        coefficients[0] = 1
        return Polynomial(signed: coefficients, basis: context.basis(level: context.maximumLevel))
            .forwardNTT()
    }

    /// The phase of a symmetric encryption is exactly the small polynomial that was masked.
    @Test func masksKeepWhatTheyMask() throws {
        let context = try Self.context()
        let key = SecretKey(context: context)
        let mask = SecretMask(secretKey: key)
        var source = Keystream()
        let one = Self.one(context)
        for level in 1...context.maximumLevel {
            let error = Samplers.error(degree: context.degree, from: &source)
            let expected = error.unprotectedValues()
            let c = mask.encrypt(error, times: one, level: level, seed: Seed.random())
            #expect(Self.phase(c, key) == expected.map { BigInt($0) })
            // Another key finds noise as large as the modulus.
            let other = Self.phase(c, SecretKey(context: context))
            #expect(other.map(\.bitLength).max()! > 45 * level - 8)
        }
    }

    /// Under a public key: x + e u + e_1 s.
    @Test func publicKeysEncryptZero() throws {
        let context = try Self.context()
        let key = SecretKey(context: context)
        let publicKey = KeyGenerator(secretKey: key).publicKey()
        var source = Keystream()
        for level in 1...context.maximumLevel {
            let c = publicKey.encrypt(times: Self.one(context), level: level, source: &source) {
                Samplers.error(degree: context.degree, from: &$0)
            }
            let largest = Self.phase(c, key).map(\.magnitude).max()!
            #expect(largest > 21 && largest <= BigInt(21 * (1 + 2 * context.degree)))
        }
    }

    /// sigma(c) + 2 c of an encryption of x decrypts to sigma(x) + 2 x, up to a key switch's noise.
    @Test func automorphismsOfCiphertexts() throws {
        let context = try Self.context()
        let (key, element) = (SecretKey(context: context), 5)
        let keys = try KeyGenerator(secretKey: key).evaluationKeys(
            relinearization: nil, galois: [element: Gadget(level: context.maximumLevel)])
        let switcher = KeySwitcher(
            context: context, keys: keys, counter: OperationCounter(),
            pool: WorkerPool(threads: 1))
        let n = context.degree
        let x = SecretCoefficients(count: n)
        for i in 0..<n { x.base[i] = Int64(i - 100) << 30 }
        let values = x.unprotectedValues()
        let c = SecretMask(secretKey: key).encrypt(
            x, times: Self.one(context), level: context.maximumLevel, seed: Seed.random())
        let sum = try switcher.divideBySpecial(
            switcher.sumOfAutomorphisms([c.c0], [c.c1], elements: [element], copies: 2))[0]
        var expected = values.map { 2 * $0 }
        for (i, value) in values.enumerated() {
            let exponent = i * element % (2 * n)
            expected[exponent % n] += exponent < n ? value : -value
        }
        for (found, wanted) in zip(Self.phase(sum, key), expected) {
            #expect((found - BigInt(wanted)).magnitude < BigInt(1) << 20)
        }
        #expect(throws: EvaluationError.missingGaloisKey(element: 3)) {
            try switcher.sumOfAutomorphisms([c.c0], [c.c1], elements: [3], copies: 0)
        }
        #expect(throws: EvaluationError.missingRelinearizationKey) {
            try switcher.relinearized([c.c1])
        }
    }
}
