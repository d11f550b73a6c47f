// SPDX-License-Identifier: Apache-2.0

import Files
import Samples
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct SampleFileTests {
    private func idx(_ code: UInt8, _ sizes: [UInt32], _ data: [UInt8]) -> [UInt8] {
        let sizeBytes = sizes.flatMap { size in
            (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) }
        }
        return [0, 0, code, UInt8(sizes.count)] + sizeBytes + data
    }

    private func npy(
        _ type: String, _ shape: String, _ data: [UInt8], order: String = "False",
        version: UInt8 = 1
    ) -> [UInt8] {
        let header = "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }\n"
        let count = header.utf8.count
        let length = version == 1 ? [UInt8(count), 0] : [UInt8(count), 0, 0, 0]
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + data
    }

    @Test func readsIDX() throws {
        let set = try SampleFile.parse(idx(8, [2, 2, 3], Array(0...11)))
        #expect(set.count == 2 && set.sampleShape == [2, 3])
        #expect(set.sample(at: 1) == [6, 7, 8, 9, 10, 11])
        #expect(try SampleFile.parse(idx(9, [1], [0xFF])).sample(at: 0) == [-1])
        #expect(try SampleFile.parse(idx(0x0B, [1], [0xFF, 0])).sample(at: 0) == [-256])
        #expect(try SampleFile.parse(idx(0x0C, [1], [0, 0, 1, 2])).sample(at: 0) == [258])
        #expect(try SampleFile.parse(idx(0x0D, [1], [0x3F, 0x80, 0, 0])).sample(at: 0) == [1])
        let half: [UInt8] = [0x3F, 0xE0, 0, 0, 0, 0, 0, 0]
        #expect(try SampleFile.parse(idx(0x0E, [1], half)).sample(at: 0) == [0.5])
    }

    @Test(arguments: [1, 2, 3] as [UInt8])
    func readsNPY(version: UInt8) throws {
        let set = try SampleFile.parse(
            npy("<i2", "(2, 2)", [1, 0, 0xFE, 0xFF, 3, 0, 0, 1], version: version))
        #expect(set.count == 2 && set.sampleShape == [2])
        #expect(set.sample(at: 0) == [1, -2] && set.sample(at: 1) == [3, 256])
    }

    @Test func readsNPYTypes() throws {
        #expect(try SampleFile.parse(npy("<f4", "(1,)", [0, 0, 0x80, 0x3F])).sample(at: 0) == [1])
        #expect(try SampleFile.parse(npy(">f4", "(1,)", [0x3F, 0x80, 0, 0])).sample(at: 0) == [1])
        #expect(try SampleFile.parse(npy("|u1", "(2,)", [7, 255])).sample(at: 1) == [255])
        let minusOne = [UInt8](repeating: 0xFF, count: 8)
        #expect(try SampleFile.parse(npy("<i8", "(1, 1)", minusOne)).sample(at: 0) == [-1])
        #expect(
            try SampleFile.labels(npy("<i8", "(2,)", [5] + zeros(7) + [9] + zeros(7))) == [5, 9])
    }

    /// Column-major data is put in the order of the same array in C.
    @Test func readsFortranOrder() throws {
        let bytes = try SampleFile.parse(
            npy("|u1", "(2, 3)", [1, 4, 2, 5, 3, 6], order: "True"))
        #expect(bytes.sample(at: 0) == [1, 2, 3] && bytes.sample(at: 1) == [4, 5, 6])
        // numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)), as i2.
        let order = (0..<24).map { 12 * ($0 % 2) + 4 * ($0 / 2 % 3) + $0 / 6 }
        let cube = try SampleFile.parse(
            npy("<i2", "(2, 3, 4)", order.flatMap { [UInt8($0), 0] }, order: "True"))
        #expect(cube.sampleShape == [3, 4])
        #expect(cube.sample(at: 0) == (0..<12).map(Float.init))
        #expect(cube.sample(at: 1) == (12..<24).map(Float.init))
        #expect(
            try SampleFile.parse(npy("|u1", "(2,)", [7, 8], order: "True")).sample(at: 1) == [8])
    }

    @Test func readsHalvesAndTruthValues() throws {
        let halves: [(UInt16, Float)] = [
            (0x3C00, 1), (0xC100, -2.5), (0x7BFF, 65504), (0x0001, 0x1p-24),
            (0x03FF, 1023 * 0x1p-24),
            (0x0400, 0x1p-14), (0x7C00, .infinity), (0xFC00, -.infinity), (0x3555, 0.333251953125),
        ]
        for (code, value) in halves {
            let bytes = [UInt8(code & 0xFF), UInt8(code >> 8)]
            #expect(try SampleFile.parse(npy("<f2", "(1,)", bytes)).sample(at: 0) == [value])
            #expect(
                try SampleFile.parse(npy(">f2", "(1,)", bytes.reversed())).sample(at: 0) == [value])
        }
        #expect(try SampleFile.parse(npy("<f2", "(1,)", [1, 0x7C])).sample(at: 0)[0].isNaN)
        #expect(try SampleFile.parse(npy("|b1", "(1, 2)", [1, 0])).sample(at: 0) == [1, 0])
        #expect(throws: SampleError.self) { try SampleFile.parse(npy("|b1", "(1, 2)", [2, 0])) }
    }

    @Test func saysWhyArraysAreNotRead() {
        for (type, word) in [
            ("|O", "pickled"), ("<U9", "text"), ("<c8", "complex"), ("<M8[ns]", "times"),
        ] {
            do {
                _ = try SampleFile.parse(npy(type, "(1,)", zeros(8)))
                Issue.record("\(type) was read")
            } catch {
                #expect("\(error)".contains(word), "\(error)")
            }
        }
    }

    private func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }

    @Test func readsCSV() throws {
        let text = "width,height\r\n 1.5, -2\r\n\r\n3e1,4\n"
        let set = try SampleFile.parse(Array(text.utf8))
        #expect(set.count == 2 && set.sampleShape == [2])
        #expect(set.sample(at: 0) == [1.5, -2] && set.sample(at: 1) == [30, 4])
        #expect(try SampleFile.parse(Array("1\t2.5\n3\t4".utf8)).sample(at: 1) == [3, 4])
        #expect(try SampleFile.parse(Array("1;2".utf8)).sample(at: 0) == [1, 2])
        #expect(try SampleFile.labels(Array("label\n3\n0\n".utf8)) == [3, 0])
    }

    @Test(arguments: [
        "a,b\nc,d\n", "1,2\n3\n", "1,2\n3,x\n", "1,,2\n", "0x10\n", "nan\n", "inf\n", "1e99\n",
    ])
    func refusesCSV(text: String) {
        #expect(throws: SampleError.self) { try SampleFile.parse(Array(("9,9\n" + text).utf8)) }
    }

    /// gzip of "1,2\n3,4\n", made with Python's gzip module (mtime 0).
    private let compressed: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 51, 212, 49, 226, 50, 214, 49, 225, 2, 0, 71, 147, 108,
        175, 8, 0, 0, 0,
    ]

    @Test func readsGzip() throws {
        let plain = SampleReading(header: .absent)
        #expect(try SampleFile.parse(compressed, as: plain).sample(at: 1) == [3, 4])
        // Members one after the other are one file.
        #expect(try SampleFile.parse(compressed + compressed, as: plain).count == 4)
        for count in 2..<compressed.count {
            #expect(throws: SampleError.self) {
                try SampleFile.parse(Array(compressed[..<count]), as: plain)
            }
        }
        #expect(throws: SampleError.self) {
            try SampleFile.parse(compressed + [1, 2, 3], as: plain)
        }
        var broken = compressed
        broken[broken.count - 5] ^= 1
        #expect(throws: SampleError.self) { try SampleFile.parse(broken, as: plain) }
    }

    @Test func limitsWhatGzipUnpacks() {
        #expect(throws: SampleError.tooLarge(limit: 7)) {
            try SampleFile.parse(compressed, as: SampleReading(header: .absent), limit: 7)
        }
        #expect(throws: Never.self) {
            try SampleFile.parse(compressed, as: SampleReading(header: .absent), limit: 8)
        }
    }

    @Test func refusesBrokenFiles() {
        let broken: [[UInt8]] = [
            [], [0], [0, 0, 8], [0, 0, 8, 1], [0, 0, 8, 0, 1], [0, 0, 7, 1, 0, 0, 0, 0],
            idx(8, [3], [1, 2]), idx(8, [1], [1, 2]), idx(8, [0], []), idx(0x0C, [1], [1, 2]),
            idx(8, [UInt32.max, UInt32.max, UInt32.max], [1]),
            idx(8, Array(repeating: 1, count: 9), [1]),
            npy("<f4", "(2,)", [0, 0, 0, 0]), npy("<f4", "()", [0, 0, 0, 0]),
            npy("|b1", "(1, 1)", [2]), npy("<c8", "(1,)", zeros(8)),
            npy("<f2", "(1,)", [0]), npy("<U1", "(1,)", zeros(4)), npy("<V2", "(1,)", zeros(2)),
            npy("<f4", "(1", [0, 0, 0, 0]), npy("<f4", "(-1,)", []), npy("|O", "(1,)", zeros(8)),
            npy("<f4", "(999999999999999999, 999999999999999999)", zeros(4)),
            npy("<f4", "(1,)", zeros(4), version: 4), npy("<f4", "(1,)", zeros(4), order: "No"),
        ]
        for bytes in broken {
            #expect(throws: SampleError.self, "\(bytes)") { try SampleFile.parse(bytes) }
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func flippedAndTruncated(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let files = [
            idx(8, [2, 2, 3], Array(0...11)), npy("<f4", "(2, 2)", zeros(16)), compressed,
            Array("a,b\n1,2\n".utf8),
        ]
        for _ in 0..<3000 {
            var bytes = files[Int.random(in: 0..<files.count, using: &generator)]
            bytes.removeLast(Int.random(in: 0...2, using: &generator))
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                UInt8.random(in: 0...255, using: &generator)
            _ = try? SampleFile.parse(bytes)
            _ = try? SampleFile.labels(bytes)
        }
    }

    @Test func labelsAreWholeNumbers() {
        for text in ["1.5\n", "-1\n", "1,2\n", "16777216\n"] {
            #expect(throws: SampleError.self, "\(text)") { try SampleFile.labels(Array(text.utf8)) }
        }
    }

    @Test func findsThePairOfAFolder() throws {
        let manager = FileManager.default
        let folder = manager.temporaryDirectory.appendingPathComponent("blindsight-samples-pair")
        try? manager.removeItem(at: folder)
        try manager.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? manager.removeItem(at: folder) }
        func write(_ name: String, _ bytes: [UInt8]) throws {
            try Data(bytes).write(to: folder.appendingPathComponent(name))
        }
        #expect(throws: SampleError.self) {
            try LabelledSamples.load(directory: folder.path)
        }
        try write("digits-images-idx3-ubyte", idx(8, [2, 1, 1], [1, 2]))
        try write("digits-labels-idx1-ubyte", idx(8, [2], [3, 4]))
        let only = try LabelledSamples.load(directory: folder.path)
        #expect(only.labels == [3, 4] && only.samples.sample(at: 1) == [2])
        try write("train-images-idx3-ubyte", idx(8, [1, 1, 1], [9]))
        try write("train-labels-idx1-ubyte", idx(8, [1], [9]))
        #expect(throws: SampleError.self) {
            try LabelledSamples.load(directory: folder.path)
        }
        try write("t10k-images-idx3-ubyte", idx(8, [1, 1, 1], [7]))
        try write("t10k-labels-idx1-ubyte", idx(8, [1], [6]))
        #expect(try LabelledSamples.load(directory: folder.path).labels == [6])
        try write("t10k-labels-idx1-ubyte", idx(8, [2], [6, 7]))
        #expect(throws: SampleError.self) {
            try LabelledSamples.load(directory: folder.path)
        }
        #expect(throws: FileError(path: folder.path, reason: "not a regular file")) {
            try SampleFile.read(path: folder.path)
        }
        #expect(throws: FileError.self) { try SampleFile.read(path: folder.path + "/none") }
    }

    /// Longer than memory is: what it is not is seen by its first bytes, and of samples the limit is told.
    @Test func longFiles() throws {
        let path =
            FileManager.default.temporaryDirectory.path + "/blindsight-long-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let length = 1 << 40
        func write(_ head: [UInt8]) throws {
            try StagedFile.write(head, to: path)
            try #require(truncate(path, off_t(length)) == 0)
        }
        try write([])
        #expect(throws: SampleError.unknownFormat) { try SampleFile.read(path: path) }
        #expect(throws: SampleError.unknownFormat) { try SampleFile.readLabels(path: path) }
        try write([0, 0, 8, 1])
        let reason = "\(length) bytes; at most \(SampleFile.maximumFileBytes) are read"
        #expect(throws: FileError(path: path, reason: reason)) { try SampleFile.read(path: path) }
    }

    @Test func someSamples() throws {
        let all = SampleSet([[1, 2], [3, 4], [5, 6]], sampleShape: [2])
        let some = all.samples(at: [2, 0])
        #expect(some.count == 2 && some.sample(at: 0) == [5, 6] && some.sample(at: 1) == [1, 2])
        #expect(all.samples(at: []).count == 0)
    }
}
