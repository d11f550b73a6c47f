// SPDX-License-Identifier: Apache-2.0

import Samples
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct NPZTests {
    /// numpy.savez(path, array of uint8 [[1, 2], [3, 4]]).
    private static let plain = """
        UEsDBC0AAAAAAAAAIQCCX1jr//////////8JABQAYXJyXzAubnB5AQAQAIQAAAAAAAAAhAAAAAAAAACTTlVNUFkBAHYAeydk
        ZXNjcic6ICd8dTEnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMiksIH0gICAgICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgCgECAwRQSwECLQMtAAAAAAAAACEAgl9Y64QAAACE
        AAAACQAAAAAAAAAAAAAAgAEAAAAAYXJyXzAubnB5UEsFBgAAAAABAAEANwAAAL8AAAAAAA==
        """

    /// numpy.savez_compressed(path, x=array of float32 [[1.5, 2], [3, 4]], y=array of int64 [7, 8]).
    private static let packed = """
        UEsDBC0AAAAIAAAAIQC/DJk0//////////8FABQAeC5ucHkBABAAkAAAAAAAAABTAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxc
        pG6loG6TZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CkaaOgq1CmQDLgaGA/YMDAwOQATEDQ4AUEsDBC0A
        AAAIAAAAIQAgiU0r//////////8FABQAeS5ucHkBABAAkAAAAAAAAABKAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6T
        aaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC52BgjggNIAUEsBAi0DLQAAAAgAAAAhAL8MmTRT
        AAAAkAAAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsBAi0DLQAAAAgAAAAhACCJTStKAAAAkAAAAAUAAAAAAAAAAAAAAIAB
        igAAAHkubnB5UEsFBgAAAAACAAIAZgAAAAsBAAAAAA==
        """

    private func bytes(_ text: String) -> [UInt8] {
        Array(Data(base64Encoded: text.split(separator: "\n").joined())!)
    }

    /// The only member, or the one that is named.
    @Test func readsArrays() throws {
        let one = try SampleFile.parse(bytes(Self.plain))
        #expect(one.sample(at: 0) == [1, 2] && one.sample(at: 1) == [3, 4])
        let two = bytes(Self.packed)
        for name in ["x", "x.npy"] {
            let set = try SampleFile.parse(two, as: SampleReading(array: name))
            #expect(set.sample(at: 0) == [1.5, 2] && set.count == 2)
        }
        #expect(try SampleFile.labels(two, as: SampleReading(array: "y")) == [7, 8])
        #expect(throws: SampleError.whichArray(asked: nil, names: ["x", "y"])) {
            try SampleFile.parse(two)
        }
        #expect(throws: SampleError.whichArray(asked: "z", names: ["x", "y"])) {
            try SampleFile.parse(two, as: SampleReading(array: "z"))
        }
        // No other file has arrays by name.
        #expect(throws: SampleError.whichArray(asked: "x", names: [])) {
            try SampleFile.parse(Array("5,6\n".utf8), as: SampleReading(array: "x"))
        }
    }

    @Test func limitsWhatMembersUnpackTo() throws {
        // 144 bytes each.
        let reading = SampleReading(array: "x")
        #expect(throws: SampleError.tooLarge(limit: 143)) {
            try SampleFile.parse(bytes(Self.packed), as: reading, limit: 143)
        }
        #expect(throws: Never.self) {
            try SampleFile.parse(bytes(Self.packed), as: reading, limit: 144)
        }
        // A directory that states less than there is: unpacking ends there.
        var lying = bytes(Self.packed)
        let entry = try #require(
            lying.indices.first { lying[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
        #expect(lying[entry + 24] == 144)
        lying[entry + 24] = 100
        #expect(throws: SampleError.tooLarge(limit: 100)) {
            try SampleFile.parse(lying, as: reading)
        }
        // More than there is.
        lying[entry + 24] = 145
        #expect(throws: SampleError.self) { try SampleFile.parse(lying, as: reading) }
    }

    @Test func refusesBrokenArchives() throws {
        let whole = bytes(Self.plain)
        for count in 4..<whole.count {
            #expect(throws: SampleError.self, "\(count)") {
                try SampleFile.parse(Array(whole[..<count]))
            }
        }
        #expect(throws: SampleError.self) { try SampleFile.parse(whole + [0]) }
        let entry = try #require(
            whole.indices.first { whole[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
        // Encrypted, another method, another checksum, sizes in zip64, data elsewhere.
        for (offset, change) in [(8, 1), (10, 12), (16, 1), (42, 1)] as [(Int, UInt8)] {
            var broken = whole
            broken[entry + offset] ^= change
            #expect(throws: SampleError.self, "\(offset)") { try SampleFile.parse(broken) }
        }
        var large = whole
        for offset in 24..<28 { large[entry + offset] = 0xFF }
        #expect(throws: SampleError.self) { try SampleFile.parse(large) }
    }

    @Test(arguments: 0..<2 as Range<UInt64>)
    func flippedBytes(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let files = [bytes(Self.plain), bytes(Self.packed)]
        for _ in 0..<3000 {
            var file = files[Int.random(in: 0..<2, using: &generator)]
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                file[Int.random(in: 0..<file.count, using: &generator)] =
                    UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? SampleFile.parse(file, limit: 1 << 16)
            _ = try? SampleFile.labels(file, as: SampleReading(array: "y"), limit: 1 << 16)
        }
    }

    /// What is not read is named, and what to do is said.
    @Test func namesForeignFiles() {
        let files: [([UInt8], String, String)] = [
            (Array("<!DOCTYPE html><html>".utf8), "HTML", "download the file"),
            (Array("\n<HTML>".utf8), "HTML", "download"),
            (Array("version https://git-lfs".utf8), "Git LFS", "git lfs pull"),
            ([0x89] + Array("HDF\r\n\u{1A}\n".utf8), "HDF5", "numpy.save"),
            (Array("PAR1....".utf8), "Parquet", "CSV"), (Array("ARROW1..".utf8), "Arrow", "CSV"),
            ([0x80, 4, 0x95, 0], "pickle", "never read"),
            ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "Excel", "CSV"),
            ([0xFF, 0xFE, 0x31, 0], "UTF-16", "UTF-8"), (Array("{\"a\": 1}".utf8), "JSON", "CSV"),
            (Array("[[1, 2]]".utf8), "JSON", "CSV"),
            (archive(of: "archive/data.pkl"), "PyTorch", "never read"),
            (archive(of: "xl/workbook.xml"), "Excel", "CSV"), (archive(of: "a.txt"), "zip", "NPZ"),
        ]
        for (file, name, remedy) in files {
            do {
                _ = try SampleFile.parse(file)
                Issue.record("\(name) was read")
            } catch {
                guard case .foreign = error else {
                    Issue.record("\(name): \(error)")
                    continue
                }
                #expect("\(error)".contains(name) && "\(error)".contains(remedy), "\(error)")
            }
        }
    }

    /// A zip archive's directory of one member that is empty.
    private func archive(of name: String) -> [UInt8] {
        func word(_ value: Int, _ size: Int) -> [UInt8] {
            (0..<size).map { UInt8(value >> (8 * $0) & 0xFF) }
        }
        let count = name.utf8.count
        let local =
            [0x50, 0x4B, 3, 4] + word(0, 22) + word(count, 2) + word(0, 2) + Array(name.utf8)
        let entry =
            [0x50, 0x4B, 1, 2] + word(0, 24) + word(count, 2) + word(0, 16) + Array(name.utf8)
        return local + entry + [0x50, 0x4B, 5, 6] + word(0, 4) + word(1, 2) + word(1, 2)
            + word(entry.count, 4) + word(local.count, 4) + word(0, 2)
    }
}
