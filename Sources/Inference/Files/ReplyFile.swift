// SPDX-License-Identifier: Apache-2.0

import Files
import InferenceClient
import Wire

/// Writes the replies to a request into a file, group by group, such that a run that ends at any moment can be resumed.
///
/// Until it is finished, the file's name has `.partial` behind it. What is in it is synced with the first group, then at
/// most once a second, and at the end: a power failure takes little with it, and small groups don't wait for the disk.
public final class ReplyFile {
    package let path: String
    package let request: RequestHeads
    package var partialPath: String { file.partialPath }
    /// Groups that are in the file; of a resumed one it begins above zero.
    public private(set) var groupsDone = 0
    private let file: PartialFile
    /// When it was synced last by this object.
    private var synced: ContinuousClock.Instant?
    /// Whether groups were written since.
    private var isBehind = false
    /// Why part of a group may stand at the end: nothing is written behind it.
    private var failure: (any Error)?

    /// - Parameters:
    ///   - request: what is to be answered.
    ///   - plan: the request's.
    ///   - resumes: whether groups that an interrupted run left are kept. They must be replies to `request`; what is
    ///     cut off or damaged at the end is dropped. Where there are none, it begins anew.
    /// - Throws: an error where there are such groups, but `resumes` is false; others for another request, another
    ///   plan, and groups that can't be kept; `FileError`, also while another process writes.
    public init(
        path: String, request: RequestHeads, plan: ClientPlan, resumes: Bool = false
    ) throws {
        self.path = path
        self.request = request
        file = try PartialFile(path)
        guard file.foundCount > 0 else { return }
        guard resumes else { throw WireError.unfinished(path: file.partialPath) }
        try resume(plan)
    }

    private func resume(_ plan: ClientPlan) throws {
        let found = try GroupFile(file.found(), plan.replyForm, allowsMissing: true)
        try request.requireBeginning(found.groups.map(\.head))
        var end = found.end
        groupsDone = found.groups.count
        for index in found.groups.indices {
            do { try found.verify(index) } catch WireError.corrupt
                where index == found.groups.count - 1
            {
                // Its length was written, but not all that is in it.
                end = found.groups[index].offset
                groupsDone = index
            }
        }
        try file.truncate(to: end)
    }

    /// Appends the reply to group `groupsDone`, and syncs where that is due.
    ///
    /// Where writing fails, part of the group may stand in the file: it takes no further group then, and a run that
    /// resumes drops that part.
    /// - Throws: an error for a reply to another group; `FileError`, again at each further call.
    public func append(_ reply: ReplyGroup) throws {
        if let failure { throw failure }
        guard groupsDone < request.heads.count,
            reply.head.request == request.heads[groupsDone].digest
        else { throw WireError.otherRequest(group: groupsDone) }
        do {
            try reply.write(to: file)
            isBehind = true
            if synced.map({ ContinuousClock.now - $0 >= .seconds(1) }) ?? true { try sync() }
        } catch {
            failure = error
            throw error
        }
        groupsDone += 1
    }

    /// Gives the file its name.
    /// - Throws: an error where groups are missing; `FileError`.
    public func finish() throws {
        guard groupsDone == request.heads.count else {
            throw WireError.malformed("\(groupsDone) groups of \(request.heads.count)")
        }
        // Also what an earlier run wrote, if there was nothing left to do.
        if isBehind || synced == nil { try sync() }
        try file.finish()
    }

    private func sync() throws {
        try file.sync()
        synced = ContinuousClock.now
        isBehind = false
    }
}
