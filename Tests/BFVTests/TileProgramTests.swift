// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Foundation
import Ring
import TestSupport
import Testing
import Threading

/// Tiles against operations on whole ciphertexts, residue for residue.
@Suite struct TileProgramTests {
    static let cases: [OracleCase] = [.small[2], .small[3], .ideals[2], .realIdeal]
    static let weights: [Int64] = [1, 3, 900, 1 << 40]

    /// Rows of random weights, some of them empty.
    private func matrix(
        rows: Int, columns: Int, largest: Int64, bits: Int, rng: inout SplitMix64
    ) -> (dense: [[Int64]], matrix: SmallMatrix) {
        var dense: [[Int64]] = []
        var starts = [0]
        var indices: [Int] = []
        var weights: [Int64] = []
        for row in 0..<rows {
            dense.append(
                (0..<columns).map { _ in
                    row % 4 == 3 ? 0 : Int64.random(in: -largest...largest, using: &rng)
                })
            for (column, weight) in dense[row].enumerated() where weight != 0 {
                indices.append(column)
                weights.append(weight)
            }
            starts.append(weights.count)
        }
        return (
            dense,
            SmallMatrix(
                columns: columns, rowStarts: starts, columnIndices: indices, weights: weights,
                residueBits: bits)
        )
    }

    private func limbs(_ ciphertexts: [Ciphertext], _ limb: Int) -> TileProgram.Limbs {
        ciphertexts[0].polynomials.indices.flatMap { p in
            ciphertexts.map { $0.polynomials[p].sharedLimb(limb) }
        }
    }

    private func run(
        _ node: TileProgram.Node, sources: [[Ciphertext]], bench: OracleBench
    ) -> [Ciphertext] {
        let context = bench.context
        let program = TileProgram(node, context: context, plaintextIndex: 0)
        let basis = context.basis(level: sources[0][0].level)
        let out = (0..<program.count).map { _ in
            Ciphertext(
                polynomials: (0..<program.polynomials).map { _ in
                    Polynomial<NTTValues>(uninitialized: basis)
                }, plaintextIndex: 0)
        }
        for limb in 0..<basis.count {
            program.run(
                limb: limb, sources: sources.map { limbs($0, limb) }, result: limbs(out, limb),
                pool: WorkerPool(threads: 2))
        }
        return out
    }

    private func words(_ ciphertext: Ciphertext) -> [[UInt64]] {
        ciphertext.polynomials.flatMap { p in (0..<p.limbCount).map { p.words(ofLimb: $0) } }
    }

    /// sum of w x + constant, by the evaluator's own operations.
    private func mapped(
        _ dense: [[Int64]], _ x: [Ciphertext], constants: [UInt64], bench: OracleBench
    ) throws -> [Ciphertext] {
        try dense.enumerated().map { row, weights in
            var polynomials = x[0].polynomials.map { Polynomial<NTTValues>(zero: $0.basis) }
            for (weight, c) in zip(weights, x) {
                for p in polynomials.indices {
                    for limb in 0..<c.level {
                        let q = c.basis.moduli[limb]
                        let factor = ModularArithmetic.reduce(weight, modulo: q)
                        let from = c.polynomials[p].words(ofLimb: limb)
                        let to = polynomials[p].mutableLimb(limb)
                        for i in from.indices {
                            to[i] = ModularArithmetic.add(
                                to[i], ModularArithmetic.multiply(factor, from[i], modulo: q),
                                modulo: q)
                        }
                    }
                }
            }
            let constant = bench.context.encodeConstant(
                slots: [UInt64](repeating: constants[row], count: bench.slotCount),
                plaintextIndex: 0, level: x[0].level)
            return try bench.evaluator.add(
                Ciphertext(polynomials: polynomials, plaintextIndex: 0), constant)
        }
    }

