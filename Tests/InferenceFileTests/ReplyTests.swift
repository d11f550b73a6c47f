// SPDX-License-Identifier: Apache-2.0

import Files
import FuzzTargets
import Inference
import InferenceClient
import TestSupport
import Testing
import Wire

/// Replies name the requests that they answer.
@Suite struct ReplyTests {
    /// Three groups each.
    static let methods = Method.encrypted

    @Test(arguments: methods) func ownReplies(method: Method) throws {
        let fixture = try Fixture.of(method)
        let reader = try ReplyReader(MemorySource(fixture.bytes(.reply)), client: fixture.client)
        #expect(reader.groupCount == 3 && reader.sampleCount == fixture.samples.count)
        try reader.requireReplies(to: fixture.heads)
        #expect(
            try fixture.logits(fixture.bytes(.reply), client: fixture.client) == fixture.logits())
        // Without the request too, where the caller says so.
        let first = try reader.predictions(0, of: nil)
        #expect(try first.map(\.logits) == Array(fixture.logits()[..<first.count]))
    }

    @Test(arguments: methods) func repliesToAnotherRequest(method: Method) throws {
        let fixture = try Fixture.of(method)
        // The same samples, encrypted again.
        let again = try fixture.client.encrypt(quantized: fixture.samples)
        let heads = RequestHeads(again)
        let reader = try ReplyReader(MemorySource(fixture.bytes(.reply)), client: fixture.client)
        #expect(throws: WireError.otherRequest(group: 0)) { try reader.requireReplies(to: heads) }
        for group in 0..<3 {
            #expect(throws: InferenceError.otherRequest(group: group)) {
                try reader.predictions(group, of: heads)
            }
        }
        let reply = try reader.reply()
        #expect(throws: InferenceError.otherRequest(group: 0)) {
            try fixture.client.decrypt(reply, of: again)
        }
        // Of two requests a group each.
        let mixed = try Reply(
            groups: [
                fixture.server.predict(again.groups[0]), reply.groups[1],
                fixture.server.predict(again.groups[2]),
            ])
        #expect(throws: InferenceError.otherRequest(group: 1)) {
            try fixture.client.decrypt(mixed, of: again)
        }
        #expect(throws: WireError.otherRequest(group: 1)) {
            try ReplyReader(MemorySource(mixed.serialized()), client: fixture.client)
                .requireReplies(to: heads)
        }
    }

    /// One sample's request has one group; a reply of more is refused, whichever group is asked for.
    @Test(arguments: methods) func moreGroupsThanTheRequest(method: Method) throws {
        let fixture = try Fixture.of(method)
        let small = try fixture.client.encrypt(quantized: [fixture.samples[0]])
        let heads = RequestHeads(small)
        let reader = try ReplyReader(MemorySource(fixture.bytes(.reply)), client: fixture.client)
        #expect(throws: WireError.otherRequest(group: 0)) { try reader.requireReplies(to: heads) }
        #expect(throws: InferenceError.otherRequest(group: 0)) {
            try reader.predictions(0, of: heads)
        }
        for group in [1, 2] {
            #expect(throws: InferenceError.otherRequest(group: group)) {
                try reader.predictions(group, of: heads)
            }
        }
        let reply = try reader.reply()
        for group in reply.groups {
            #expect(throws: InferenceError.otherRequest(group: group.index)) {
                try fixture.client.decrypt(group, of: heads)
            }
        }
        #expect(throws: InferenceError.otherRequest(group: 0)) {
            try fixture.client.decrypt(reply, of: small)
        }
        // And one of fewer.
        let short = try fixture.server.predict(small).serialized()
        #expect(throws: WireError.otherRequest(group: 0)) {
            try ReplyReader(MemorySource(short), client: fixture.client)
                .requireReplies(to: fixture.heads)
        }
    }

    @Test(arguments: methods) func groupsInAnotherOrder(method: Method) throws {
        let fixture = try Fixture.of(method)
        let request = try RequestReader(
            MemorySource(fixture.bytes(.request)), server: fixture.server
        ).request().groups
        let reply = try ReplyReader(MemorySource(fixture.bytes(.reply)), client: fixture.client)
            .reply().groups
        for order in [[1, 0, 2], [0, 0, 2], [0, 1], [2], [], [0, 1, 2, 2]] {
            #expect(throws: WireError.self) { try Request(groups: order.map { request[$0] }) }
            #expect(throws: WireError.self) { try Reply(groups: order.map { reply[$0] }) }
            let parts = Fixture.groups(fixture.bytes(.reply))
            #expect(throws: WireError.self) {
                try ReplyReader(
                    MemorySource(order.flatMap { parts[$0] }), client: fixture.client)
            }
        }
        #expect(throws: InferenceError.otherRequest(group: 1)) {
            try fixture.client.decrypt(reply[1], of: request[0])
        }
    }

    /// A reply made with other keys of the same plan: its noise, or its outputs, tell.
    @Test(arguments: methods) func anotherClients(method: Method) throws {
        let fixture = try Fixture.of(method)
        let other = try Client(fixture.plan.client)
        let reader = try ReplyReader(MemorySource(fixture.bytes(.reply)), client: other)
        #expect(throws: InferenceError.otherRequest(group: 0)) {
            try reader.predictions(
                0, of: RequestHeads(other.encrypt(quantized: fixture.samples)))
        }
        #expect("\(method)") {
            _ = try reader.predictions(0, of: nil)
        } throws: { Party.isTyped($0) }
        // A request under keys that the server doesn't have.
        let request = try other.encrypt(quantized: [fixture.samples[0]])
        #expect("\(method)") {
            _ = try other.decrypt(fixture.server.predict(request), of: request)
        } throws: { Party.isTyped($0) }
    }

    /// Two samples under one plan, of two methods.
    @Test func anotherMethods() throws {
        let (slots, features) = try (Fixture.of(.slots), Fixture.of(.features))
        let request = try slots.client.encrypt(quantized: [slots.samples[0]])
        #expect(throws: WireError.self) { try features.server.predict(request) }
        let foreign = try Fixture.of(.paillier).keys
        #expect(throws: InferenceError.wrongMethod(expected: "slots", found: "paillier")) {
            try slots.model.server(for: foreign)
        }
    }
}
