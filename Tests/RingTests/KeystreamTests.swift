// SPDX-License-Identifier: Apache-2.0

import Ring
import Testing

@Suite struct KeystreamTests {
    static func words(_ stream: inout Keystream, _ count: Int) -> [UInt64] {
        let words = stream.words(count)
        return words.withWords { Array(UnsafeBufferPointer(start: $0, count: words.count)) }
    }

    static func seed(_ byte: UInt8) throws -> Seed {
        try #require(Seed([UInt8](repeating: byte, count: 32)))
    }

    /// AES-256 of the blocks 0, 1 and 2 under the zero key: what GCM's test cases 13 and 14 (McGrew and
    /// Viega, 2004) show as H, tag and ciphertext.
    @Test func knownBlocks() throws {
        var stream = Keystream(seed: try Self.seed(0), stream: 0)
        let bytes = Self.words(&stream, 6).flatMap(\.littleEndianBytes)
        let text = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        #expect(
            text == "dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738b"
                + "cea7403d4d606b6e074ec5d3baf39d18")
    }

    @Test func blocksContinueAcrossCalls() throws {
        let seed = try Self.seed(7)
        var whole = Keystream(seed: seed, stream: 3)
        let expected = Self.words(&whole, 64)
        #expect(Set(expected).count == 64, "words repeat")
        var parts = Keystream(seed: seed, stream: 3)
        #expect([2, 4, 8, 2, 16, 32].flatMap { Self.words(&parts, $0) } == expected)
        // An odd count spends its last block whole: no word is given twice.
        var odd = Keystream(seed: seed, stream: 3)
        #expect(Self.words(&odd, 3) == Array(expected[..<3]))
        #expect(Self.words(&odd, 2) == Array(expected[4..<6]))
        #expect(Self.words(&odd, 0) == [])
        #expect(Self.words(&odd, 2) == Array(expected[6..<8]))
    }

    @Test func streamsAndSeedsDiffer() throws {
        var seen = Set<UInt64>()
        var total = 0
        for byte in [UInt8(0), 1, 255] {
            for stream in [0, 1, 2, 1 << 16, 1 << 63, UInt64.max] {
                var source = Keystream(seed: try Self.seed(byte), stream: stream)
                let words = Self.words(&source, 32)
                var again = Keystream(seed: try Self.seed(byte), stream: stream)
                #expect(Self.words(&again, 32) == words, "seed \(byte), stream \(stream)")
                seen.formUnion(words)
                total += words.count
            }
        }
        #expect(seen.count == total, "streams share words")
    }

    @Test func copiesAreIndependent() throws {
        var first = Keystream(seed: try Self.seed(9), stream: 1)
        _ = first.words(4)
        var second = first
        let words = Self.words(&first, 8)
        #expect(Self.words(&second, 8) == words)
    }

    @Test func secretStreamsAreFresh() {
        var (first, second) = (Keystream(), Keystream())
        let words = Self.words(&first, 64) + Self.words(&second, 64)
        #expect(Set(words).count == 128)
    }
}

@Suite struct SeedTests {
    @Test func parsing() throws {
        for count in [0, 1, 16, 31, 33, 64] {
            #expect(Seed([UInt8](repeating: 1, count: count)) == nil, "\(count) bytes")
        }
        let bytes = (0..<32).map { UInt8($0) }
        let seed = try #require(Seed(bytes))
        #expect(seed.bytes == bytes)
        #expect(Seed(bytes[...]) == seed && Seed(bytes.reversed()) != seed)
        #expect(Seed.byteCount == 32)
    }

    @Test func randomSeedsDiffer() {
        let seeds = Set((0..<64).map { _ in Seed.random() })
        #expect(seeds.count == 64)
        #expect(seeds.allSatisfy { $0.bytes.count == 32 })
        for i in 0..<32 { #expect(Set(seeds.map { $0.bytes[i] }).count > 20, "byte \(i)") }
    }
}
