// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Lattice
import Oracle
import Ring
import TestSupport
import Testing

/// Every fast operation without rounding equals the oracle's, coefficient by coefficient; every other one too, where
/// the oracle repeats its rounding in integers.
@Suite struct OracleEvaluationTests {
    @Test(arguments: OracleCase.all) func linearOperations(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 10)
        for level in bench.levels {
            for index in testCase.plaintextBits.indices {
                let t = bench.t(index)
                let (x, y) = (bench.slots(index), bench.slots(index))
                let oracle = bench.oracle(index, level: level)
                // One operand from each path.
                let a = bench.encryptor.encrypt(slots: x, plaintextIndex: index, level: level)
                let big = oracle.encrypt(bench.polynomial(y, index), using: &bench.generator)
                let b = big.ciphertext(bench.context, plaintextIndex: index, level: level)
                let bigA = OracleCiphertext(a)
                let comment: Comment = "level \(level), t \(t)"

                let sum = try bench.evaluator.add(a, b)
                #expect(OracleCiphertext(sum) == oracle.add(bigA, big), comment)
                let sums = zip(x, y).map { ($0 + $1) % t }
                #expect(bench.oracleSlots(sum) == sums && bench.fastSlots(sum) == sums, comment)

                let difference = try bench.evaluator.subtract(a, b)
                #expect(OracleCiphertext(difference) == oracle.subtract(bigA, big), comment)
                let differences = zip(x, y).map { ($0 + t - $1) % t }
                #expect(bench.oracleSlots(difference) == differences, comment)
                #expect(bench.fastSlots(difference) == differences, comment)

                let negated = bench.evaluator.negate(a)
                #expect(OracleCiphertext(negated) == oracle.negate(bigA), comment)
                #expect(bench.fastSlots(negated) == x.map { (t - $0) % t }, comment)

                let constant = bench.context.encodeConstant(
                    slots: y, plaintextIndex: index, level: level)
                let shifted = try bench.evaluator.add(a, constant)
                let plain = bench.polynomial(y, index)
                let message = bench.message(y, index, level: level)
                #expect(OracleCiphertext(shifted) == oracle.add(bigA, plain: message), comment)
                #expect(bench.oracleSlots(shifted) == sums, comment)
                #expect(bench.fastSlots(shifted) == sums, comment)

                let factor = bench.context.encodeFactor(
                    slots: y, plaintextIndex: index, level: bench.context.maximumLevel)
                let scaled = try bench.evaluator.multiply(a, by: factor)
                #expect(OracleCiphertext(scaled) == oracle.multiply(bigA, plain: plain), comment)
                if level > 1 {
                    let products = bench.product(x, y, index)
                    #expect(bench.oracleSlots(scaled) == products, comment)
                    #expect(bench.fastSlots(scaled) == products, comment)
                }
            }
        }
    }

    @Test(arguments: OracleCase.all) func modulusSwitching(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 11)
        let top = bench.context.maximumLevel
        let slots = bench.slots(0)
        let a = bench.encryptor.encrypt(slots: slots, plaintextIndex: 0)
        var exact = OracleCiphertext(a)
        for level in (1..<top).reversed() {
            // Prime by prime, as the fast path rounds.
            let larger = bench.oracle(0, level: level + 1)
            exact = larger.switched(exact, to: bench.oracle(0, level: level).modulus)
            let fast = try bench.evaluator.switchDown(a, toLevel: level)
            #expect(fast.level == level)
            #expect(OracleCiphertext(fast) == exact, "level \(level)")
            #expect(bench.oracleSlots(fast) == slots && bench.fastSlots(fast) == slots)
            // In one step, as the textbook does.
            let direct = bench.oracle(0, level: top).switched(
                OracleCiphertext(a), to: bench.oracle(0, level: level).modulus)
            #expect(try bench.fastSlots(direct, 0, level: level) == slots, "level \(level)")
        }
    }

    @Test(arguments: OracleCase.all) func multiplication(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 12, needsKeys: true)
        for level in bench.levels where level > 1 {
            for index in testCase.plaintextBits.indices {
                let (x, y) = (bench.slots(index), bench.slots(index))
                let oracle = bench.oracle(index, level: level)
                let a = bench.encryptor.encrypt(slots: x, plaintextIndex: index, level: level)
                let big = oracle.encrypt(bench.polynomial(y, index), using: &bench.generator)
                let b = big.ciphertext(bench.context, plaintextIndex: index, level: level)
                let comment: Comment = "level \(level), t \(index)"

                let unit = bench.context.plaintexts[index].multiplicationFactor(level: level)
                #expect(BigInt(unit) == (-oracle.modulus).modulo(oracle.plaintextModulus))
                let expected = bench.product(x, y, index, factor: unit)
                let tensor = try bench.evaluator.multiplyWithoutRelinearizing(a, b)
                let bigTensor = oracle.multiplyPointwise(OracleCiphertext(a), big)
                #expect(OracleCiphertext(tensor) == bigTensor, comment)
                #expect(bench.oracleSlots(tensor) == expected, comment)
                #expect(bench.fastSlots(tensor) == expected, comment)
                // The textbook's product of the same ciphertexts: the same, without the unit.
                let textbook = oracle.multiply(OracleCiphertext(a), big)
                #expect(
                    try bench.fastSlots(textbook, index, level: level)
                        == bench.product(x, y, index), comment)

                let product = try bench.evaluator.relinearize(tensor)
                #expect(product.polynomials.count == 2)
                let key = try #require(bench.evaluator.keys.relinearization)
                let switched = bench.exactSwitch(bigTensor.parts[2], key, level: level)
                let exact = oracle.reduced([
                    bigTensor.parts[0] + switched[0], bigTensor.parts[1] + switched[1],
                ])
                #expect(OracleCiphertext(product) == exact, comment)
                #expect(bench.oracleSlots(product) == expected, comment)
                #expect(bench.fastSlots(product) == expected, comment)
            }
        }
    }

    /// The textbook's own relinearization and rotation keys, on the fast path's ciphertexts.
    @Test(arguments: OracleCase.everySmall) func textbookKeySwitching(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 13)
        let level = bench.context.maximumLevel
        let oracle = bench.oracle(0, level: level)
        let (x, y) = (bench.slots(0), bench.slots(0))
        let a = bench.encryptor.encrypt(slots: x, plaintextIndex: 0)
        let b = bench.encryptor.encrypt(slots: y, plaintextIndex: 0)
        let key = oracle.switchingKey(
            from: oracle.secret * oracle.secret, digitBits: 8, using: &bench.generator)
        let tensor = try bench.evaluator.multiplyWithoutRelinearizing(a, b)
        let product = oracle.relinearize(OracleCiphertext(tensor), with: key)
        let unit = bench.context.plaintexts[0].multiplicationFactor(level: level)
        #expect(
            try bench.fastSlots(product, 0, level: level) == bench.product(x, y, 0, factor: unit))
        for permutation in bench.permutations {
            let k = permutation.galoisElement(degree: bench.degree)
            let galois = oracle.switchingKey(
                from: oracle.secret.automorphism(k), digitBits: 8, using: &bench.generator)
            let rotated = oracle.automorphism(OracleCiphertext(a), k, with: galois)
            #expect(
                try bench.fastSlots(rotated, 0, level: level) == bench.permuted(x, permutation),
                "\(permutation)")
        }
    }

    @Test(arguments: OracleCase.all) func rotationsAndRowSwaps(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 14, needsKeys: true)
        for level in bench.levels {
            let x = bench.slots(0)
            let a = bench.encryptor.encrypt(slots: x, plaintextIndex: 0, level: level)
            for permutation in bench.permutations {
                let comment: Comment = "level \(level), \(permutation)"
                let rotated = try bench.evaluator.permute(a, by: permutation)
                let expected = bench.permuted(x, permutation)
                #expect(bench.oracleSlots(rotated) == expected, comment)
                #expect(bench.fastSlots(rotated) == expected, comment)
                // The same digits, products and rounding, in integers; the automorphism comes last.
                let c = OracleCiphertext(a)
                let k = permutation.galoisElement(degree: bench.degree)
                let key = try #require(bench.evaluator.keys.galois[k])
                let switched = bench.exactSwitch(c.parts[1], key, level: level)
                let exact = bench.oracle(0, level: level).reduced([
                    (c.parts[0] + switched[0]).automorphism(k), switched[1].automorphism(k),
                ])
                #expect(OracleCiphertext(rotated) == exact, comment)
            }
        }
    }

    /// Keys of two widths take two decompositions, in whatever order they come.
    @Test(arguments: OracleCase.all, [false, true])
    func hoistedSumsAndLinearMaps(testCase: OracleCase, mixesWidths: Bool) throws {
        var bench = try OracleBench(
            testCase, seed: 15, needsKeys: true, mixesWidths: mixesWidths)
        let level = bench.context.maximumLevel
        let t = bench.t(0)
        let x = bench.slots(0)
        let a = bench.encryptor.encrypt(slots: x, plaintextIndex: 0)
        let permutations = bench.permutations
        let sum = try bench.evaluator.sumOfPermutations(a, permutations, includingIdentity: true)
        #expect(bench.evaluator.counter.value.decompositions == (mixesWidths ? 2 : 1))
        let images = permutations.map { bench.permuted(x, $0) } + [x]
        let expected = x.indices.map { s in images.reduce(0) { ($0 + $1[s]) % t } }
        #expect(bench.oracleSlots(sum) == expected && bench.fastSlots(sum) == expected)

        // Two giants over three babies, each term with its own factor.
        let babies = [SlotPermutation(rotation: 0), permutations[0], permutations[1]]
        let giants = [SlotPermutation(rotation: 0), permutations[2]]
        let factors = giants.map { _ in babies.map { _ in bench.slots(0) } }
        let transform = bench.context.encodeTransform(
            babies: babies.map { BabyStep(permutation: $0) },
            giants: giants.indices.map { g in
                (giants[g], babies.indices.map { (baby: $0, slots: factors[g][$0]) })
            }, plaintextIndex: 0, level: level)
        let mapped = try bench.evaluator.apply(transform, to: a)
        // As many again, and the giant's own.
        #expect(bench.evaluator.counter.value.decompositions == (mixesWidths ? 5 : 3))
        var slots = [UInt64](repeating: 0, count: bench.slotCount)
        for g in giants.indices {
            var inner = [UInt64](repeating: 0, count: bench.slotCount)
            for b in babies.indices {
                let term = bench.product(bench.permuted(x, babies[b]), factors[g][b], 0)
                inner = zip(inner, term).map { ($0 + $1) % t }
            }
            slots = zip(slots, bench.permuted(inner, giants[g])).map { ($0 + $1) % t }
        }
        #expect(bench.oracleSlots(mapped) == slots && bench.fastSlots(mapped) == slots)
    }

    /// A reply in powers of two is textbook BFV with Q = 2^k.
    @Test(arguments: OracleCase.circuits)
    func compressedReplies(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 16)
        let slots = bench.slots(0)
        let a = bench.encryptor.encrypt(slots: slots, plaintextIndex: 0)
        let tBits = bench.plaintextBits(0)
        let (c0Bits, c1Bits) = (tBits + 4, tBits + 13)
        let reply = try bench.evaluator.compress(a, c0Bits: c0Bits, c1Bits: c1Bits)
        #expect(try bench.decryptor.decrypt(reply).slots == slots)

        let low = OracleCiphertext(try bench.evaluator.switchDown(a, toLevel: 1))
        let q = bench.oracle(0, level: 1)
        let (r0, r1) = (BigInt(1) << c0Bits, BigInt(1) << c1Bits)
        #expect(BigPolynomial(reply.c0) == q.switched(low, to: r0).parts[0])
        #expect(BigPolynomial(reply.c1) == q.switched(low, to: r1).parts[1])
        let lifted = OracleCiphertext([
            BigPolynomial(reply.c0).map { $0 << (c1Bits - c0Bits) }, BigPolynomial(reply.c1),
        ])
        let message = q.at(modulus: r1).decrypt(lifted)
        let plaintext = bench.context.parameters.plaintexts[0]
        let difference = message - bench.polynomial(slots, 0)
        #expect(plaintext.divides(difference) || !plaintext.hasPrimeNorm)
        let decoded = bench.context.plaintexts[0].encoder.decode(
            message.coefficients.map { UInt64(exactly: $0)! })
        #expect(decoded == slots)
    }

    /// Down, multiply, rotate, scale, down, multiply, add: the two paths agree all along.
    @Test(arguments: OracleCase.circuits)
    func aCircuit(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 17, needsKeys: true)
        let top = bench.context.maximumLevel
        let (x, y) = (bench.slots(0), bench.slots(0))
        let fast = bench.evaluator
        let a = bench.encryptor.encrypt(slots: x, plaintextIndex: 0)
        let b = bench.encryptor.encrypt(slots: y, plaintextIndex: 0)
        let first = try fast.multiply(a, b)
        let rotated = try fast.permute(first, by: bench.permutations[1])
        let low = try fast.switchDown(rotated, toLevel: top - 1)
        let square = try fast.multiply(low, low)
        let result = try fast.switchDown(square, toLevel: top - 2)

        let units = [top, top - 1].map {
            bench.context.plaintexts[0].multiplicationFactor(level: $0)
        }
        let product = bench.permuted(
            bench.product(x, y, 0, factor: units[0]), bench.permutations[1])
        let expected = bench.product(product, product, 0, factor: units[1])
        #expect(bench.oracleSlots(rotated) == product && bench.fastSlots(rotated) == product)
        #expect(bench.oracleSlots(square) == expected && bench.fastSlots(square) == expected)
        #expect(bench.oracleSlots(result) == expected && bench.fastSlots(result) == expected)
    }
}

extension OracleBench {
    /// A key switch by the fast path's key, rounded by P, computed with integers.
    func exactSwitch(_ p: BigPolynomial, _ key: KeySwitchingKey, level: Int) -> [BigPolynomial] {
        let special = context.parameters.specialModulus
        let extended = context.parameters.modulus(level: level) * special
        return oracle(0, level: level)
            .extendedSwitch(p, with: key, context: context, level: level)
            .map { $0.centered(modulo: extended).scaled(over: special) }
    }
}
