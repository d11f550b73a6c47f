// SPDX-License-Identifier: Apache-2.0

import Files
import Inference
import InferenceClient
import Testing
import Wire

/// Runs of a server that end at any moment, and what the next makes of what they left.
@Suite struct ReplyFileTests {
    private struct Place {
        let fixture: Fixture
        let folder: TemporaryFolder
        let request: RequestReader

        var path: String { folder("replies.ct") }
        var partial: String { path + ".partial" }
        var partialExists: Bool { FileSystem.exists(partial) }

        init(_ method: Method) throws {
            fixture = try Fixture.of(method)
            folder = try TemporaryFolder()
            request = try RequestReader(
                MemorySource(fixture.bytes(.request)), server: fixture.server)
        }

        func file(resumes: Bool = false) throws -> ReplyFile {
            try ReplyFile(
                path: path, request: request.heads, plan: fixture.plan.client, resumes: resumes)
        }

        func write(_ bytes: some Collection<UInt8>) throws {
            try StagedFile.write(Array(bytes), to: partial)
        }

        func read(_ path: String) throws -> [UInt8] {
            try RegularFile.bytes(of: path, limit: 1 << 24)
        }

        /// Resumes and goes on to the end; tells how many groups were kept.
        func resume() throws -> Int {
            let file = try file(resumes: true)
            let kept = file.groupsDone
            while file.groupsDone < request.groupCount {
                try file.append(fixture.server.predict(request.group(file.groupsDone)))
            }
            try file.finish()
            #expect(!partialExists)
            #expect(try fixture.logits(read(path), client: fixture.client) == fixture.logits())
            return kept
        }
    }

    @Test(arguments: Method.encrypted) func cutOffAnywhere(method: Method) throws {
        let place = try Place(method)
        let reply = place.fixture.bytes(.reply)
        let sizes = Fixture.groups(reply).map(\.count)
        let ends = [0, sizes[0], sizes[0] + sizes[1], reply.count]
        let step = max(61, reply.count / 50)
        for length in 0...reply.count
        where length % step == 0 || ends.contains(where: { abs($0 - length) < 3 }) {
            try place.write(reply[..<length])
            #expect(try place.resume() == ends.lastIndex { $0 <= length }!, "length \(length)")
        }
    }

    /// A last group of which a power cut left the length, but not all of its bytes.
    @Test(arguments: Method.encrypted) func lastGroupOfRubbish(method: Method) throws {
        let place = try Place(method)
        let groups = Fixture.groups(place.fixture.bytes(.reply))
        for position in [0, 20, 50, 57, 62, 120, 160, groups[1].count - 1] {
            var damaged = groups[1]
            damaged[position] ^= 0x41
            try place.write(groups[0] + damaged)
            #expect(try place.resume() == 1, "position \(position)")
        }
        try place.write(groups[0] + [UInt8](repeating: 0, count: groups[1].count))
        #expect(try place.resume() == 1)
        // The only one.
        var damaged = groups[0]
        damaged[150] ^= 1
        try place.write(damaged)
        #expect(try place.resume() == 0)
    }

    @Test func damageBeforeTheLastGroupIsRefused() throws {
        let place = try Place(.features)
        let groups = Fixture.groups(place.fixture.bytes(.reply))
        var damaged = groups[0]
        damaged[400] ^= 1
        try place.write(damaged + groups[1])
        #expect(throws: WireError.corrupt) { try place.resume() }
        #expect(try place.read(place.partial) == damaged + groups[1])
        // Something else that happens to have this name is not touched.
        try place.write(Array("precious data".utf8))
        #expect(throws: WireError.notAnArtifact) { try place.resume() }
        #expect(try place.read(place.partial) == Array("precious data".utf8))
    }

    @Test(arguments: Method.encrypted) func othersGroupsAreRefused(method: Method) throws {
        let place = try Place(method)
        let fixture = place.fixture
        let other = try Fixture.of(method, seed: 8)
        let before = Fixture.groups(other.bytes(.reply))[0]
        try place.write(before)
        #expect(
            throws: WireError.wrongPlan(
                expected: Envelope.hexadecimal(fixture.plan.client.digest),
                found: Envelope.hexadecimal(other.plan.client.digest))
        ) { try place.resume() }
        #expect(try place.read(place.partial) == before)

