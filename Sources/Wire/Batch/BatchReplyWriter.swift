import Files
import Foundation
import Inference
import RLWE

/// Writes a server's replies to a request, group by group, such that a run that ends at any moment can be resumed.
///
/// Until it is finished, the file's name has `.partial` behind it. Each group is synced before the next is begun.
public final class BatchReplyWriter {
    public let path: String
    public let request: BatchRequestReader
    public var partialPath: String { file.partialPath }
    /// Groups that are in the file; of a resumed one it begins above zero.
    public private(set) var groupsDone = 0
    private let form: GroupForm
    private let file: PartialFile

    public static func partialPath(of path: String) -> String { PartialFile.partialPath(of: path) }

    /// - Parameter resumes: whether groups that an interrupted run left are kept. They must be replies to `request`; what is cut off or
    ///   damaged at the end is dropped. Where there are none, it begins anew.
    /// - Throws: `WireError.unfinished` where there are such groups, but `resumes` is false; `WireError.otherRequest`,
    ///   `WireError.wrongPlan`, `WireError.corrupt` and others for groups that can't be kept; `FileError`, also while another
    ///   process writes.
    public init(path: String, request: BatchRequestReader, resumes: Bool = false) throws {
        self.path = path
        self.request = request
        form = try .replies(request.plan)
        file = try PartialFile(path)
        guard file.foundCount > 0 else { return }
        guard resumes else { throw WireError.unfinished(path: file.partialPath) }
        try resume(file.found())
    }

    private func resume(_ input: RegularFile) throws {
        let reader = try BatchReplyReader(input, plan: request.plan, allowsMissing: true)
        try reader.requireBeginning(of: request)
        let groups = reader.file.groups
        var end = reader.file.end
        groupsDone = groups.count
        for index in groups.indices {
            do { try reader.file.verify(index) } catch WireError.corrupt
                where index == groups.count - 1
            {
                // Its length was written, but not all that is in it.
                end = groups[index].offset
                groupsDone = index
            }
        }
        try file.truncate(to: end)
    }

    /// Appends the reply to group `groupsDone` and syncs.
    /// - Throws: `WireError.malformed` for a reply that was not made for the plan and this group; `FileError`.
    public func append(_ reply: EncryptedBatchReply) throws {
        let plan = request.plan
        guard groupsDone < request.groupCount,
            reply.sampleCount == Int(request.file.groups[groupsDone].header.sampleCount),
            reply.ciphertexts.count == plan.replyCount
        else { throw WireError.malformed("a reply to another group than \(groupsDone)") }
        for (index, ciphertext) in reply.ciphertexts.enumerated() {
            guard ciphertext.plaintextIndex == index / plan.outputCount,
                ciphertext.c0Bits == plan.replyC0Bits, ciphertext.c1Bits == plan.replyC1Bits,
                ciphertext.c0.count == plan.parameters.degree
            else { throw WireError.malformed("a reply that was not made for this plan") }
        }
        var header = Blindsight_V1_BatchReplyHeader()
        header.sampleCount = UInt32(reply.sampleCount)
        header.group = UInt32(groupsDone)
        header.groupCount = UInt32(request.groupCount)
        header.request = Data(try request.file.checksum(of: groupsDone))
        var sink = try GroupSink(form, header) { [file] in try file.write($0) }
        for ciphertext in reply.ciphertexts {
            try Packing.pack(ciphertext.c0, bits: plan.replyC0Bits)
                .withUnsafeBytes { try sink.append($0) }
            try Packing.pack(ciphertext.c1, bits: plan.replyC1Bits)
                .withUnsafeBytes { try sink.append($0) }
        }
        try sink.finish()
        try file.sync()
        groupsDone += 1
    }

    /// Gives the file its name.
    /// - Throws: `WireError.malformed` where groups are missing; `FileError`.
    public func finish() throws {
        guard groupsDone == request.groupCount else {
            throw WireError.malformed("\(groupsDone) groups of \(request.groupCount)")
        }
        try file.finish()
    }
}
