import Blindsight
import Files
import Foundation
import Inference
import TestSupport
import Testing
import Wire

/// Files of groups: what is written is read, and everything else is refused by a typed error.
@Suite struct BatchFileTests {
    private func expectRefusal(
        _ bytes: [UInt8], _ kind: ArtifactKind, _ fixture: BatchFixture, _ what: String
    ) {
        #expect("\(kind), \(what)") {
            try fixture.use(bytes, as: kind)
        } throws: {
            $0 is WireError
        }
    }

    @Test func plansOfAModelForABatch() throws {
        let model = try TinyModel.bytes(seed: 7)
        let plan = try Plan(model: model, layout: .batch(samples: 5000)).client
        #expect(plan.layout == .batch)
        #expect(plan.groups(of: plan.samplesPerRequest) == 1)
        #expect(plan.groups(of: plan.samplesPerRequest + 1) == 2)
        #expect(try Plan(model: model).client.layout == .latency)
        #expect(try Artifact.decodeClientPlan(Artifact.encode(plan)) == plan)
    }

    @Test func predictionsAreTheIntegerNetworks() throws {
        let fixture = try BatchFixture.shared.get()
        try BatchFixture.withFolder { folder in
            try ArtifactFile.write(fixture.request, to: folder + "/batch.ct")
            try ArtifactFile.write(fixture.reply, to: folder + "/replies.ct")
            let reader = try BatchRequestReader(
                path: folder + "/batch.ct", plan: fixture.plan.client)
            #expect(reader.groupCount == 3 && reader.sampleCount == fixture.inputs.count)
            let replies = try BatchReplyReader(
                path: folder + "/replies.ct", plan: fixture.plan.client)
            #expect(replies.groupCount == 3 && replies.sampleCount == fixture.inputs.count)
            try replies.requireReplies(to: reader)
            #expect(try fixture.logits(in: folder + "/replies.ct") == fixture.logits)
        }
    }

    /// A group that is read and written again is the same.
    @Test func sameBytes() throws {
        let fixture = try BatchFixture.shared.get()
        try BatchFixture.withFolder { folder in
            let (path, copy) = (folder + "/batch.ct", folder + "/copy.ct")
            try ArtifactFile.write(fixture.request, to: path)
            let reader = try BatchRequestReader(path: path, plan: fixture.plan.client)
            let writer = try BatchRequestWriter(
                path: copy, plan: fixture.plan.client, sampleCount: reader.sampleCount)
            for group in 0..<reader.groupCount { try writer.append(reader.group(group)) }
            try writer.finish()
            #expect(try ArtifactFile.read(copy) == fixture.request)

            try ArtifactFile.write(fixture.reply, to: folder + "/replies.ct")
            let replies = try BatchReplyReader(
                path: folder + "/replies.ct", plan: fixture.plan.client)
            let replyWriter = try BatchReplyWriter(path: folder + "/again.ct", request: reader)
            for group in 0..<reader.groupCount { try replyWriter.append(replies.group(group)) }
            try replyWriter.finish()
            #expect(try ArtifactFile.read(folder + "/again.ct") == fixture.reply)
        }
    }

    @Test(arguments: BatchFixture.kinds) func truncatedAnywhere(kind: ArtifactKind) throws {
        let fixture = try BatchFixture.shared.get()
        let bytes = fixture.bytes(kind)
        var ends: Set<Int> = [0]
        for group in BatchFixture.groups(bytes) { ends.insert(ends.max()! + group.count) }
        let lengths = (0..<bytes.count).filter { length in
            length % 97 == 0 || ends.contains { abs($0 - length) <= 130 }
        }
        for length in lengths {
            expectRefusal(Array(bytes[..<length]), kind, fixture, "length \(length)")
        }
    }

    @Test(arguments: BatchFixture.kinds) func flippedByte(kind: ArtifactKind) throws {
        let fixture = try BatchFixture.shared.get()
        let bytes = fixture.bytes(kind)
        let first = BatchFixture.groups(bytes)[0].count
        var generator = SplitMix64(seed: UInt64(kind.rawValue))
        for position in 0..<bytes.count
        where position % 89 == 0 || (position % first) < 200 {
            var damaged = bytes
            damaged[position] ^= UInt8.random(in: 1...255, using: &generator)
            expectRefusal(damaged, kind, fixture, "position \(position)")
        }
    }

    @Test(arguments: BatchFixture.kinds) func groupsOutOfOrder(kind: ArtifactKind) throws {
        let fixture = try BatchFixture.shared.get()
        let groups = BatchFixture.groups(fixture.bytes(kind))
        for order in [
            [1, 0, 2], [0, 2, 1], [0, 0, 2], [0, 1, 1], [0, 0, 1, 2], [0, 1, 2, 2], [1, 2], [0, 2],
            [0, 1], [2], [0, 1, 2, 0, 1, 2],
        ] {
            expectRefusal(order.flatMap { groups[$0] }, kind, fixture, "\(order)")
        }
        for extra in [1, 56, 4096] {
            expectRefusal(
                fixture.bytes(kind) + [UInt8](repeating: 0, count: extra), kind, fixture,
                "\(extra) bytes more")
        }
    }

    @Test(arguments: BatchFixture.kinds) func otherPlansGroups(kind: ArtifactKind) throws {
        let fixture = try BatchFixture.shared.get()
        let other = try BatchFixture.other.get()
        let error = WireError.wrongPlan(
            expected: try Artifact.planDigest(fixture.plan.client),
            found: try Artifact.planDigest(other.plan.client))
        #expect(throws: error) { try fixture.use(other.bytes(kind), as: kind) }
        let groups = BatchFixture.groups(fixture.bytes(kind))
        let foreign = BatchFixture.groups(other.bytes(kind))[1]
        #expect(throws: error) {
            try fixture.use(groups[0] + foreign + groups[2], as: kind)
        }
    }

    @Test func otherKinds() throws {
        let fixture = try BatchFixture.shared.get()
        let latency = try Fixture.shared.get()
        #expect(throws: WireError.wrongKind(expected: .batchRequest, found: .batchReply)) {
            try fixture.use(fixture.reply, as: .batchRequest)
        }
        #expect(throws: WireError.wrongKind(expected: .batchReply, found: .reply)) {
            try fixture.use(latency.files[.reply]!, as: .batchReply)
        }
        #expect(throws: WireError.wrongKind(expected: .request, found: .batchRequest)) {
            try Artifact.decodeSample(fixture.request, plan: latency.plan.client)
        }
        #expect(throws: InferenceError.wrongLayout(.latency)) {
            try BatchRequestReader(path: #filePath, plan: latency.plan.client)
        }
    }

    /// What the header of a group may not say, under a right checksum.
    @Test func headersThatAreNotTrue() throws {
        let fixture = try BatchFixture.shared.get()
        let groups = BatchFixture.groups(fixture.request)
        let capacity = UInt32(fixture.client.capacity)
        func expect(
            _ group: Int, _ what: String, _ change: (inout Blindsight_V1_BatchRequestHeader) -> Void
        ) throws {
            var changed = groups
            changed[group] = try BatchFixture.resealed(groups[group], .batchRequest) { payload in
                let length = Int(payload[0])
                var header = try Blindsight_V1_BatchRequestHeader(
                    serializedBytes: Array(payload[4..<4 + length]))
                change(&header)
                let bytes: [UInt8] = try header.serializedBytes()
                payload.replaceSubrange(4..<4 + length, with: bytes)
                payload[0] = UInt8(bytes.count)
            }
            expectRefusal(changed.flatMap { $0 }, .batchRequest, fixture, what)
        }
        try expect(2, "no samples") { $0.sampleCount = 0 }
        try expect(2, "more samples than slots") { $0.sampleCount = capacity + 1 }
        try expect(2, "the most samples") { $0.sampleCount = .max }
        try expect(0, "a group that is not full") { $0.sampleCount = capacity - 1 }
        try expect(1, "another number of groups") { $0.groupCount = 4 }
        try expect(0, "a million groups") { $0.groupCount = 1 << 20 }
        try expect(0, "the most groups") { $0.groupCount = .max }
        try expect(2, "no groups") { $0.groupCount = 0 }
        try expect(1, "another group") { $0.group = 2 }
        try expect(0, "a short seed") { $0.seed.removeLast() }
        try expect(0, "a long seed") { $0.seed.append(1) }
        try expect(0, "no seed") { $0.seed.removeAll() }
        try expect(0, "the longest header") {
            $0.seed.append(contentsOf: Array(repeating: 1, count: 92))
        }
        // Sizes.
        for change: @Sendable (inout [UInt8]) -> Void in [
            { $0.removeLast() }, { $0.append(0) }, { $0[0] += 1 }, { $0[0] = 0 }, { $0[3] = 255 },
            { $0 = [] }, { $0 = Array($0[..<3]) }, { $0[4] = 0xFF },
        ] {
            let changed = try BatchFixture.resealed(groups[0], .batchRequest, change)
            expectRefusal(
                changed + groups[1] + groups[2], .batchRequest, fixture, "another size")
        }
        for length in [UInt64(1) << 33, 1 << 60, .max, 1 << 63, 0] {
            var bytes = fixture.request
            for i in 0..<8 { bytes[48 + i] = UInt8(truncatingIfNeeded: length >> (8 * i)) }
            expectRefusal(bytes, .batchRequest, fixture, "length \(length)")
        }
    }

    /// The server meets residues that are not below their modulus.
    @Test func largeResidues() throws {
        let fixture = try BatchFixture.shared.get()
        let groups = BatchFixture.groups(fixture.request)
        let changed = try BatchFixture.resealed(groups[0], .batchRequest) { payload in
            for index in 0..<40 { payload[payload.count - 1 - index] = 0xFF }
        }
        #expect(throws: InferenceError.self) {
            try fixture.use(changed + groups[1] + groups[2], as: .batchRequest)
        }
    }

    @Test func filesThatChangeWhileTheyAreRead() throws {
        let fixture = try BatchFixture.shared.get()
        try BatchFixture.withFolder { folder in
            let path = folder + "/batch.ct"
            try ArtifactFile.write(fixture.request, to: path)
            let reader = try BatchRequestReader(path: path, plan: fixture.plan.client)
            let handle = try #require(FileHandle(forUpdatingAtPath: path))
            try handle.seek(toOffset: 1000)
            try handle.write(contentsOf: [fixture.request[1000] ^ 1])
            #expect(throws: WireError.corrupt) { try reader.group(0) }
            try handle.seek(toOffset: 65)
            try handle.write(contentsOf: [fixture.request[65] ^ 1])
            #expect(throws: FileError(path: path, reason: "it changed while it was read")) {
                try reader.group(0)
            }
            #expect(try reader.group(1).sampleCount == fixture.client.capacity)
            try handle.truncate(atOffset: UInt64(fixture.request.count) - 100)
            #expect(
                throws: FileError(path: path, reason: "it became shorter while it was read")
            ) { try reader.group(2) }
        }
    }

    @Test func unfinishedRequestsLeaveNothing() throws {
        let fixture = try BatchFixture.shared.get()
        let (plan, capacity) = (fixture.plan.client, fixture.client.capacity)
        func encrypt(_ count: Int) throws -> EncryptedBatch {
            try fixture.client.encrypt(quantized: Array(fixture.inputs[..<count]))
        }
        try BatchFixture.withFolder { folder in
            let path = folder + "/batch.ct"
            do {
                let writer = try BatchRequestWriter(
                    path: path, plan: plan, sampleCount: capacity + 2)
                #expect(writer.nextSamples == 0..<capacity)
                #expect(throws: WireError.self) { try writer.append(encrypt(2)) }
                try writer.append(encrypt(capacity))
                #expect(writer.nextSamples == capacity..<capacity + 2)
                #expect(throws: WireError.self) { try writer.append(encrypt(capacity)) }
                #expect(throws: WireError.self) { try writer.finish() }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
            for count in [0, -1, .max / 2] {
                #expect(throws: WireError.self) {
                    try BatchRequestWriter(path: path, plan: plan, sampleCount: count)
                }
            }
        }
    }

    @Test(arguments: BatchFixture.kinds) func inspection(kind: ArtifactKind) throws {
        let fixture = try BatchFixture.shared.get()
        let bytes = fixture.bytes(kind)
        try BatchFixture.withFolder { folder in
            let path = folder + "/file"
            try ArtifactFile.write(bytes, to: path)
            let whole = try Artifact.inspect(path: path)
            #expect(whole.kind == kind.name && whole.fileBytes == bytes.count)
            #expect(whole.digest == (try Artifact.planDigest(fixture.plan.client)))
            #expect(whole.details.first { $0.name == "groups" }?.value == "3")
            try ArtifactFile.write(Array(bytes.dropLast()), to: path)
            let part = try Artifact.inspect(path: path)
            #expect(part.details.first { $0.name == "groups" }?.value == "2 of 3, unfinished")
            var damaged = bytes
            damaged[300] ^= 1
            try ArtifactFile.write(damaged, to: path)
            #expect(throws: WireError.corrupt) { try Artifact.inspect(path: path) }
            #expect(throws: WireError.self) { try Artifact.inspect(bytes) }
        }
    }
}
