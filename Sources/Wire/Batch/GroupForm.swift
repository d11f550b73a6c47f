import BFV
import Inference
import SwiftProtobuf

/// What stands first in a group's payload.
protocol GroupHeader: Message {
    var sampleCount: UInt32 { get set }
    /// From 0.
    var group: UInt32 { get set }
    var groupCount: UInt32 { get set }
}

extension Blindsight_V1_BatchRequestHeader: GroupHeader {}
extension Blindsight_V1_BatchReplyHeader: GroupHeader {}

extension ClientPlan {
    /// How many requests, or groups of one, so many samples take.
    public func groups(of samples: Int) -> Int {
        (samples + samplesPerRequest - 1) / samplesPerRequest
    }
}

/// The form of a plan's groups.
///
/// A payload is the header's length (4 bytes, little endian), the header, and a body whose size follows from the plan.
struct GroupForm {
    let kind: ArtifactKind
    /// nil: any, but the same in all groups.
    let digest: [UInt8]?
    /// Bytes of a body; nil: any.
    let bodyLength: Int?
    /// The most samples in a group; nil: any.
    let capacity: Int?

    /// More than any header has.
    static let maximumHeaderLength = 128
    static let maximumGroups = 1 << 20

    /// Bytes of a group, envelope and all, at most; 0 where the plan is not known.
    var largestLength: Int {
        bodyLength.map {
            Envelope.headerLength + 4 + Self.maximumHeaderLength + $0 + Envelope.checksumLength
        } ?? 0
    }

    /// Groups of a file whose plan is not known.
    init(anyPlan kind: ArtifactKind) {
        self.kind = kind
        digest = nil
        bodyLength = nil
        capacity = nil
    }

    private init(_ kind: ArtifactKind, _ plan: ClientPlan, bodyLength: Int) throws {
        guard plan.layout == .batch else { throw InferenceError.wrongLayout(plan.layout) }
        let limit = kind.maximumPayloadBytes - Self.maximumHeaderLength - 4
        guard bodyLength <= limit else {
            throw WireError.tooLarge(kind, bytes: UInt64(bodyLength), limit: limit)
        }
        self.kind = kind
        self.bodyLength = bodyLength
        digest = try Artifact.digest(of: plan)
        capacity = plan.samplesPerRequest
    }

    /// - Throws: `InferenceError.wrongLayout`; `WireError.tooLarge`.
    static func requests(_ plan: ClientPlan) throws -> GroupForm {
        try GroupForm(
            .batchRequest, plan, bodyLength: plan.requestRegions.reduce(0, +))
    }

    static func replies(_ plan: ClientPlan) throws -> GroupForm {
        try GroupForm(
            .batchReply, plan,
            bodyLength: plan.replyCount * (plan.replyRegions.c0 + plan.replyRegions.c1))
    }
}

/// Sizes in a body. At most 2^6 moduli t_i, 2^24 features, 2^15 coefficients, 2^3 limbs of 2^3 bytes: no overflow.
extension ClientPlan {
    var requestCount: Int { parameters.plaintextModuli.count * input.count }

    /// Of each limb, the bytes of every c_0.
    var requestRegions: [Int] {
        SeededBatch.byteCounts(parameters: parameters, count: requestCount)
    }

    var replyCount: Int { parameters.plaintextModuli.count * outputCount }

    /// Of one reply's polynomials.
    var replyRegions: (c0: Int, c1: Int) {
        (
            Packing.byteCount(parameters.degree, bits: replyC0Bits),
            Packing.byteCount(parameters.degree, bits: replyC1Bits)
        )
    }
}
