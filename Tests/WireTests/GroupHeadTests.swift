// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// What stands before a group's body.
@Suite struct GroupHeadTests {
    static let kinds = ArtifactKind.allCases.filter(\.hasGroups)

    private static func head(_ kind: ArtifactKind) throws -> GroupHead {
        try Groups.make(kind).heads[1]
    }

    @Test(arguments: kinds) func roundTrip(kind: ArtifactKind) throws {
        let head = try Self.head(kind)
        let bytes = head.bytes
        #expect(bytes.count == GroupHead.length && GroupHead.length == 136)
        // At any index of an array.
        let read = try GroupHead(([0, 0, 0] + bytes)[3...], expecting: kind)
        #expect(read == head && read.bytes == bytes && read.digest == head.digest)
        #expect(read.kind == kind && read.plan == Groups.plan)
        #expect(read.sampleCount == 4 && read.index == 1 && read.groupCount == 3)
        #expect(read.bodyLength == 43 && read.groupLength == 136 + 43 + 32)
    }

    @Test func layout() throws {
        let request = try Self.head(.request)
        let numbers: [UInt8] = [4, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
        let zeros = [UInt8](repeating: 0, count: 32)
        #expect(
            request.bytes
                == Envelope.header(kind: .request, digest: Groups.plan, payloadLength: 80 + 43)
                + request.identifier + zeros + numbers)
        let reply = GroupHead(replyTo: request, bodyLength: 43)
        #expect(
            reply.bytes
                == Envelope.header(kind: .reply, digest: Groups.plan, payloadLength: 80 + 43)
                + zeros + request.digest + numbers)
        #expect(request.digest == Envelope.digest(of: request.bytes))
    }

    /// Two groups with all else alike have different digests.
    @Test func identifiersAreFresh() throws {
        let heads = try (0..<20).map { _ in try Self.head(.request) }
        #expect(Set(heads.map(\.identifier)).count == 20)
        #expect(Set(heads.map(\.digest)).count == 20)
    }

    @Test(arguments: kinds) func everyField(kind: ArtifactKind) throws {
        let head = try Self.head(kind)
        func expect(_ error: WireError, _ at: Int, _ value: UInt64, bytes count: Int = 4) {
            let bytes = head.bytes.with(Envelope.littleEndian(value, bytes: count), at: at)
            #expect(throws: error) { try GroupHead(bytes[...], expecting: kind) }
        }
        let own = Envelope.headerLength
        let limit = kind.maximumPayloadBytes
        #expect(limit == 1 << 33)
        expect(.notAnArtifact, 3, 0, bytes: 1)
        expect(.unsupportedVersion(4), 8, 4, bytes: 2)
        expect(.unknownKind(7), 10, 7, bytes: 2)
        expect(.wrongKind(expected: kind, found: .secretKey), 10, 3, bytes: 2)
        expect(.malformed("reserved bytes of the header are not zero"), 12, 1)
        for length in [UInt64(limit) + 1, 1 << 63, .max] {
            expect(.tooLarge(kind, bytes: length, limit: limit), 48, length, bytes: 8)
        }
        for length: UInt64 in [0, 79] {
            expect(.malformed("a group of \(length) bytes"), 48, length, bytes: 8)
        }
        // Of a request the place of a reply's digest, and the other way round.
        let reserved = WireError.malformed("reserved bytes of a group are not zero")
        let unused = own + (kind == .request ? 32 : 0)
        expect(reserved, unused, 1)
        expect(reserved, unused + 28, 1)
        expect(reserved, own + 76, 1)
        expect(.outOfRange("a group of no samples"), own + 64, 0)
        expect(.malformed("group 3 of 3"), own + 68, 3)
        expect(.malformed("group \(UInt32.max) of 3"), own + 68, .max)
        expect(.malformed("group 1 of 1"), own + 72, 1)
        expect(.malformed("group 1 of 0"), own + 72, 0)
        expect(.outOfRange("\(1 << 20 + 1) groups"), own + 72, 1 << 20 + 1)
        expect(.outOfRange("\(UInt32.max) groups"), own + 72, .max)
    }

    @Test func kindsWithoutGroups() {
        let bytes = Envelope.header(kind: .secretKey, digest: Groups.plan, payloadLength: 80)
        #expect(throws: WireError.malformed("a file without groups")) {
            try GroupHead((bytes + [UInt8](repeating: 0, count: 80))[...], expecting: .secretKey)
        }
    }

    @Test(arguments: kinds) func mostGroups(kind: ArtifactKind) throws {
        let most = Envelope.littleEndian(UInt64(GroupHead.maximumGroups), bytes: 4)
        let bytes = try Self.head(kind).bytes.with(most, at: 128)
        #expect(try GroupHead(bytes[...], expecting: kind).groupCount == 1 << 20)
    }

    /// The form that a plan's groups have.
    @Test(arguments: kinds) func form(kind: ArtifactKind) throws {
        func head(_ samples: Int, _ index: Int, body: Int? = nil) throws -> GroupHead {
            let request = GroupHead(
                requestFor: Groups.plan, sampleCount: samples, index: index, groupCount: 3,
                bodyLength: body ?? Groups.bodyLength(samples))
            return kind == .request
                ? request : GroupHead(replyTo: request, bodyLength: request.bodyLength)
        }
        let form = Groups.form(kind)
        for (samples, index) in [(4, 0), (4, 1), (4, 2), (1, 2)] {
            try form.check(head(samples, index))
        }
        #expect(throws: WireError.outOfRange("5 samples in a group")) { try form.check(head(5, 2)) }
        #expect(throws: WireError.malformed("3 samples in group 1, which is not the last")) {
            try form.check(head(3, 1))
        }
        #expect(throws: WireError.wrongCount("bytes in a group", expected: 33, found: 34)) {
            try form.check(head(3, 2, body: 34))
        }
        let other = Envelope.digest(of: [4])
        #expect(
            throws: WireError.wrongPlan(
                expected: Envelope.hexadecimal(other), found: Envelope.hexadecimal(Groups.plan))
        ) { try Groups.form(kind, plan: other).check(head(4, 0)) }
        try GroupForm(anyPlan: kind).check(head(500, 0, body: 1))
    }

    @Test func wholeFiles() throws {
        let form = Groups.form(.request)
        let heads = try Groups.request().heads
        try form.check(heads)
        #expect(throws: WireError.malformed("2 groups of 3")) { try form.check(Array(heads[..<2])) }
        #expect(throws: WireError.malformed("0 groups of 0")) { try form.check([]) }
        #expect(throws: WireError.malformed("group 2 of 3 where group 1 is expected")) {
            try form.check([heads[0], heads[2]])
        }
    }
}