        // The same samples, encrypted again.
        let again = try fixture.client.encrypt(quantized: fixture.samples)
        let replies = try Fixture.groups(fixture.server.predict(again).serialized())
        try place.write(replies[0])
        #expect(throws: WireError.otherRequest(group: 0)) { try place.resume() }
        let mixed = Fixture.groups(fixture.bytes(.reply))[0] + replies[1]
        try place.write(mixed)
        #expect(throws: WireError.otherRequest(group: 1)) { try place.resume() }
        #expect(try place.read(place.partial) == mixed)
        // One that says that there are four.
        let four = Fixture.resealed(group: Fixture.groups(fixture.bytes(.reply))[0]) {
            $0[GroupHead.length - 8] = 4
        }
        try place.write(four)
        #expect(throws: WireError.otherRequest(group: 0)) { try place.resume() }
        // Whole files of groups, but of requests.
        try place.write(fixture.bytes(.request))
        #expect(throws: WireError.wrongKind(expected: .reply, found: .request)) {
            try place.resume()
        }
    }

    @Test func nothingIsReplacedUnasked() throws {
        let place = try Place(.slots)
        let first = Fixture.groups(place.fixture.bytes(.reply))[0]
        try place.write(first)
        #expect(throws: WireError.unfinished(path: place.partial)) { try place.file() }
        #expect(try place.read(place.partial) == first)
        #expect(try place.resume() == 1)
        // All groups were there already, but not the name.
        try place.write(place.fixture.bytes(.reply))
        #expect(try place.resume() == 3)
        // Nothing was there.
        #expect(try place.resume() == 0)
    }

    @Test func oneWriterAtATime() throws {
        let place = try Place(.slots)
        let (server, request) = (place.fixture.server, place.request)
        do {
            let file = try place.file()
            let busy = FileError(path: place.partial, reason: "another process is writing it")
            for resumes in [false, true] {
                #expect(throws: busy) { try place.file(resumes: resumes) }
            }
            #expect(throws: WireError.malformed("0 groups of 3")) { try file.finish() }
            #expect(place.partialExists)
        }
        // Without a group nothing is worth keeping.
        #expect(!place.partialExists)
        do {
            let file = try place.file()
            try file.append(server.predict(request.group(0)))
            for group in [0, 2] {
                let reply = try server.predict(request.group(group))
                #expect(throws: WireError.otherRequest(group: 1)) { try file.append(reply) }
            }
            #expect(throws: WireError.malformed("1 groups of 3")) { try file.finish() }
        }
        #expect(try place.read(place.partial).count > 0)
        #expect(try place.resume() == 1)
    }

    /// A disk that is full: part of a group may be in the file, and nothing is written behind it.
    @Test(.enabled(if: FileSystem.exists("/dev/full"))) func writesThatFail() throws {
        let place = try Place(.slots)
        let file = try ReplyFile(
            path: "/dev/full", request: place.request.heads, plan: place.fixture.plan.client)
        let reply = try place.fixture.server.predict(place.request.group(0))
        for _ in 0..<2 {
            #expect(throws: FileError(path: "/dev/full", reason: "No space left on device")) {
                try file.append(reply)
            }
        }
        // Before it is looked at whether the reply is the next one.
        let other = try place.fixture.server.predict(place.request.group(1))
        #expect(throws: FileError.self) { try file.append(other) }
        #expect(file.groupsDone == 0)
        #expect(throws: WireError.malformed("0 groups of 3")) { try file.finish() }
    }

    /// Replies are written group by group: what is there is read at once by whoever looks.
    @Test func groupsAreThereAtOnce() throws {
        let place = try Place(.paillier)
        let file = try place.file()
        var size = 0
        for group in 0..<3 {
            try file.append(place.fixture.server.predict(place.request.group(group)))
            size += Fixture.groups(place.fixture.bytes(.reply))[group].count
            #expect(FileSystem.size(place.partial) == size)
        }
        try file.finish()
        #expect(try place.folder.names == ["replies.ct"])
        let groups = place.request.groupCount
        #expect(throws: WireError.otherRequest(group: groups)) {
            try file.append(place.fixture.server.predict(place.request.group(2)))
        }
    }
}
