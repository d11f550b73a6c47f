// SPDX-License-Identifier: Apache-2.0

import Files
import Inference
import InferenceClient
import IntegerNetworks
import Testing
import Wire

/// Requests that are written group by group.
@Suite struct RequestWriterTests {
    @Test(arguments: Method.allCases) func groupByGroup(method: Method) throws {
        let fixture = try Fixture.of(method)
        let count = fixture.samples.count
        let sink = MemorySink()
        let writer = try RequestWriter(fixture.client, sampleCount: count, to: sink)
        #expect(writer.groupCount == fixture.plan.client.groupCount(of: count))
        #expect(throws: InferenceError.self) { try writer.append([]) }
        var written = 0
        while !writer.nextSamples.isEmpty {
            #expect(writer.nextSamples.lowerBound == written)
            let next = Array(fixture.samples[writer.nextSamples])
            #expect(throws: InferenceError.self) { try writer.append(next + [next[0]]) }
            try writer.append(next)
            written += next.count
        }
        #expect(written == count && writer.groupsDone == writer.groupCount)
        #expect(throws: InferenceError.self) { try writer.append([fixture.samples[0]]) }
        let reader = try RequestReader(MemorySource(sink.bytes), server: fixture.server)
        #expect(reader.sampleCount == count && reader.groupCount == writer.groupCount)
        let reply = try fixture.server.predict(reader.request())
        let heads = reader.heads
        let replies = try ReplyReader(
            MemorySource(reply.serialized()), client: fixture.client)
        try replies.requireReplies(to: heads)
        let expected = try fixture.logits()
        #expect(
            try (0..<replies.groupCount).flatMap {
                try replies.predictions($0, of: heads).map(\.logits)
            } == expected)
    }

    @Test(arguments: Method.allCases) func counts(method: Method) throws {
        let client = try Fixture.of(method).client
        let most = GroupHead.maximumGroups * client.plan.samplesPerGroup
        for count in [0, -1, .min, .max, most + 1] {
            #expect(throws: WireError.outOfRange("\(count) samples")) {
                try RequestWriter(client, sampleCount: count, to: MemorySink())
            }
        }
        #expect(
            try RequestWriter(client, sampleCount: most, to: MemorySink()).groupCount == 1 << 20)
    }

    /// Groups that no request has.
    @Test func groupsOutOfRange() throws {
        let fixture = try Fixture.of(.features)
        let full = fixture.samples[..<fixture.plan.client.samplesPerGroup]
        for (index, count) in [
            (0, 0), (1, 1), (-1, 2), (0, -1), (.max, .max), (0, GroupHead.maximumGroups + 1),
            (.min, 1),
        ] {
            #expect(throws: WireError.outOfRange("group \(index) of \(count)")) {
                try fixture.client.encryptGroup(full, index: index, of: count)
            }
        }
        #expect(throws: WireError.malformed("3 samples in group 0, which is not the last")) {
            try fixture.client.encryptGroup(full.prefix(3), index: 0, of: 2)
        }
        for samples in [full.prefix(0), fixture.samples[..<(full.count + 1)]] {
            #expect(throws: InferenceError.self) {
                try fixture.client.encryptGroup(samples, index: 0, of: 1)
            }
        }
        #expect(throws: InferenceError.self) { try fixture.client.encrypt(quantized: []) }
        #expect(throws: NetworkError.self) {
            try fixture.client.encrypt(quantized: [[0, 1, 2, 3, 4, 5]])
        }
    }

    /// Groups that are too long to be read are not planned.
    @Test func groupsTooLong() throws {
        let plan = try Fixture.of(.features).plan
        let settings = try #require(plan.client.method as? Features).settings
        let limit = 1 << 33 - 80
        func make(inputs: Int, outputs: Int) throws {
            _ = try ClientPlan(
                input: plan.network.input, outputs: plan.client.outputs,
                method: Features(settings: settings, inputCount: inputs, outputCount: outputs))
        }
        let many = Features(settings: settings, inputCount: 1 << 28, outputCount: 1 << 28)
        let (request, reply) = (many.requestLength(samples: 1), many.replyLength(samples: 1))
        #expect(request > limit && reply > limit)
        #expect(throws: WireError.tooLarge(.request, bytes: UInt64(request), limit: limit)) {
            try make(inputs: many.inputCount, outputs: 3)
        }
        #expect(throws: WireError.tooLarge(.reply, bytes: UInt64(reply), limit: limit)) {
            try make(inputs: 6, outputs: many.outputCount)
        }
    }

    /// Part of a group is in the sink: nothing is written behind it.
    @Test func sinkThatFails() throws {
        final class Failing: ByteSink {
            var room: Int
            var bytes: [UInt8] = []
            let error = FileError(path: "disk", reason: "full")
            init(room: Int) { self.room = room }
            func write(_ new: UnsafeRawBufferPointer) throws {
                bytes += new.prefix(room)
                guard new.count <= room else { throw error }
                room -= new.count
            }
        }
        let fixture = try Fixture.of(.slots)
        let size = Fixture.groups(fixture.bytes(.request))[0].count
        let sink = Failing(room: size + size / 2)
        let writer = try RequestWriter(fixture.client, sampleCount: 3, to: sink)
        try writer.append([fixture.samples[0]])
        #expect(throws: sink.error) { try writer.append([fixture.samples[1]]) }
        let count = sink.bytes.count
        sink.room = .max
        #expect(throws: sink.error) { try writer.append([fixture.samples[1]]) }
        #expect(sink.bytes.count == count && writer.groupsDone == 1)
    }
}
