import Files
import Foundation
import Inference
import RLWE
import Ring

/// A file of encrypted samples, group by group; only one group at a time is in memory.
public struct BatchRequestReader: Sendable {
    public let plan: ClientPlan
    let file: GroupFile<Blindsight_V1_BatchRequestHeader>
    private let context: RLWEContext

    public var groupCount: Int { file.groupCount }
    public var sampleCount: Int { file.sampleCount }

    /// Opens a file and checks how its groups follow each other, without reading ciphertexts.
    ///
    /// - Throws: `WireError`, `FileError`; `InferenceError.wrongLayout` for a plan of another layout.
    public init(path: String, plan: ClientPlan) throws {
        self.plan = plan
        file = try GroupFile(RegularFile(path), .requests(plan))
        context = try RLWEContext(plan.parameters)
    }

    /// Reads a group and checks its checksum. Residues are checked by the server when it comes to them.
    ///
    /// - Parameter index: in 0..<groupCount.
    /// - Throws: `WireError`.
    public func group(_ index: Int) throws -> EncryptedBatch {
        let header = file.groups[index].header
        guard let seed = Seed(header.seed) else {
            throw WireError.wrongCount(
                "seed bytes", expected: Seed.byteCount, found: header.seed.count)
        }
        let limbs = plan.requestRegions.map { ByteRegion(count: $0) }
        try withExtendedLifetime(limbs) {
            try file.read(
                index,
                into: limbs.map { UnsafeMutableRawBufferPointer(start: $0.base, count: $0.count) })
        }
        return EncryptedBatch(
            sampleCount: Int(header.sampleCount),
            ciphertexts: SeededBatch(
                context: context, seed: seed, count: plan.requestCount, limbs: limbs))
    }
}

/// Writes a file of encrypted samples, group by group. Nothing has the file's name before it is finished, and nothing is left of a
/// file that is not.
public final class BatchRequestWriter {
    public let plan: ClientPlan
    public let sampleCount: Int
    public let groupCount: Int
    /// Groups that were appended.
    public private(set) var groupsDone = 0
    private let form: GroupForm
    private let file: StagedFile

    /// - Parameter sampleCount: of all groups, at least one. All groups but the last hold as many samples as the plan does.
    /// - Throws: `FileError`, `WireError.outOfRange`; `InferenceError.wrongLayout` for a plan of another layout.
    public init(path: String, plan: ClientPlan, sampleCount: Int) throws {
        form = try .requests(plan)
        guard sampleCount >= 1, plan.groups(of: sampleCount) <= GroupForm.maximumGroups else {
            throw WireError.outOfRange("\(sampleCount) samples")
        }
        self.plan = plan
        self.sampleCount = sampleCount
        groupCount = plan.groups(of: sampleCount)
        file = try StagedFile(path)
    }

    /// The samples that the next group is to hold.
    public var nextSamples: Range<Int> {
        let start = min(groupsDone * plan.samplesPerRequest, sampleCount)
        return start..<min(start + plan.samplesPerRequest, sampleCount)
    }

    /// - Throws: `WireError.malformed` for a group that was not encrypted for this plan or has another number of samples than
    ///   `nextSamples`; `FileError`.
    public func append(_ batch: EncryptedBatch) throws {
        let ciphertexts = batch.ciphertexts
        guard ciphertexts.context.parameters == plan.parameters,
            ciphertexts.count == plan.requestCount
        else { throw WireError.malformed("a group that was not encrypted for this plan") }
        guard groupsDone < groupCount, batch.sampleCount == nextSamples.count else {
            throw WireError.malformed(
                "\(batch.sampleCount) samples in group \(groupsDone) of \(sampleCount) samples")
        }
        var header = Blindsight_V1_BatchRequestHeader()
        header.seed = Data(ciphertexts.seed.bytes)
        header.sampleCount = UInt32(batch.sampleCount)
        header.group = UInt32(groupsDone)
        header.groupCount = UInt32(groupCount)
        var sink = try GroupSink(form, header) { [file] in try file.write($0) }
        try withExtendedLifetime(ciphertexts) {
            for limb in ciphertexts.limbs { try sink.append(limb.bytes) }
        }
        try sink.finish()
        groupsDone += 1
    }

    /// Syncs the file and gives it its name.
    /// - Throws: `WireError.malformed` where groups are missing; `FileError`.
    public func finish() throws {
        guard groupsDone == groupCount else {
            throw WireError.malformed("\(groupsDone) groups of \(groupCount)")
        }
        try file.finish()
    }
}
