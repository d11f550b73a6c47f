// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Files
import Foundation
import Inference
import InferenceClient
import Testing
import Wire

/// A client and a server with nothing but two pipes between them: no files, one group at a time.
@Suite struct StreamTests {
    @Test(arguments: Method.allCases) func groupsThroughPipes(method: Method) throws {
        let fixture = try Fixture.of(method)
        let (up, down) = (Pipe(), Pipe())
        // What a client sends is written in memory first; of it the heads are kept.
        let memory = MemorySink()
        let writer = try RequestWriter(
            fixture.client, sampleCount: fixture.samples.count, to: memory)
        while !writer.nextSamples.isEmpty {
            try writer.append(Array(fixture.samples[writer.nextSamples]))
        }
        let (bytes, heads) = (memory.bytes, writer.heads)

        let sender = Background {
            let sink = DescriptorSink(up.fileHandleForWriting.fileDescriptor, name: "up")
            try sink.write(bytes)
            try up.fileHandleForWriting.close()
        }
        let server = Background {
            let requests = RequestStream(
                DescriptorStream(up.fileHandleForReading.fileDescriptor, name: "up"),
                server: fixture.server)
            let sink = DescriptorSink(down.fileHandleForWriting.fileDescriptor, name: "down")
            // Answered one by one.
            while let group = try requests.next() {
                try fixture.server.predict(group).write(to: sink)
            }
            try down.fileHandleForWriting.close()
        }
        let replies = ReplyStream(
            DescriptorStream(down.fileHandleForReading.fileDescriptor, name: "down"),
            client: fixture.client)
        var logits: [[BigInt]] = []
        var index = 0
        while let reply = try replies.next() {
            #expect(reply.index == index)
            logits += try fixture.client.decrypt(reply, of: heads).map(\.logits)
            index += 1
        }
        try sender.wait()
        try server.wait()
        #expect(try index == writer.groupCount && logits == fixture.logits())
    }

    /// A client that goes away within a group.
    @Test func requestThatEndsEarly() throws {
        let fixture = try Fixture.of(.slots)
        let groups = Fixture.groups(fixture.bytes(.request))
        let bytes = groups[0] + groups[1].dropLast(10)
        let requests = RequestStream(
            SourceStream(MemorySource(bytes)), server: fixture.server)
        #expect(try requests.next()?.index == 0)
        #expect(throws: WireError.malformed("the stream ends within group 1")) {
            try requests.next()
        }
    }

    /// A group that is refused takes none of the next one's bytes.
    @Test func refusedGroupBetweenOthers() throws {
        let fixture = try Fixture.of(.slots)
        var groups = Fixture.groups(fixture.bytes(.request))
        groups[1] = Fixture.resealed(group: groups[1]) { bytes in
            for at in 0..<8 { bytes[GroupHead.length + 32 + at] = 0xFF }
        }
        let requests = RequestStream(
            SourceStream(MemorySource(groups.flatMap { $0 })), server: fixture.server)
        #expect(try requests.next()?.index == 0)
        #expect(throws: WireError.residueTooLarge("ciphertext 0")) { try requests.next() }
        #expect(try requests.next()?.index == 2)
        #expect(try requests.next() == nil)
    }
}

/// A thread of its own, and what became of it.
private final class Background: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    private var error: (any Error)?

    init(_ body: @escaping @Sendable () throws -> Void) {
        Thread.detachNewThread { [self] in
            do { try body() } catch { self.error = error }
            done.signal()
        }
    }

    /// - Throws: what the thread's body did.
    func wait() throws {
        done.wait()
        if let error { throw error }
    }
}
