// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Lattice
import Oracle
import Ring
import TestSupport
import Testing

/// Encoding, encryption, decryption, keys: the fast path against the oracle.
@Suite struct OracleEncryptionTests {
    @Test(arguments: OracleCase.everySmall) func slotEncoderIsTheNaiveOne(testCase: OracleCase)
        throws
    {
        var bench = try OracleBench(testCase, seed: 1)
        for index in testCase.plaintextBits.indices {
            let naive = OracleSlots(
                degree: bench.degree, plaintextModulus: bench.t(index), index: testCase.index)
            let slots = bench.slots(index)
            let polynomial = bench.polynomial(slots, index)
            let plaintext = bench.context.parameters.plaintexts[index]
            let difference = polynomial - naive.encode(slots)
            #expect(plaintext.divides(difference) || !plaintext.hasPrimeNorm)
            #expect(naive.decode(difference).allSatisfy { $0 == 0 })
            #expect(testCase.index > 1 || polynomial == naive.encode(slots))
            #expect(naive.decode(polynomial) == slots)
        }
    }

    @Test(arguments: [OracleCase.real, .realIdeal])
    func slotEncoderAtRealSize(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 2)
        let last = testCase.plaintextBits.count - 1
        let naive = OracleSlots(
            degree: bench.degree, plaintextModulus: bench.t(last), index: testCase.index)
        let slots = bench.slots(last)
        let polynomial = bench.polynomial(slots, last)
        let half = bench.slotCount / 2
        for slot in [0, 1, 2, half - 1, half, half + 1, 2 * half - 1] {
            #expect(naive.slot(slot, of: polynomial) == slots[slot], "slot \(slot)")
        }
    }

    @Test(arguments: OracleCase.all) func oracleDecryptsWhatTheFastPathEncrypts(
        testCase: OracleCase
    ) throws {
        var bench = try OracleBench(testCase, seed: 3)
        for level in bench.levels {
            for index in testCase.plaintextBits.indices {
                let slots = bench.slots(index)
                let c = bench.encryptor.encrypt(slots: slots, plaintextIndex: index, level: level)
                #expect(bench.oracleSlots(c) == slots, "level \(level), t \(index)")
                #expect(bench.fastSlots(c) == slots, "level \(level), t \(index)")
                // The phase is round(Q m / t) plus an error of the right size, and not 0.
                let oracle = bench.oracle(index, level: level)
                let scaled = oracle.scaled(bench.message(slots, index, level: level))
                let error = (oracle.phase(OracleCiphertext(c)) - scaled)
                    .centered(modulo: oracle.modulus).norm
                #expect(error >= 1 && error <= 21, "error \(error)")
                // Another secret finds no message.
                let stranger = OracleBFV(
                    modulus: oracle.modulus,
                    plaintext: bench.context.parameters.plaintexts[index],
                    secret: oracle.secret.automorphism(3))
                #expect(
                    stranger.decrypt(OracleCiphertext(c)) != oracle.decrypt(OracleCiphertext(c)))
            }
        }
    }

    @Test(arguments: OracleCase.all) func fastPathDecryptsWhatTheOracleEncrypts(
        testCase: OracleCase
    ) throws {
        var bench = try OracleBench(testCase, seed: 4)
        for level in bench.levels {
            for index in testCase.plaintextBits.indices {
                let slots = bench.slots(index)
                let c = bench.oracle(index, level: level).encrypt(
                    bench.polynomial(slots, index), using: &bench.generator)
                #expect(
                    try bench.fastSlots(c, index, level: level) == slots,
                    "level \(level), t \(index)")
                let back = OracleCiphertext(
                    c.ciphertext(bench.context, plaintextIndex: index, level: level))
                #expect(back == c, "the bridge changed a ciphertext")
            }
        }
    }

    @Test(arguments: OracleCase.all) func seedsExpandToTheSameCiphertext(
        testCase: OracleCase
    ) throws {
        var bench = try OracleBench(testCase, seed: 5)
        let slots = bench.slots(0)
        let c = bench.encryptor.encrypt(slots: slots, plaintextIndex: 0)
        let seed = try #require(c.seed)
        let expanded = Ciphertext.expand(
            c0: c.polynomials[0], seed: seed, plaintextIndex: 0)
        #expect(OracleCiphertext(expanded) == OracleCiphertext(c))
        #expect(bench.oracleSlots(expanded) == slots)
        let other = Ciphertext.expand(
            c0: c.polynomials[0], seed: Seed.random(), plaintextIndex: 0)
        #expect(bench.oracleSlots(other) != slots)
    }

    /// Two encryptions share neither seed nor error.
    @Test func encryptionsAreFresh() throws {
        var bench = try OracleBench(OracleCase.small[1], seed: 6)
        let slots = bench.slots(0)
        let a = bench.encryptor.encrypt(slots: slots, plaintextIndex: 0)
        let b = bench.encryptor.encrypt(slots: slots, plaintextIndex: 0)
        let oracle = bench.oracle(0, level: a.level)
        #expect(a.seed != b.seed)
        #expect(oracle.phase(OracleCiphertext(a)) != oracle.phase(OracleCiphertext(b)))
    }

    @Test(arguments: OracleCase.all) func noiseMeterIsExact(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 7)
        let meter = NoiseMeter(context: bench.context, variableTimeWith: bench.secret)
        let c = bench.encryptor.encrypt(slots: bench.slots(0), plaintextIndex: 0)
        let expected = bench.oracle(0, level: c.level).noise(OracleCiphertext(c))
        #expect(BigPolynomial(meter.noise(of: c)) == expected)
    }

    /// b_j + a_j s - P g_j s' mod QP is an error: g_j is 2^(width i) in its own limb, 0 in the others.
    @Test(arguments: OracleCase.everySmall) func evaluationKeysEncryptWhatTheyShould(
        testCase: OracleCase
    ) throws {
        let bench = try OracleBench(testCase, seed: 8, needsKeys: true)
        let n = bench.degree
        let s = BigPolynomial(bench.secret.coefficients.unprotectedValues())
        let relinearization = try #require(bench.evaluator.keys.relinearization)
        try check(relinearization, from: s * s, to: s, bench)
        #expect(bench.evaluator.keys.galois.count == bench.permutations.count)
        for permutation in bench.permutations {
            let element = permutation.galoisElement(degree: n)
            let key = try #require(bench.evaluator.keys.galois[element])
            let inverse = try #require((1..<2 * n).first { $0 * element % (2 * n) == 1 })
            try check(key, from: s, to: s.automorphism(inverse), bench)
        }
    }

    private func check(
        _ key: KeySwitchingKey, from source: BigPolynomial, to target: BigPolynomial,
        _ bench: OracleBench
    ) throws {
        let level = key.gadget.level
        let basis = bench.context.extendedBasis(level: level)
        let crt = CRTBasis(moduli: basis.moduli)
        let digits = key.gadget.digits(of: bench.context.basis(level: level))
        #expect(digits.count == key.b.count && digits.count == key.a.count)
        for (j, slice) in digits.enumerated() {
            let width = key.gadget.digitWidth(
                modulusBits: basis.tables[slice.limbs.lowerBound].bits)
            let special = bench.context.parameters.specialModulus
            let gadget = special << (width * slice.digit)
            let residues = basis.moduli.indices.map {
                slice.limbs.contains($0) ? gadget.residue(modulo: basis.moduli[$0]) : 0
            }
            let factor = crt.reconstruct(residues: residues)
            let phase = BigPolynomial(key.b[j]) + BigPolynomial(key.a[j]) * target
            let error = (phase - factor * source).centered(modulo: crt.product)
            #expect(error.norm >= 1 && error.norm <= 21, "digit \(j)")
        }
    }
}
