// SPDX-License-Identifier: Apache-2.0

import Crypto

/// What stands before a group's body: an envelope's header, then 80 bytes on the group. Integers are little endian.
///
/// | offset | bytes | what |
/// |---|---|---|
/// | 0 | 32 | identifier: of a request random, fresh for each group; of a reply zero |
/// | 32 | 32 | of a reply the digest of the request's group that it answers; of a request zero |
/// | 64 | 4 | samples in the group |
/// | 68 | 4 | the group's number, from 0 |
/// | 72 | 4 | groups in all |
/// | 76 | 4 | zero |
package struct GroupHead: Sendable, Hashable {
    /// Bytes of a head.
    package static let length = Envelope.headerLength + ownLength
    static let ownLength = 80
    package static let maximumGroups = 1 << 20

    /// The longest body that is read.
    package static func maximumBodyBytes(_ kind: ArtifactKind) -> Int {
        kind.maximumPayloadBytes - ownLength
    }

    package let kind: ArtifactKind
    /// Of the plan.
    package let plan: [UInt8]
    package let identifier: [UInt8]
    /// Of the request's group that a reply answers.
    package let request: [UInt8]
    /// At least 1.
    package let sampleCount: Int
    /// Which group it is, from 0.
    package let index: Int
    /// Groups in all.
    package let groupCount: Int
    package let bodyLength: Int

    private static let zeros = [UInt8](repeating: 0, count: 32)

    /// Of a request's group. The identifier is fresh.
    package init(
        requestFor plan: [UInt8], sampleCount: Int, index: Int, groupCount: Int, bodyLength: Int
    ) {
        var generator = SystemRandomNumberGenerator()
        kind = .request
        self.plan = plan
        identifier = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        request = Self.zeros
        self.sampleCount = sampleCount
        self.index = index
        self.groupCount = groupCount
        self.bodyLength = bodyLength
    }

    /// Of the reply to a request's group.
    package init(replyTo head: GroupHead, bodyLength: Int) {
        kind = .reply
        plan = head.plan
        identifier = Self.zeros
        request = head.digest
        sampleCount = head.sampleCount
        index = head.index
        groupCount = head.groupCount
        self.bodyLength = bodyLength
    }

    /// SHA-256 of the head: what a reply's group names its request's by. It is another for every group that is
    /// encrypted, since the identifier is.
    package var digest: [UInt8] { Array(SHA256.hash(data: bytes)) }

    package var bytes: [UInt8] {
        var out = Envelope.header(
            kind: kind, digest: plan, payloadLength: Self.ownLength + bodyLength)
        out += identifier
        out += request
        for value in [sampleCount, index, groupCount, 0] {
            out += Envelope.littleEndian(UInt64(value), bytes: 4)
        }
        return out
    }

    /// Bytes of the whole group: head, body and checksum.
    package var groupLength: Int { Self.length + bodyLength + Envelope.checksumLength }

    /// - Parameter bytes: `length` of them.
    /// - Throws: `WireError`.
    package init(_ bytes: ArraySlice<UInt8>, expecting kind: ArtifactKind) throws {
        let start = bytes.startIndex
        let header = try Envelope.Header(bytes[start..<start + Envelope.headerLength])
        try header.require(kind)
        guard kind.hasGroups else { throw WireError.malformed("a file without groups") }
        func field(_ offset: Int, _ count: Int) -> ArraySlice<UInt8> {
            let first = start + Envelope.headerLength + offset
            return bytes[first..<first + count]
        }
        guard header.payloadLength <= UInt64(kind.maximumPayloadBytes) else {
            throw WireError.tooLarge(
                kind, bytes: header.payloadLength, limit: kind.maximumPayloadBytes)
        }
        guard header.payloadLength >= UInt64(Self.ownLength) else {
            throw WireError.malformed("a group of \(header.payloadLength) bytes")
        }
        self.kind = kind
        plan = header.digest
        identifier = Array(field(0, 32))
        request = Array(field(32, 32))
        sampleCount = Int(Envelope.integer(field(64, 4)))
        index = Int(Envelope.integer(field(68, 4)))
        groupCount = Int(Envelope.integer(field(72, 4)))
        bodyLength = Int(header.payloadLength) - Self.ownLength
        let unused = kind == .request ? request : identifier
        guard Envelope.integer(field(76, 4)) == 0, unused == Self.zeros else {
            throw WireError.malformed("reserved bytes of a group are not zero")
        }
        guard sampleCount >= 1 else { throw WireError.outOfRange("a group of no samples") }
        guard index < groupCount else {
            throw WireError.malformed("group \(index) of \(groupCount)")
        }
        guard groupCount <= Self.maximumGroups else {
            throw WireError.outOfRange("\(groupCount) groups")
        }
    }
}
