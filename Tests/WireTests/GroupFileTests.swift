// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import TestSupport
import Testing
import Wire

/// Groups in a file: what is written is read, and everything else is refused by a typed error.
@Suite struct GroupFileTests {
    @Test(arguments: GroupHeadTests.kinds) func roundTrip(kind: ArtifactKind) throws {
        let groups = try Groups.make(kind)
        let file = try GroupFile(MemorySource(groups.bytes), Groups.form(kind))
        #expect(file.groups.map(\.head) == groups.heads)
        #expect(file.groupCount == 3 && file.sampleCount == 10 && file.end == groups.bytes.count)
        // In any order, each from its beginning.
        for index in [2, 0, 1, 1] {
            let body = try file.body(of: index)
            #expect(try body.whole { try $0.bytes($0.remaining) } == groups.bodies[index].bytes)
            try file.verify(index)
        }
        let any = try GroupFile(MemorySource(groups.bytes), GroupForm(anyPlan: kind))
        #expect(any.groups.map(\.offset) == file.groups.map(\.offset))
    }

    /// A body of many pieces, read in parts, with a rest that nobody reads.
    @Test func longBody() throws {
        let length = 5 * BodyReader.pieceLength / 2
        let groups = try Groups([
            GroupHead(
                requestFor: Groups.plan, sampleCount: 1, index: 0, groupCount: 1,
                bodyLength: length)
        ])
        let form = GroupForm(.request, plan: Groups.plan, capacity: 1) { _ in length }
        let file = try GroupFile(MemorySource(groups.bytes), form)
        let body = try file.body(of: 0)
        let counts = [1, 0, BodyReader.pieceLength + 1, 100]
        let parts = try counts.map { try body.bytes($0) }
        #expect(parts.joined().elementsEqual(groups.bodies[0].bytes.prefix(counts.reduce(0, +))))
        #expect(body.remaining == length - counts.reduce(0, +))
        try body.finish()
        // What nobody read is checked all the same.
        let damaged = try GroupFile(
            MemorySource(groups.bytes.with([groups.bytes[length] ^ 1], at: length)), form)
        #expect(throws: WireError.corrupt) { try damaged.verify(0) }
    }