    /// A map, squares, products of two vectors, a map of products: weights of one digit, of several, and enough of them
    /// that sums need several segments.
    @Test(arguments: cases, weights)
    func equalsEvaluator(testCase: OracleCase, largest: Int64) throws {
        var bench = try OracleBench(testCase, seed: 50, needsKeys: false)
        var rng = SplitMix64(seed: UInt64(largest))
        let level = bench.context.maximumLevel
        let columns = testCase.degree > 1024 ? 5 : 400
        let pool = (0..<3).map { _ in
            bench.encryptor.encrypt(slots: bench.slots(0), plaintextIndex: 0, level: level)
        }
        let x = (0..<columns).map { pool[$0 % 3] }
        let bits = bench.context.basis(level: level).tables.map(\.bits).max()!
        let first = matrix(rows: 5, columns: columns, largest: largest, bits: bits, rng: &rng)
        let second = matrix(rows: 3, columns: 5, largest: largest, bits: bits, rng: &rng)
        if columns > 5 {
            // Few different weights by additions, many by dot products, those of no word by additions again.
            #expect(first.matrix.usesDotProducts == (largest == 900))
        }
        let t = bench.t(0)
        func constants(_ count: Int) -> (values: [UInt64], encoded: SharedConstants) {
            let values = (0..<count).map { $0 == 0 ? t - 1 : rng.next() % t }
            return (
                values,
                SharedConstants(values, context: bench.context, plaintextIndex: 0, level: level)
            )
        }
        let (a, b) = (constants(5), constants(3))
        let source = TileProgram.Node.source(0, count: columns, polynomials: 2)
        let map = TileProgram.Node.map(.init([first.matrix]), a.encoded, [source])
        let mappedA = try mapped(first.dense, x, constants: a.values, bench: bench)
        #expect(run(map, sources: [x], bench: bench).map(words) == mappedA.map(words))

        let squares = try mappedA.map {
            try bench.evaluator.multiplyWithoutRelinearizing($0, $0)
        }
        #expect(
            run(.product(map, map), sources: [x], bench: bench).map(words) == squares.map(words))
        let expected = try mapped(second.dense, squares, constants: b.values, bench: bench)
        let whole = TileProgram.Node.map(.init([second.matrix]), b.encoded, [.product(map, map)])
        #expect(run(whole, sources: [x], bench: bench).map(words) == expected.map(words))

        // Two sources of a product, and a map of a product and of what is none.
        let other = Array(x.reversed())
        let products = try zip(x, other).map {
            try bench.evaluator.multiplyWithoutRelinearizing($0, $1)
        }
        let second5 = TileProgram.Node.source(1, count: columns, polynomials: 2)
        let made = run(.product(source, second5), sources: [x, other], bench: bench)
        #expect(made.map(words) == products.map(words))
        let mixed = TileProgram.Node.map(
            .init([second.matrix, second.matrix]), b.encoded, [.product(map, map), map])
        let twice = try mapped(second.dense, mappedA, constants: [0, 0, 0], bench: bench)
        let sums = zip(expected, twice).map { sum, linear -> Ciphertext in
            var polynomials = sum.polynomials
            for p in 0..<2 { polynomials[p] += linear.polynomials[p] }
            return Ciphertext(polynomials: polynomials, plaintextIndex: 0)
        }
        #expect(run(mixed, sources: [x], bench: bench).map(words) == sums.map(words))
    }

    /// Batches decrypt to their slots, and their noise, and that of sums of them, is within the bound of many features.
    @Test(arguments: cases) func seededBatches(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 51, needsKeys: false)
        let context = bench.context
        let count = testCase.degree > 1024 ? 3 : 40
        let slots = (0..<count).map { _ in bench.slots(0) }
        let batch = try bench.encryptor.encryptMany(count: count, pool: WorkerPool(threads: 2)) {
            $0.map { (0, slots[$0]) }
        }
        let basis = context.basis(level: context.maximumLevel)
        let ciphertexts = (0..<count).map { index in
            let polynomials = (0..<2).map { _ in Polynomial<NTTValues>(uninitialized: basis) }
            for limb in 0..<basis.count {
                #expect(
                    batch.expand(
                        index, limb: limb, c0: polynomials[0].sharedLimb(limb),
                        c1: polynomials[1].sharedLimb(limb)))
            }
            return Ciphertext(polynomials: polynomials, plaintextIndex: 0)
        }
        let model = NoiseModel(
            degree: testCase.degree, plaintext: context.parameters.plaintexts[0])
        let meter = NoiseMeter(context: bench.context, variableTimeWith: bench.secret)
        let decryptor = Decryptor(context: bench.context, secretKey: bench.secret)
        func check(_ ciphertext: Ciphertext, _ bound: NoiseBound) {
            let (found, limit) = (meter.norms(of: ciphertext), bound.norms)
            #expect(found.mean <= limit.mean && found.largest <= limit.largest)
            #expect(found.rootMeanSquare <= limit.rootMeanSquare)
        }
        for (ciphertext, values) in zip(ciphertexts, slots) {
            #expect(decryptor.decrypt(ciphertext).slots == values)
            check(ciphertext, model.freshFeature)
        }
        var sum = ciphertexts[0]
        for c in ciphertexts.dropFirst() { sum = try bench.evaluator.add(sum, c) }
        let bound = model.freshFeature.combined(sum: Double(count), energy: Double(count))
        check(sum, bound)
        // A residue that is none is told.
        batch.limbs[0].base.assumingMemoryBound(to: UInt8.self)
            .update(repeating: .max, count: 8)
        let scratch = Polynomial<NTTValues>(uninitialized: basis)
        #expect(
            !batch.expand(0, limb: 0, c0: scratch.sharedLimb(0), c1: scratch.sharedLimb(1)))
    }

    /// Replies of more bits than q_0 alone can multiply.
    @Test(arguments: [(1, 30), (4, 40)]) func wideReplies(index: Int, bits: Int) throws {
        let testCase = OracleCase(
            degree: 1024, ciphertextBits: [49, 40], specialBits: 45, plaintextBits: [bits],
            digitBits: 40, levels: [2], index: index)
        var bench = try OracleBench(testCase, seed: 52, needsKeys: false)
        let decryptor = Decryptor(context: bench.context, secretKey: bench.secret)
        for c1Bits in [38, 42, 47, 48] {
            #expect(bench.context.parameters.carriesReply(c1Bits: c1Bits))
            let slots = bench.slots(0)
            let ciphertext = bench.encryptor.encrypt(slots: slots, plaintextIndex: 0, level: 2)
            guard c1Bits > bits + 8 || index > 1 else { continue }
            let reply = try bench.evaluator.compress(
                ciphertext, c0Bits: c1Bits - 1, c1Bits: c1Bits)
            let decrypted = try decryptor.decrypt(reply)
            #expect(decrypted.slots == slots, "\(c1Bits) bits")
            #expect(decrypted.noiseMarginBits > 0)
        }
        #expect(!bench.context.parameters.carriesReply(c1Bits: 49))
    }
}

