// SPDX-License-Identifier: Apache-2.0

import Files
import TestSupport
import Wire

/// A body of bytes as they are.
struct Body: GroupBody {
    let bytes: [UInt8]

    var byteCount: Int { bytes.count }
    func write(to sink: any ByteSink) throws { try sink.write(bytes) }
}

/// A file of groups under a plan that nobody made: at most four samples a group, ten bytes a sample and three more.
struct Groups {
    static let capacity = 4
    static let plan = Envelope.digest(of: [1, 2, 3])

    let heads: [GroupHead]
    let bodies: [Body]
    /// Of each group, envelope and all.
    let parts: [[UInt8]]

    var bytes: [UInt8] { Array(parts.joined()) }

    static func bodyLength(_ samples: Int) -> Int { 10 * samples + 3 }

    static func form(_ kind: ArtifactKind, plan: [UInt8] = Self.plan) -> GroupForm {
        GroupForm(kind, plan: plan, capacity: capacity, bodyLength: bodyLength)
    }

    init(_ heads: [GroupHead], seed: UInt64 = 1) throws {
        var generator = SplitMix64(seed: seed)
        self.heads = heads
        bodies = heads.map { head in
            Body(
                bytes: (0..<head.bodyLength).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                })
        }
        parts = try zip(heads, bodies).map { head, body in
            let sink = MemorySink()
            try head.write(body, to: sink)
            return sink.bytes
        }
    }

    /// Ten samples in three groups.
    static func request(plan: [UInt8] = Self.plan) throws -> Groups {
        let counts = [capacity, capacity, 2]
        return try Groups(
            counts.enumerated().map { index, count in
                GroupHead(
                    requestFor: plan, sampleCount: count, index: index, groupCount: counts.count,
                    bodyLength: bodyLength(count))
            })
    }

    /// The replies to a request's groups.
    static func reply(to request: Groups) throws -> Groups {
        try Groups(
            request.heads.map { GroupHead(replyTo: $0, bodyLength: bodyLength($0.sampleCount)) },
            seed: 2)
    }

    static func make(_ kind: ArtifactKind) throws -> Groups {
        let request = try request()
        return kind == .request ? request : try reply(to: request)
    }
}

extension [UInt8] {
    /// With other bytes at an offset.
    func with(_ bytes: [UInt8], at offset: Int) -> [UInt8] {
        var out = self
        out.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return out
    }

    /// With the checksum of an envelope that ends here made right again.
    var resealed: [UInt8] {
        let content = dropLast(Envelope.checksumLength)
        return content + Envelope.digest(of: content)
    }
}