    @Test(arguments: GroupHeadTests.kinds, Way.allCases)
    func truncatedAnywhere(kind: ArtifactKind, way: Way) throws {
        let bytes = try Groups.make(kind).bytes
        for length in bytes.indices {
            #expect(throws: WireError.self, "length \(length)") {
                try way.read(Array(bytes[..<length]), Groups.form(kind))
            }
        }
    }

    @Test(arguments: GroupHeadTests.kinds, Way.allCases)
    func flippedByte(kind: ArtifactKind, way: Way) throws {
        let bytes = try Groups.make(kind).bytes
        var generator = SplitMix64(seed: UInt64(kind.rawValue))
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= UInt8.random(in: 1...255, using: &generator)
            #expect(throws: WireError.self, "position \(position)") {
                try way.read(damaged, Groups.form(kind))
            }
        }
    }

    @Test(arguments: GroupHeadTests.kinds, Way.allCases)
    func groupsOutOfOrder(kind: ArtifactKind, way: Way) throws {
        let groups = try Groups.make(kind)
        for order in [
            [1, 0, 2], [0, 2, 1], [0, 0, 2], [0, 1, 1], [0, 0, 1, 2], [1, 2], [0, 2], [0, 1], [2],
            [],
        ] {
            #expect(throws: WireError.self, "\(order)") {
                try way.read(order.flatMap { groups.parts[$0] }, Groups.form(kind))
            }
        }
        let bodies = groups.bodies.map(\.bytes)
        #expect(try way.read(groups.bytes, Groups.form(kind)) == bodies)
    }

    /// A file has nothing behind its last group. A stream may go on with something else.
    @Test(arguments: GroupHeadTests.kinds) func more(kind: ArtifactKind) throws {
        let groups = try Groups.make(kind)
        for extra in [groups.parts[2], groups.bytes, [0], [UInt8](repeating: 0, count: 4096)] {
            #expect(throws: WireError.self) {
                try Way.file.read(groups.bytes + extra, Groups.form(kind))
            }
            #expect(try Way.stream.read(groups.bytes + extra, Groups.form(kind)).count == 3)
        }
    }

    @Test(arguments: GroupHeadTests.kinds, Way.allCases)
    func otherPlansGroups(kind: ArtifactKind, way: Way) throws {
        let other = Envelope.digest(of: [4])
        let request = try Groups.request(plan: other)
        let foreign = try kind == .request ? request : Groups.reply(to: request)
        let own = try Groups.make(kind)
        let error = WireError.wrongPlan(
            expected: Envelope.hexadecimal(Groups.plan), found: Envelope.hexadecimal(other))
        #expect(throws: error) { try way.read(foreign.bytes, Groups.form(kind)) }
        let mixed = own.parts[0] + foreign.parts[1] + own.parts[2]
        #expect(throws: error) { try way.read(mixed, Groups.form(kind)) }
        // All of one plan, whichever.
        #expect(throws: error) { try way.read(mixed, GroupForm(anyPlan: kind)) }
    }

    /// Groups of two files, of which one has a group more.
    @Test(arguments: Way.allCases) func countsThatDiffer(way: Way) throws {
        let head = GroupHead(
            requestFor: Groups.plan, sampleCount: 4, index: 1, groupCount: 4, bodyLength: 43)
        let (three, four) = try (Groups.request(), Groups([head]))
        #expect(throws: WireError.malformed("group 1 is one of 4, the one before of 3")) {
            try way.read(three.parts[0] + four.parts[0] + three.parts[2], Groups.form(.request))
        }
    }

    @Test(arguments: Way.allCases) func otherKinds(way: Way) throws {
        let (request, reply) = try (Groups.make(.request), Groups.make(.reply))
        #expect(throws: WireError.wrongKind(expected: .request, found: .reply)) {
            try way.read(reply.bytes, Groups.form(.request))
        }
        #expect(throws: WireError.wrongKind(expected: .reply, found: .request)) {
            try way.read(request.bytes, Groups.form(.reply))
        }
        for kind in EnvelopeTests.kinds {
            #expect(throws: WireError.wrongKind(expected: .reply, found: kind)) {
                try way.read(EnvelopeTests.file(kind), Groups.form(.reply))
            }
        }
    }

    /// Another version is named, however short its groups are.
    @Test(arguments: Way.allCases) func otherVersions(way: Way) throws {
        let bytes = try Groups.make(.request).bytes
        for version in [1, 5, 7] {
            let other = bytes.with([UInt8(version)], at: 8)
            for length in [56, 100, 136, other.count] {
                #expect(throws: WireError.unsupportedVersion(version)) {
                    try way.read(Array(other[..<length]), Groups.form(.request))
                }
            }
        }
        #expect(throws: WireError.notAnArtifact) {
            try way.read([UInt8](repeating: 65, count: 200), Groups.form(.request))
        }
    }

    @Test func emptyAndTiny() {
        #expect(throws: WireError.notAnArtifact) { try Way.file.read([], Groups.form(.request)) }
        #expect(throws: WireError.malformed("the file ends within group 0")) {
            try Way.file.read(Array("BLND".utf8), Groups.form(.request))
        }
    }

    // MARK: What an interrupted writer leaves

    @Test(arguments: GroupHeadTests.kinds) func unfinished(kind: ArtifactKind) throws {
        let groups = try Groups.make(kind)
        let ends = [0] + groups.parts.indices.map { groups.parts[...$0].joined().count }
        for length in 0...groups.bytes.count {
            let file = try GroupFile(
                MemorySource(Array(groups.bytes[..<length])), Groups.form(kind),
                allowsMissing: true)
            #expect(file.end == ends.last { $0 <= length })
            #expect(file.groups.count == ends.lastIndex { $0 <= length })
        }
    }

    /// Behind a whole group: anything that is no longer than a group.
    @Test func rubbishAtTheEnd() throws {
        let groups = try Groups.request()
        let first = groups.parts[0]
        var generator = SplitMix64(seed: 3)
        func read(_ rest: [UInt8]) throws -> Int {
            try GroupFile(
                MemorySource(first + rest), Groups.form(.request), allowsMissing: true
            ).groups.count
        }
        for length in [1, 8, 56, 135, 136, first.count] {
            #expect(
                try read((0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) })
                    == 1)
            #expect(try read([UInt8](repeating: 0, count: length)) == 1)
        }
        #expect(throws: WireError.self) { try read([UInt8](repeating: 0, count: first.count + 1)) }
        // Without a whole group before it, it is something else that happens to have this name.
        #expect(throws: WireError.notAnArtifact) {
            try GroupFile(
                MemorySource(Array("precious data".utf8)), Groups.form(.request),
                allowsMissing: true)
        }
    }

    /// A source that fails: nothing is taken for the end of the file.
    @Test func sourceThatFails() throws {
        let groups = try Groups.request()
        let source = ChangingSource(groups.bytes)
        // Of the last group too, of which anything else would be taken for rubbish.
        for count in [1, 2] {
            source.failsFrom = groups.parts[..<count].joined().count
            #expect(throws: FileError.self) {
                try GroupFile(source, Groups.form(.request), allowsMissing: true)
            }
        }
    }

    @Test func sourceThatChanges() throws {
        let groups = try Groups.request()
        let source = ChangingSource(groups.bytes)
        let file = try GroupFile(source, Groups.form(.request))
        source.flip(150)
        #expect(throws: WireError.corrupt) { try file.verify(0) }
        source.flip(60)
        #expect(throws: WireError.malformed("the file changed while it was read")) {
            try file.verify(0)
        }
        try file.verify(1)
        source.failsFrom = groups.parts[0].count + 140
        #expect(throws: FileError.self) { try file.verify(1) }
    }
}

/// Bytes that change, or can no longer be read.
private final class ChangingSource: ByteSource {
    let count: Int
    private let state: Mutex<(bytes: [UInt8], failsFrom: Int)>

    init(_ bytes: [UInt8]) {
        count = bytes.count
        state = Mutex((bytes, .max))
    }

    /// Reads that go beyond fail.
    var failsFrom: Int {
        get { state.withLock { $0.failsFrom } }
        set { state.withLock { $0.failsFrom = newValue } }
    }

    func flip(_ position: Int) { state.withLock { $0.bytes[position] ^= 1 } }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
        let (bytes, failsFrom) = state.withLock { $0 }
        guard offset + buffer.count <= failsFrom else {
            throw FileError(path: name, reason: "a disk that fails")
        }
        try MemorySource(bytes).read(into: buffer, at: offset)
    }
}
