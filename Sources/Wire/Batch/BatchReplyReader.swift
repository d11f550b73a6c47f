import CKernels
import Files
import Inference
import RLWE

/// A file of a server's replies, group by group.
public struct BatchReplyReader: Sendable {
    public let plan: ClientPlan
    let file: GroupFile<Blindsight_V1_BatchReplyHeader>

    public var groupCount: Int { file.groupCount }
    public var sampleCount: Int { file.sampleCount }

    /// Opens a file and checks how its groups follow each other, without reading ciphertexts.
    ///
    /// - Throws: `WireError`, `FileError`; `InferenceError.wrongLayout` for a plan of another layout.
    public init(path: String, plan: ClientPlan) throws {
        try self.init(RegularFile(path), plan: plan)
    }

    /// - Parameter allowsMissing: whether it may be a file that is not finished.
    init(_ input: RegularFile, plan: ClientPlan, allowsMissing: Bool = false) throws {
        self.plan = plan
        file = try GroupFile(input, .replies(plan), allowsMissing: allowsMissing)
        for group in file.groups {
            guard group.header.request.count == Envelope.checksumLength else {
                throw WireError.wrongCount(
                    "bytes of a request's checksum", expected: Envelope.checksumLength,
                    found: group.header.request.count)
            }
        }
    }

    /// Reads a group and checks its checksum.
    ///
    /// - Parameter index: in 0..<groupCount.
    /// - Throws: `WireError`.
    public func group(_ index: Int) throws -> EncryptedBatchReply {
        let sizes = plan.replyRegions
        let body = ByteRegion(count: plan.replyCount * (sizes.c0 + sizes.c1))
        return try withExtendedLifetime(body) {
            try file.read(
                index, into: [UnsafeMutableRawBufferPointer(start: body.base, count: body.count)])
            let n = plan.parameters.degree
            func words(at offset: Int, bits: Int) -> [UInt64] {
                [UInt64](unsafeUninitializedCapacity: n) { words, count in
                    bsk_unpack(
                        words.baseAddress!,
                        (body.base + offset).assumingMemoryBound(to: UInt8.self), UInt32(bits), n)
                    count = n
                }
            }
            return EncryptedBatchReply(
                sampleCount: Int(file.groups[index].header.sampleCount),
                ciphertexts: (0..<plan.replyCount).map { ciphertext in
                    let offset = ciphertext * (sizes.c0 + sizes.c1)
                    return CompressedCiphertext(
                        c0Bits: plan.replyC0Bits, c1Bits: plan.replyC1Bits,
                        plaintextIndex: ciphertext / plan.outputCount,
                        c0: words(at: offset, bits: plan.replyC0Bits),
                        c1: words(at: offset + sizes.c0, bits: plan.replyC1Bits))
                })
        }
    }

    /// Checks that these are replies to a request's groups, in its order: a reply names the checksum of the group that it answers.
    ///
    /// - Throws: `WireError.otherRequest`.
    public func requireReplies(to request: BatchRequestReader) throws {
        guard request.groupCount == groupCount else { throw WireError.otherRequest(group: 0) }
        try requireBeginning(of: request)
    }

    /// The same of as many groups as there are.
    func requireBeginning(of request: BatchRequestReader) throws {
        for (index, group) in file.groups.enumerated() {
            guard index < request.groupCount, file.groupCount == request.groupCount,
                group.header.sampleCount == request.file.groups[index].header.sampleCount,
                try Array(group.header.request) == request.file.checksum(of: index)
            else { throw WireError.otherRequest(group: index) }
        }
    }
}
