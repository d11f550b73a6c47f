// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice
import Testing

@Suite struct ParameterTests {
    /// Every preset is within the table, has the plaintext primes that it says, and the depth that its documentation
    /// can count on.
    @Test(arguments: BFVParameters.presetDegrees) func presetsMeetTheTable(degree: Int) throws {
        let allowed = try #require(SecurityTable.maximumBits(degree: degree, level: .bits128))
        var depths: [Int] = []
        for bits in BFVParameters.presetPlaintextBits {
            let p = try BFVParameters.preset(degree: degree, plaintextBits: bits)
            #expect(p.degree == degree && p.security == .bits128)
            #expect(SecurityTable.level(modulus: p.keyModulus, degree: degree) >= .bits128)
            // No more than a few bits of what the table allows are left, save where P has 50 bits.
            #expect(p.keyModulus.bitLength <= allowed && p.keyModulus.bitLength >= allowed - 4)
            #expect(p.maximumLevel == degree / 2048 && p.slots.slotCount == degree)
            let t = p.plaintextModuli[0]
            #expect(
                t >> UInt64(bits - 1) == 1
                    || BFVParameters.primes(bits: bits, count: 1, degree: degree).isEmpty)
            #expect(t >> UInt64(bits - 1) > 0 && t % UInt64(2 * degree) == 1)
            depths.append(p.multiplicationDepth)
        }
        let many = try BFVParameters.preset(degree: degree, plaintextBits: 17, plaintextCount: 64)
        #expect(Set(many.plaintextModuli).count == 64 && many.plaintextModuli.last! < 1 << 26)
        let expected = [4096: (1, 0), 8192: (3, 2), 16384: (7, 6)][degree]!
        #expect(depths.first == expected.0 && depths.last == expected.1, "\(depths)")
        #expect(zip(depths, depths.dropFirst()).allSatisfy { $0 >= $1 }, "\(depths)")
    }

    @Test func presetsThatThereAreNot() {
        let wrong = [
            (2048, 17, 1), (8192, 16, 1), (8192, 31, 1), (8192, 17, 0), (8192, 17, 65),
            (-1, 17, 1),
        ]
        for (degree, bits, count) in wrong {
            #expect(throws: ParameterError.preset(degree: degree, plaintextBits: bits)) {
                try BFVParameters.preset(
                    degree: degree, plaintextBits: bits, plaintextCount: count)
            }
        }
    }

    /// As many products in sequence as the parameters say, each rotated, decrypt with some margin to spare.
    @Test(arguments: [(4096, 17), (8192, 20), (8192, 30), (16384, 17)])
    func depthIsThere(degree: Int, bits: Int) throws {
        let parameters = try BFVParameters.preset(degree: degree, plaintextBits: bits)
        let context = try BFVContext(parameters)
        let secret = SecretKey(context: context)
        let rotation = parameters.slots.rotation(1)
        let evaluator = Evaluator(
            context: context,
            keys: try KeyGenerator(secretKey: secret).evaluationKeys(
                EvaluationKeySpecification(
                    parameters: parameters, multiplies: true, permutations: [rotation])))
        let t = parameters.plaintextModuli[0]
        var slots = (0..<UInt64(degree)).map { ($0 &* 0x9E37_79B9) % t }
        var c = Encryptor(context: context, secretKey: secret).encrypt(slots: slots)
        for _ in 0..<parameters.multiplicationDepth {
            let factor = context.productFactor(level: c.level)
            let square = slots.map { $0 * $0 % t }
            let column = { (i: Int) in i / (degree / 2) * (degree / 2) + (i + 1) % (degree / 2) }
            slots = slots.indices.map { square[column($0)] * factor % t }
            #expect(
                context.withoutProductFactor(slots, level: c.level)
                    == slots.indices.map { square[column($0)] })
            c = try evaluator.permute(evaluator.multiply(c, c), by: rotation)
            if c.level > 1 { c = try evaluator.switchDown(c, toLevel: c.level - 1) }
        }
        let found = Decryptor(context: context, secretKey: secret).decrypt(c)
        #expect(found.slots == slots && found.noiseMarginBits > 0, "\(found.noiseMarginBits)")
    }

    /// Keys know nothing of plaintext moduli: one set of keys serves two.
    @Test func keysServeAllPlaintextModuli() throws {
        let first = try BFVParameters.preset(degree: 4096, plaintextBits: 17)
        let lattice = try LatticeContext(first.lattice)
        let secret = SecretKey(context: lattice)
        let rotation = first.slots.rotation(2)
        let keys = try KeyGenerator(secretKey: secret).evaluationKeys(
            relinearization: nil,
            galois: [
                rotation.galoisElement(degree: 4096): Gadget(level: first.maximumLevel)
            ])
        for bits in [17, 25] {
            let parameters = try BFVParameters(
                lattice: first.lattice,
                plaintexts: [
                    PlaintextModulus(
                        prime: BFVParameters.primes(bits: bits, count: 1, degree: 4096)[0])
                ])
            let context = try BFVContext(parameters, lattice: lattice)
            let slots = (0..<4096).map { UInt64($0) * 11 }
            let c = Encryptor(context: context, secretKey: secret).encrypt(slots: slots)
            let moved = try Evaluator(context: context, keys: keys).permute(c, by: rotation)
            let found = Decryptor(context: context, secretKey: secret).decrypt(moved).slots
            #expect(found == slots.indices.map { slots[$0 / 2048 * 2048 + ($0 + 2) % 2048] })
        }
    }

    @Test func malformedPlaintextsAreRefused() throws {
        let (q, p, t): (UInt64, UInt64, UInt64) = (65537, 114689, 147457)
        func error(_ t: [UInt64]) -> ParameterError? {
            #expect(throws: ParameterError.self, "\(t)") {
                try BFVParameters.insecure(
                    degree: 8192, ciphertextModuli: [q], specialModulus: p, plaintextModuli: t)
            }
        }
        _ = try BFVParameters.insecure(
            degree: 8192, ciphertextModuli: [q], specialModulus: p, plaintextModuli: [t])
        #expect(error([]) == .count("plaintext moduli", 0))
        #expect(error([UInt64](repeating: t, count: 65)) == .count("plaintext moduli", 65))
        #expect(error([t, t]) == .repeatedModulus(t))
        #expect(error([p]) == .repeatedModulus(p))
        #expect(error([q]) == .repeatedModulus(q))
        let others: [UInt64] = [0, 1, 2, 257, 65536, 65539, 65537 * 114689, 1 << 50, .max]
        for bad in others { #expect(error([bad]) == .modulus(bad, degree: 8192)) }
        #expect(throws: ParameterError.insecureLevel) {
            try BFVParameters(
                degree: 8192, ciphertextModuli: [q], specialModulus: p, plaintextModuli: [t],
                security: .insecure)
        }
    }
}