/// Weights of sums that are drawn anew.
@Suite struct ScalarDitherTests {
    /// w - t or w + t with probability |w| / t: mean zero, and no other values.
    @Test func meansAreZero() {
        let t: UInt64 = 16
        let weights: [Int64] = [3, -5, 0, 15, -1, 8]
        let dither = ScalarDither(
            rowStarts: [0, 6], columnIndices: [0, 1, 2, 3, 4, 5], weights: weights, modulus: t,
            mostDrawn: ScalarDither.mostDrawn(mean: 2))
        let rounds = 20_000
        var sums = [Int64](repeating: 0, count: 6)
        for _ in 0..<rounds {
            let draw = dither.draw()
            for (column, sign) in zip(draw.columns, draw.signs) {
                #expect((-1...1).contains(sign))
                sums[Int(column)] += sign
            }
        }
        for (sum, weight) in zip(sums, weights) {
            let mean = Double(weight) + Double(t) * Double(sum) / Double(rounds)
            let p = abs(Double(weight)) / Double(t)
            let deviation = Double(t) * (p * (1 - p) / Double(rounds)).squareRoot()
            #expect(abs(mean) <= 6 * deviation, "\(weight): \(mean)")
        }
    }

    /// As many places a row as there can be but for 2^-148, used or not; more for more weights.
    @Test func placesDoNotDependOnWhatIsDrawn() {
        let counts = [1e-4, 0.01, 0.5, 4].map { ScalarDither.mostDrawn(mean: $0) }
        #expect(counts == counts.sorted() && Set(counts).count == counts.count)
        for (mean, count) in zip([1e-4, 0.01, 0.5, 4.0], counts) {
            let bits = Double(count) * log2(M_E * mean / Double(count))
            #expect(bits <= -148)
        }
        let dither = ScalarDither(
            rowStarts: [0, 2, 3], columnIndices: [0, 1, 0], weights: [1, 2, 3], modulus: 1 << 20,
            mostDrawn: counts[0])
        for _ in 0..<10 {
            let draw = dither.draw()
            #expect(draw.signs.count == 2 * counts[0] && draw.columns.count == 2 * counts[0])
        }
    }
}
