// SPDX-License-Identifier: Apache-2.0

import Files
import Testing
import Wire

/// Groups that come one after another.
@Suite struct GroupStreamTests {
    private static func all(_ body: BodyReader) throws -> [UInt8] {
        try body.bytes(body.remaining)
    }

    @Test(arguments: 0..<20) func piecesOfAllSizes(seed: Int) throws {
        let groups = try Groups.request()
        let stream = ChoppedStream(groups.bytes + [1, 2, 3], seed: UInt64(seed))
        let reader = GroupStream(stream, Groups.form(.request))
        for index in groups.parts.indices {
            let body = try #require(try reader.next())
            #expect(body.head == groups.heads[index])
            #expect(try body.whole(Self.all) == groups.bodies[index].bytes)
        }
        // No byte more is taken than the groups have.
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
        #expect(stream.remaining == 3)
    }

    @Test func endsEarly() throws {
        let groups = try Groups.request()
        var start = 0
        for (index, part) in groups.parts.enumerated() {
            for length in [0, 1, 55, 56, 135, 136, 150, part.count - 1] {
                #expect(throws: WireError.malformed("the stream ends within group \(index)")) {
                    try Way.stream.read(
                        Array(groups.bytes[..<(start + length)]), Groups.form(.request))
                }
            }
            start += part.count
        }
    }

    /// A group that its reader refuses is read to its end all the same, so that the next one can be.
    @Test func goesOnAfterARefusal() throws {
        struct Refusal: Error {}
        let groups = try Groups.request()
        let reader = GroupStream(ChoppedStream(groups.bytes), Groups.form(.request))
        let first = try #require(try reader.next())
        #expect(throws: Refusal.self) {
            try first.whole { body in
                _ = try body.bytes(5)
                throw Refusal()
            }
        }
        let second = try #require(try reader.next())
        #expect(try second.whole(Self.all) == groups.bodies[1].bytes)
        // Of a damaged one the checksum is told of.
        let damaged = GroupStream(
            ChoppedStream(groups.bytes.with([groups.bytes[140] ^ 1], at: 140)),
            Groups.form(.request))
        let body = try #require(try damaged.next())
        #expect(throws: WireError.corrupt) { try body.whole { _ in throw Refusal() } }
        #expect(try damaged.next()?.head == groups.heads[1])
    }

    /// A stream that fails is not asked again.
    @Test func streamThatFails() throws {
        final class Failing: ByteStream {
            let stream: ChoppedStream
            var failures = 0
            init(_ stream: ChoppedStream) { self.stream = stream }
            func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
                if stream.remaining > 0 { return stream.read(into: buffer) }
                failures += 1
                throw FileError(path: name, reason: "a line that is cut")
            }
        }
        let groups = try Groups.request()
        let stream = Failing(ChoppedStream(Array(groups.bytes[..<150])))
        let body = try #require(try GroupStream(stream, Groups.form(.request)).next())
        #expect(throws: FileError.self) { try body.whole(Self.all) }
        #expect(stream.failures == 1)
    }

    /// A head that announces more than the plan has is refused before any of it is read.
    @Test func announcedLength() throws {
        let bytes = try Groups.request().bytes
        let long = bytes.with(Envelope.littleEndian(1 << 33, bytes: 8), at: 48)
        let stream = ChoppedStream(long)
        #expect(throws: WireError.wrongCount("bytes in a group", expected: 43, found: 1 << 33 - 80))
        {
            try GroupStream(stream, Groups.form(.request)).next()
        }
        #expect(stream.remaining == bytes.count - GroupHead.length)
    }
}
