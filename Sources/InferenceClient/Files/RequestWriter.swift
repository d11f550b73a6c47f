// SPDX-License-Identifier: Apache-2.0

import Files
import Wire

/// Writes encrypted samples group by group, so that only one group is in memory at a time.
public final class RequestWriter {
    package let client: Client
    package let sampleCount: Int
    package let groupCount: Int
    private var written: [GroupHead] = []
    private let sink: any ByteSink
    /// Why part of a group may stand at the end: nothing is written behind it.
    private var failure: (any Error)?

    /// - Parameters:
    ///   - sampleCount: of all groups, at least one.
    ///   - sink: a file, memory or a socket; the caller finishes it.
    /// - Throws: an error for more groups than a request has, or no sample.
    public init(_ client: Client, sampleCount: Int, to sink: any ByteSink) throws {
        guard sampleCount >= 1, client.plan.groupCount(of: sampleCount) <= GroupHead.maximumGroups
        else { throw WireError.outOfRange("\(sampleCount) samples") }
        self.client = client
        self.sampleCount = sampleCount
        self.sink = sink
        groupCount = client.plan.groupCount(of: sampleCount)
    }

    /// Groups that were written.
    package var groupsDone: Int { written.count }

    /// Of the groups that were written: what their replies are known by.
    public var heads: RequestHeads { RequestHeads(heads: written) }

    /// The samples that the next group holds; empty after the last.
    public var nextSamples: Range<Int> {
        let start = min(groupsDone * client.plan.samplesPerGroup, sampleCount)
        return start..<min(start + client.plan.samplesPerGroup, sampleCount)
    }

    /// Encrypts and writes the next group.
    ///
    /// Where the sink fails, part of the group may stand in it: it takes no further group then.
    /// - Parameters:
    ///   - samples: quantized, as many as `nextSamples`.
    ///   - progress: called with (samples done, samples in the group).
    /// - Throws: `InferenceError`, an error for values outside the box, and what the sink throws, again at each
    ///   further call.
    public func append(
        _ samples: [[Int]], progress: @Sendable (Int, Int) throws -> Void = { _, _ in }
    ) throws {
        if let failure { throw failure }
        guard groupsDone < groupCount, samples.count == nextSamples.count else {
            throw InferenceError.wrongCount(
                "samples in group \(groupsDone)", expected: nextSamples.count,
                found: samples.count)
        }
        let group = try client.encryptGroup(
            samples[...], index: groupsDone, of: groupCount, progress: progress)
        do { try group.write(to: sink) } catch {
            failure = error
            throw error
        }
        written.append(group.head)
    }
}

extension RequestGroup {
    /// Writes the group, as it stands in a file.
    public func write(to sink: any ByteSink) throws { try head.write(body, to: sink) }
}

extension ReplyGroup {
    /// Writes the group, as it stands in a file.
    public func write(to sink: any ByteSink) throws { try head.write(body, to: sink) }
}

extension Request {
    /// The bytes of a file with all groups.
    public func serialized() throws -> [UInt8] {
        let sink = MemorySink()
        for group in groups { try group.write(to: sink) }
        return sink.bytes
    }
}

extension Reply {
    /// The bytes of a file with all groups.
    public func serialized() throws -> [UInt8] {
        let sink = MemorySink()
        for group in groups { try group.write(to: sink) }
        return sink.bytes
    }
}
