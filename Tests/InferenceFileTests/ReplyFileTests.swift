import Files
import Foundation
import Inference
import TestSupport
import Testing
import Wire

/// Runs of a server that end at any moment, and what the next makes of what they left.
@Suite struct BatchResumeTests {
    private struct Place {
        let fixture: BatchFixture
        let replies: String
        let partial: String
        let request: BatchRequestReader

        init(_ fixture: BatchFixture, _ folder: String) throws {
            self.fixture = fixture
            replies = folder + "/replies.ct"
            partial = BatchReplyWriter.partialPath(of: replies)
            try ArtifactFile.write(fixture.request, to: folder + "/batch.ct")
            request = try BatchRequestReader(
                path: folder + "/batch.ct", plan: fixture.plan.client)
        }

        func write(_ bytes: some Collection<UInt8>) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: partial))
        }

        var partialExists: Bool { FileManager.default.fileExists(atPath: partial) }

        /// Resumes and goes on to the end; tells how many groups were kept.
        func resume() throws -> Int {
            let writer = try BatchReplyWriter(path: replies, request: request, resumes: true)
            let kept = writer.groupsDone
            while writer.groupsDone < request.groupCount {
                try writer.append(fixture.server.predict(request.group(writer.groupsDone)))
            }
            try writer.finish()
            #expect(!partialExists)
            #expect(try fixture.logits(in: replies) == fixture.logits)
            return kept
        }
    }

    @Test func cutOffAnywhere() throws {
        let fixture = try BatchFixture.shared.get()
        let sizes = BatchFixture.groups(fixture.reply).map(\.count)
        let ends = [0, sizes[0], sizes[0] + sizes[1], fixture.reply.count]
        try BatchFixture.withFolder { folder in
            let place = try Place(fixture, folder)
            for length in 0...fixture.reply.count
            where length % 61 == 0 || ends.contains(where: { abs($0 - length) < 3 }) {
                try place.write(fixture.reply[..<length])
                let kept = ends.lastIndex { $0 <= length }!
                #expect(try place.resume() == kept, "length \(length)")
            }
        }
    }

    /// A last group of which a power cut left the length, but not all of its bytes.
    @Test func lastGroupOfRubbish() throws {
        let fixture = try BatchFixture.shared.get()
        let groups = BatchFixture.groups(fixture.reply)
        try BatchFixture.withFolder { folder in
            let place = try Place(fixture, folder)
            for position in [0, 20, 50, 57, 62, 300, groups[1].count - 1] {
                var damaged = groups[1]
                damaged[position] ^= 0x41
                try place.write(groups[0] + damaged)
                #expect(try place.resume() == 1, "position \(position)")
            }
            try place.write(groups[0] + [UInt8](repeating: 0, count: groups[1].count))
            #expect(try place.resume() == 1)
        }
    }

    @Test func damageBeforeTheLastGroupIsRefused() throws {
        let fixture = try BatchFixture.shared.get()
        let groups = BatchFixture.groups(fixture.reply)
        try BatchFixture.withFolder { folder in
            let place = try Place(fixture, folder)
            var damaged = groups[0]
            damaged[400] ^= 1
            try place.write(damaged + groups[1])
            #expect(throws: WireError.corrupt) { try place.resume() }
            // Something else that happens to have this name is not touched.
            try place.write(Array("precious data".utf8))
            #expect(throws: WireError.notAnArtifact) { try place.resume() }
            #expect(try ArtifactFile.read(place.partial) == Array("precious data".utf8))
        }
    }

    @Test func othersGroupsAreRefused() throws {
        let fixture = try BatchFixture.shared.get()
        let other = try BatchFixture.other.get()
        try BatchFixture.withFolder { folder in
            let place = try Place(fixture, folder)
            let before = BatchFixture.groups(other.reply)[0]
            try place.write(before)
            #expect(
                throws: WireError.wrongPlan(
                    expected: try Artifact.planDigest(fixture.plan.client),
                    found: try Artifact.planDigest(other.plan.client))
            ) { try place.resume() }
            #expect(try ArtifactFile.read(place.partial) == before)

            // The same samples, encrypted again.
            let again = try BatchFixture.request(fixture.client, fixture.inputs)
            let replies = BatchFixture.groups(try BatchFixture.reply(fixture.server, again))
            try place.write(replies[0])
            #expect(throws: WireError.otherRequest(group: 0)) { try place.resume() }
            try place.write(BatchFixture.groups(fixture.reply)[0] + replies[1])
            #expect(throws: WireError.otherRequest(group: 1)) { try place.resume() }
            try ArtifactFile.write(replies.flatMap { $0 }, to: place.replies)
            let reader = try BatchReplyReader(path: place.replies, plan: fixture.plan.client)
            #expect(throws: WireError.otherRequest(group: 0)) {
                try reader.requireReplies(to: place.request)
            }
        }
    }

    @Test func nothingIsReplacedUnasked() throws {
        let fixture = try BatchFixture.shared.get()
        try BatchFixture.withFolder { folder in
            let place = try Place(fixture, folder)
            let first = BatchFixture.groups(fixture.reply)[0]
            try place.write(first)
            #expect(throws: WireError.unfinished(path: place.partial)) {
                try BatchReplyWriter(path: place.replies, request: place.request)
            }
            #expect(try ArtifactFile.read(place.partial) == first)
            #expect(try place.resume() == 1)
        }
    }

    @Test func oneWriterAtATime() throws {
        let fixture = try BatchFixture.shared.get()
        try BatchFixture.withFolder { folder in
            let place = try Place(fixture, folder)
            do {
                let writer = try BatchReplyWriter(path: place.replies, request: place.request)
                let busy = FileError(
                    path: place.partial, reason: "another process is writing it")
                for resumes in [false, true] {
                    #expect(throws: busy) {
                        try BatchReplyWriter(
                            path: place.replies, request: place.request, resumes: resumes)
                    }
                }
                #expect(throws: WireError.self) { try writer.finish() }
                #expect(place.partialExists)
            }
            // Without a group nothing is worth keeping.
            #expect(!place.partialExists)
            do {
                let writer = try BatchReplyWriter(path: place.replies, request: place.request)
                try writer.append(fixture.server.predict(place.request.group(0)))
                #expect(throws: WireError.self) {
                    try writer.append(fixture.server.predict(place.request.group(2)))
                }
            }
            #expect(try ArtifactFile.read(place.partial).count > 0)
            #expect(try place.resume() == 1)
        }
    }
}
