// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Paillier
import TestSupport
import Testing

@Suite struct PackingTests {
    @Test func slotsThatFit() throws {
        let small = try KeyVectors.of(bits: 2048).secretKey().publicKey
        let large = try KeyVectors.of(bits: 3072).secretKey().publicKey
        #expect(try PackingLayout(slotBits: 40, publicKey: small).count == 51)
        #expect(try PackingLayout(slotBits: 40, publicKey: large).count == 76)
        #expect(throws: PaillierError.slotOverflow(needed: 2080, available: 2046)) {
            try PackingLayout(slotBits: 40, count: 52, publicKey: small)
        }
        #expect(throws: PaillierError.self) {
            try PackingLayout(slotBits: 1 << 62, count: 8, publicKey: small)
        }
        #expect(throws: PaillierError.self) {
            try PackingLayout(slotBits: 5000, publicKey: small)
        }
    }

    @Test(arguments: [2, 3, 8, 40, 63, 64, 65, 200]) func extremes(slotBits: Int) throws {
        let key = try KeyVectors.of(bits: 512).secretKey().publicKey
        let layout = try PackingLayout(slotBits: slotBits, publicKey: key)
        let half = BigInt(1) << (slotBits - 1)
        var random = SplitMix64(seed: 1)
        let cases: [[BigInt]] = [
            Array(repeating: half - 1, count: layout.count),
            Array(repeating: -half, count: layout.count),
            (0..<layout.count).map { $0 % 2 == 0 ? -half : half - 1 },
            (0..<layout.count).map { _ in random.bigInt(bits: slotBits) - half },
            Array(repeating: BigInt(0), count: layout.count),
        ]
        for values in cases {
            let packed = try layout.pack(values)
            #expect(packed.magnitude <= key.maximumPlaintext)
            #expect(layout.unpack(packed) == values)
        }
        #expect(throws: PaillierError.self) { try layout.pack([half]) }
        #expect(throws: PaillierError.self) { try layout.pack([-half - 1]) }
        #expect(throws: PaillierError.self) {
            try layout.pack(Array(repeating: BigInt(0), count: layout.count + 1))
        }
    }

    /// Samples at the ends of their range, weights too: sums fill their slots to the last, and don't leave them.
    @Test(arguments: Path.here) func packedSamples(path: Path) throws {
        try path.run { () throws in
            let key = try KeyVectors.of(bits: 1024).secretKey()
            let columns = 30
            var random = SplitMix64(seed: 2)
            let rows = [
                Array(repeating: BigInt(127), count: columns),
                Array(repeating: BigInt(-127), count: columns),
                (0..<columns).map { _ in BigInt(random.int(in: -127...127)) },
            ]
            let biases: [BigInt] = [1, -1, 100]
            let bound = PaillierMatrix.bound(rows: rows, biases: biases, inputMagnitude: 255)
            #expect(bound == BigInt(30 * 127 * 255 + 1))
            let layout = try PackingLayout(
                slotBits: PackingLayout.slotBits(outputBound: bound), publicKey: key.publicKey)
            let matrix = try PaillierMatrix(
                rows: rows, biases: biases, packing: layout, inputMagnitude: 255,
                publicKey: key.publicKey)
            let samples = (0..<layout.count).map { s in
                (0..<columns).map { _ in
                    s < 2 ? BigInt(255 - 510 * s) : BigInt(random.int(in: -255...255))
                }
            }
            let packed = try (0..<columns).map { c in try layout.pack(samples.map { $0[c] }) }
            let vector = try PaillierOwnerEncryptor(secretKey: key).encrypt(packed)
            let out = try PaillierEvaluator(publicKey: key.publicKey).multiply(matrix, [vector])
            let scores = try PaillierDecryptor(secretKey: key).decrypt(out[0]).map(layout.unpack)
            for (s, sample) in samples.enumerated() {
                let expected = EvaluatorTests.dot(rows, sample, biases, key.publicKey.modulus)
                #expect(scores.map { $0[s] } == expected)
            }
            // Whatever lies in idle slots, used ones are right.
            for used in 0...layout.count {
                let packed = try (0..<columns).map { c in
                    try layout.pack(samples.prefix(used).map { $0[c] })
                }
                let vector = try PaillierOwnerEncryptor(secretKey: key).encrypt(packed)
                let out = try PaillierEvaluator(publicKey: key.publicKey)
                    .multiply(matrix, [vector], usedSlots: [used])
                let found = try PaillierDecryptor(secretKey: key).decrypt(out[0])
                    .map(layout.unpack)
                #expect(zip(found, scores).allSatisfy { $0.prefix(used) == $1.prefix(used) })
            }
            #expect(throws: PaillierError.self) {
                try PaillierMatrix(
                    rows: rows, biases: biases, packing: layout, inputMagnitude: 512,
                    publicKey: key.publicKey)
            }
        }
    }

    /// Idle slots are independent and uniform in all of a slot, for whatever weights, and nothing lies above them: a bias
    /// that was masked and not taken away would leave the last one half of the time.
    @Test(arguments: Path.here, [1, -1]) func idleSlotsTellNothing(path: Path, sign: Int) throws {
        try path.run { () throws in
            let key = try KeyVectors.of(bits: 512).secretKey()
            let layout = try PackingLayout(slotBits: 12, publicKey: key.publicKey)
            let matrix = try PaillierMatrix(
                rows: [[1, 2], [-1, 0]], biases: [BigInt(sign * 2000), BigInt(sign * 1500)],
                packing: layout, inputMagnitude: 15, publicKey: key.publicKey)
            let evaluator = PaillierEvaluator(publicKey: key.publicKey)
            let owner = PaillierOwnerEncryptor(secretKey: key)
            let decryptor = PaillierDecryptor(secretKey: key)
            let request = try owner.encrypt([try layout.pack([7, -3]), try layout.pack([1, 15])])
            var idle: [[Double]] = [[], []]
            for _ in 0..<8 {
                let replies = try evaluator.multiply(
                    matrix, [request, request], usedSlots: [2, 2])
                for reply in replies {
                    for (row, plaintext) in try decryptor.decrypt(reply).enumerated() {
                        let slots = layout.unpack(plaintext)
                        #expect(try layout.pack(slots) == plaintext)
                        let first = row == 0 ? 9 : -7
                        let bias = sign * [2000, 1500][row]
                        #expect(slots[0] == BigInt(first + bias))
                        #expect(slots[1] == BigInt((row == 0 ? 27 : 3) + bias))
                        idle[row] += slots.dropFirst(2).map { Double($0.description)! }
                    }
                }
            }
            for values in idle {
                #expect(values.count == 16 * (layout.count - 2))
                #expect(values.allSatisfy { (-2048..<2048).contains($0) })
                let count = Double(values.count)
                let mean = values.reduce(0, +) / count
                let square = values.reduce(0) { $0 + $1 * $1 } / count
                // Six deviations: 2048 / sqrt(3), and the square's, by the number of values.
                #expect(abs(mean) < 6 * 1182 / count.squareRoot(), "mean \(mean)")
                #expect(abs(square - 2048 * 2048 / 3) < 6 * 1_251_000 / count.squareRoot())
                // Neighbours have nothing to do with each other.
                let products = zip(values, values.dropFirst()).map { $0 * $1 }
                #expect(abs(products.reduce(0, +)) < 6 * 1182 * 1182 * count.squareRoot())
            }
        }
    }
}
