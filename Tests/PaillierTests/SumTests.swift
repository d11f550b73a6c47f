// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Paillier
import TestSupport
import Testing

@Suite struct SumTests {
    private func key(bits: Int = 1024) throws -> PaillierSecretKey {
        try KeyVectors.of(bits: bits).secretKey()
    }

    /// Whole slots and a part of one, integers at both ends, as many clients as there is room for.
    @Test(arguments: Path.here, [1, 7, 40]) func sumsAreExact(path: Path, clients: Int) throws {
        try path.run { () throws in
            let key = try key()
            let layout = try SumLayout(
                count: 131, magnitude: 1000, clients: clients, publicKey: key.publicKey)
            #expect(layout.ciphertextCount > 1 && layout.count % layout.packing.count != 0)
            let encryptor = PaillierEncryptor(publicKey: key.publicKey)
            var random = SplitMix64(seed: 3)
            var expected = [Int64](repeating: 0, count: layout.count)
            var total: EncryptedSum?
            for _ in 0..<clients {
                let values = (0..<layout.count).map {
                    switch $0 % 3 {
                    case 0: Int64(1000)
                    case 1: Int64(-1000)
                    default: Int64(random.int(in: -1000...1000))
                    }
                }
                for (place, value) in values.enumerated() { expected[place] += value }
                let vector = try layout.encrypt(values, with: encryptor)
                let read = try EncryptedSum(bytes: vector.bytes, layout: layout)
                #expect(vector.bytes.count == layout.byteCount && read.terms == 1)
                total = try total?.adding(read) ?? read
            }
            let sum = try EncryptedSum(bytes: #require(total).bytes, layout: layout)
            #expect(sum.terms == clients)
            let decryptor = PaillierDecryptor(secretKey: key)
            #expect(
                try layout.decrypt(sum, with: decryptor, leastTerms: clients) == expected)
            #expect(throws: SumError.tooFewTerms(found: clients, least: clients + 1)) {
                try layout.decrypt(sum, with: decryptor, leastTerms: clients + 1)
            }
            let one = try layout.encrypt([Int64](repeating: 0, count: 131), with: encryptor)
            #expect(throws: SumError.tooManyTerms(found: clients + 1, most: clients)) {
                try sum.adding(one)
            }
        }
    }

    @Test func layoutsThatCannotBe() throws {
        let key = try key().publicKey
        for (count, magnitude, clients) in [
            (0, 1, 1), (-1, 1, 1), (1 << 40, 1, 1), (1, 0, 1), (1, -5, 1), (1, 1, 0), (1, 1, -1),
            (1, Int64.max, 2), (1, 1 << 40, 1 << 30),
        ] {
            #expect(throws: SumError.self) {
                try SumLayout(
                    count: count, magnitude: magnitude, clients: clients, publicKey: key)
            }
        }
        let widest = try SumLayout(
            count: 5, magnitude: Int64.max, clients: 1, publicKey: key)
        #expect(widest.packing.slotBits == 64)
    }

    @Test func integersThatDoNotFit() throws {
        let key = try key()
        let layout = try SumLayout(
            count: 3, magnitude: 10, clients: 2, publicKey: key.publicKey)
        let encryptor = PaillierEncryptor(publicKey: key.publicKey)
        #expect(throws: SumError.valueOutOfRange(index: 1, value: -11, magnitude: 10)) {
            try layout.encrypt([10, -11, 0], with: encryptor)
        }
        #expect(throws: SumError.valueOutOfRange(index: 2, value: .min, magnitude: 10)) {
            try layout.encrypt([10, -10, .min], with: encryptor)
        }
        #expect(throws: SumError.countMismatch(expected: 3, found: 2)) {
            try layout.encrypt([1, 2], with: encryptor)
        }
    }

    /// Vectors of another sum, or damaged ones, are told before anything is computed.
    @Test func bytesOfAnotherSum() throws {
        let (key, other) = (try key(), try key(bits: 2048))
        func layout(
            _ count: Int = 3, _ magnitude: Int64 = 10, _ clients: Int = 2,
            _ key: PaillierSecretKey? = nil
        ) throws -> SumLayout {
            try SumLayout(
                count: count, magnitude: magnitude, clients: clients,
                publicKey: (key ?? self.key()).publicKey)
        }
        let bytes = try layout().encrypt(
            [1, 2, 3], with: PaillierEncryptor(publicKey: key.publicKey)
        ).bytes
        _ = try EncryptedSum(bytes: bytes, layout: layout())
        for wrong in [
            try layout(4), try layout(3, 11), try layout(3, 10, 3), try layout(3, 10, 2, other),
        ] {
            #expect(throws: SumError.self) { try EncryptedSum(bytes: bytes, layout: wrong) }
        }
        for damage in [
            [UInt8](), Array(bytes.dropLast()), bytes + [0], Array(bytes[..<30]),
            bytes.enumerated().map { $0.offset == 32 ? 0 : $0.element },
            bytes.enumerated().map { $0.offset == 32 ? 3 : $0.element },
            bytes.enumerated().map { $0.offset == 39 ? 255 : $0.element },
            bytes.enumerated().map { $0.offset == 45 ? ~$0.element : $0.element },
        ] {
            #expect(throws: SumError.self) { try EncryptedSum(bytes: damage, layout: layout()) }
        }
        #expect(throws: PaillierError.self) {
            try EncryptedSum(
                bytes: Array(bytes[..<56]) + [UInt8](repeating: 0, count: bytes.count - 56),
                layout: layout())
        }
    }

    /// Whatever bytes come, they are refused with an error or decrypted; nothing traps.
    @Test func hostileBytes() throws {
        let key = try key()
        let layout = try SumLayout(
            count: 60, magnitude: 1000, clients: 9, publicKey: key.publicKey)
        let decryptor = PaillierDecryptor(secretKey: key)
        let bytes = try layout.encrypt(
            [Int64](repeating: 7, count: 60), with: PaillierEncryptor(publicKey: key.publicKey)
        ).bytes
        var random = SplitMix64(seed: 4)
        var (accepted, refused) = (0, 0)
        for _ in 0..<120 {
            var damaged = bytes
            // The head is short: half of the damage is there.
            let end = random.next() % 2 == 0 ? 56 : bytes.count
            for _ in 0...random.int(in: 0...2) {
                damaged[random.int(in: 0...end - 1)] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.next() % 4 == 0 { damaged.removeLast(random.int(in: 1...damaged.count)) }
            do {
                let sum = try EncryptedSum(bytes: damaged, layout: layout)
                _ = try layout.decrypt(sum, with: decryptor, leastTerms: 1)
                accepted += 1
            } catch {
                #expect(error is SumError || error is PaillierError)
                refused += 1
            }
        }
        #expect(refused > 60 && accepted + refused == 120)
    }

    /// A client that encrypts more than it may, by a layout of its own, is found out where it leaves the sum's range.
    @Test func sumsThatCannotBe() throws {
        let key = try key()
        let decryptor = PaillierDecryptor(secretKey: key)
        let layout = try SumLayout(
            count: 3, magnitude: 10, clients: 2, publicKey: key.publicKey)
        for plaintext: BigInt in [
            21, -21, BigInt(1) << (layout.packing.slotBits * 3), key.publicKey.maximumPlaintext,
        ] {
            let vector = try PaillierEncryptor(publicKey: key.publicKey).encrypt([plaintext])
            let honest = try layout.encrypt(
                [0, 0, 0], with: PaillierEncryptor(publicKey: key.publicKey)
            ).bytes
            let sum = try EncryptedSum(bytes: Array(honest[..<56]) + vector.bytes, layout: layout)
            #expect(throws: SumError.sumOutOfRange(ciphertext: 0)) {
                try layout.decrypt(sum, with: decryptor, leastTerms: 1)
            }
        }
    }
}
