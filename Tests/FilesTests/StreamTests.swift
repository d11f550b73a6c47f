// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import Testing

@Suite struct StreamTests {
    /// A pipe's two ends.
    private func makePipe() -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test func sourcesAreStreams() throws {
        let stream = SourceStream(MemorySource(pattern(100)), from: 10)
        #expect(try stream.bytes(30) == Array(pattern(100)[10..<40]))
        #expect(stream.offset == 40)
        #expect(try stream.bytes(60) == Array(pattern(100)[40...]))
        var buffer: [UInt8] = [7]
        #expect(try buffer.withUnsafeMutableBytes { try stream.read(into: $0) } == 0)
        #expect(throws: FileError(path: "bytes", reason: "it ended after 0 bytes of 1")) {
            try stream.bytes(1)
        }
    }

    /// Through a pipe whose two ends don't block: both wait for each other.
    @Test(.timeLimit(.minutes(1)), arguments: [false, true])
    func descriptorsCarryAll(isNonblocking: Bool) throws {
        let ends = makePipe()
        if isNonblocking {
            for end in [ends.read, ends.write] { #expect(fcntl(end, F_SETFL, O_NONBLOCK) == 0) }
        }
        let bytes = pattern(1 << 20)
        let writer = Thread {
            let sink = DescriptorSink(ends.write, name: "pipe", closes: true)
            try? sink.write(bytes)
        }
        writer.start()
        let stream = DescriptorStream(ends.read, name: "pipe", closes: true)
        #expect(try stream.bytes(bytes.count) == bytes)
        #expect(throws: FileError(path: "pipe", reason: "it ended after 0 bytes of 4")) {
            try stream.bytes(4)
        }
    }

    @Test func memorySinkKeepsAll() throws {
        let sink = MemorySink()
        try sink.write([1, 2])
        try sink.write([])
        try sink.write([3])
        #expect(sink.bytes == [1, 2, 3])
    }

    @Test func failuresAreThrown() throws {
        let ends = makePipe()
        close(ends.read)
        close(ends.write)
        #expect(throws: FileError(path: "gone", reason: "Bad file descriptor")) {
            try DescriptorSink(ends.write, name: "gone").write([1])
        }
        #expect(throws: FileError(path: "gone", reason: "Bad file descriptor")) {
            try DescriptorStream(ends.read, name: "gone").bytes(1)
        }
    }
}
