// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import Threading
import Wire

/// The one who owns the data and the secret key.
///
/// Long calls report progress to a closure; an error that it throws ends the call, and so does the cancellation of the
/// task that calls.
public final class Client: Sendable {
    /// What the client was made for.
    public let plan: ClientPlan
    private let session: any ClientSession
    private let refusals: any RefusalRecord
    private let pool: WorkerPool

    /// A client with fresh keys.
    /// - Parameter threads: how many threads one call may use; nil: as many as there are cores.
    public convenience init(_ plan: ClientPlan, threads: Int? = nil) throws {
        let pool = WorkerPool(threads: threads ?? WorkerPool.cores)
        try self.init(plan, session: plan.method.makeSession(plan, on: pool), pool: pool)
    }

    /// - Parameters:
    ///   - session: of the plan's method.
    ///   - refusals: nil: they are counted in memory.
    package init(
        _ plan: ClientPlan, session: any ClientSession, refusals: (any RefusalRecord)? = nil,
        pool: WorkerPool
    ) {
        self.plan = plan
        self.session = session
        self.refusals = refusals ?? RefusalMemory()
        self.pool = pool
    }

    /// The secret's bytes, of the plan's method. Wipe them after use.
    package func secretBytes() throws -> [UInt8] { try session.secretBytes() }

    /// How many threads one call may use.
    package var threads: Int { pool.threads }

    // MARK: Keys

    /// The keys that the plan's server needs, and no others: made anew at each call, from the same secret.
    /// - Parameter progress: called with (keys done, keys in all).
    public func evaluationKeys(
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> EvaluationKeySet {
        EvaluationKeySet(
            method: plan.methodName, keySet: plan.keySetDigest,
            material: .made(
                try session.makeKeys {
                    try Cancellation.check()
                    try progress($0, $1)
                }))
    }

    // MARK: Encryption

    /// Quantizes and encrypts one sample of as many reals as the model takes.
    /// - Throws: as `quantize(_:)`.
    public func encrypt(_ sample: [Float]) throws -> Request { try encrypt([sample]) }

    /// Quantizes and encrypts samples of as many reals as the model takes each, one or more.
    /// - Parameter progress: called with (samples done, samples in all).
    /// - Throws: as `quantize(_:)`; `InferenceError.wrongCount` for no sample.
    public func encrypt(
        _ samples: [[Float]], progress: @Sendable (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Request {
        try encrypt(quantized: quantize(samples), progress: progress)
    }

    /// Encrypts quantized samples, each value in `plan.input.range`.
    package func encrypt(
        quantized samples: [[Int]], progress: @Sendable (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Request {
        let count = plan.groupCount(of: samples.count)
        return try Request(
            groups: (0..<max(count, 1)).map { index in
                let start = index * plan.samplesPerGroup
                return try encryptGroup(
                    samples[start..<min(start + plan.samplesPerGroup, samples.count)],
                    index: index, of: count
                ) { done, _ in try progress(start + done, samples.count) }
            })
    }

    /// Encrypts one group of a request. All groups but the last are full.
    ///
    /// - Parameters:
    ///   - samples: quantized, each value in `plan.input.range`.
    ///   - index: which group of the request, in 0..<count.
    ///   - count: groups of the request in all, at most 2^20.
    ///   - progress: called with (samples done, samples in the group).
    /// - Throws: `InferenceError.wrongCount` for another number of samples than the group's; `WireError.outOfRange` for
    ///   a group that no request has; `NetworkError` for values outside the box.
    package func encryptGroup(
        _ samples: ArraySlice<[Int]>, index: Int, of count: Int,
        progress: @Sendable (Int, Int) throws -> Void = { _, _ in }
    ) throws -> RequestGroup {
        guard (1...plan.samplesPerGroup).contains(samples.count) else {
            throw InferenceError.wrongCount(
                "samples in a group", expected: plan.samplesPerGroup, found: samples.count)
        }
        guard (1...GroupHead.maximumGroups).contains(count), (0..<count).contains(index) else {
            throw WireError.outOfRange("group \(index) of \(count)")
        }
        for sample in samples { try plan.input.check(quantized: sample) }
        let size = samples.count
        let body = try session.encrypt(samples) { done, all in
            try Cancellation.check()
            try progress(size * done / max(all, 1), size)
        }
        let head = GroupHead(
            requestFor: plan.digest, sampleCount: samples.count, index: index, groupCount: count,
            bodyLength: body.byteCount)
        // A full group where the last is expected, or the other way round.
        try plan.requestForm.check(head)
        return RequestGroup(head: head, body: body)
    }

    /// The integers of samples of as many reals as the model takes each. Values somewhat outside the plan's range take its
    /// nearest end.
    /// - Throws: an error that names the sample and feature of a NaN, an infinity, or a value that is farther outside
    ///   the range than this is wide; an error for a wrong count.
    public func quantize(_ samples: [[Float]]) throws -> [[Int]] {
        try quantize(samples, outside: .refuse)
    }

    /// - Parameter outside: what becomes of values outside the plan's range.
    package func quantize(_ samples: [[Float]], outside: OutsideValues) throws -> [[Int]] {
        let quantizer = SampleQuantizer(plan.input, outside: outside)
        return try pool.map(samples.count) {
            try quantizer.quantize(plan.prepared(samples[$0], index: $0), index: $0)
        }
    }

    // MARK: Decryption

    /// Decrypts a reply.
    ///
    /// - Parameter request: what it must answer.
    /// - Throws: `InferenceError.otherRequest` for a reply to another request, and others where the reply has not the
    ///   plan's form. Never tell a server which. `InferenceError.tooManyRefusals` after 16 replies that were refused
    ///   for what only the secret key tells.
    public func decrypt(_ reply: Reply, of request: Request) throws -> Predictions {
        guard reply.groups.count == request.groups.count else {
            throw InferenceError.otherRequest(group: 0)
        }
        return Predictions(
            try zip(reply.groups, request.groups).map { try outputs(of: $0, answering: $1.head) },
            reading: plan.outputs)
    }

    /// Decrypts the reply to one group of a request.
    package func decrypt(_ reply: ReplyGroup, of request: RequestGroup) throws -> Predictions {
        try decrypt(reply, answering: request.head)
    }

    /// Decrypts the reply to one group of a request of which the heads were kept.
    /// - Throws: as `decrypt(_:of:)` for whole replies.
    public func decrypt(_ reply: ReplyGroup, of request: RequestHeads) throws -> Predictions {
        guard reply.index < request.heads.count else {
            throw InferenceError.otherRequest(group: reply.index)
        }
        return try decrypt(reply, answering: request.heads[reply.index])
    }

    /// - Parameter request: the head of the request's group; nil where the caller lacks it, and nothing tells a reply
    ///   to another request of the same key.
    package func decrypt(_ reply: ReplyGroup, answering request: GroupHead?) throws -> Predictions {
        Predictions([try outputs(of: reply, answering: request)], reading: plan.outputs)
    }

    /// The same for a caller whose errors others see: what tells of the secret key is no error but a result, and takes
    /// the same steps as a prediction.
    /// - Throws: what anyone can see of a reply: another plan, request or form.
    package func settle(
        _ reply: ReplyGroup, answering request: GroupHead?
    ) throws -> Result<Predictions, SecretRefusal> {
        try check(reply, answering: request)
        return try refusals.settled { try decryptChecked(reply) }.map {
            Predictions([$0], reading: plan.outputs)
        }
    }

    private func outputs(
        of reply: ReplyGroup, answering request: GroupHead?
    ) throws -> GroupOutputs {
        try check(reply, answering: request)
        return try refusals.guarded { try decryptChecked(reply) }
    }

    /// What anyone can see of a reply.
    private func check(_ reply: ReplyGroup, answering request: GroupHead?) throws {
        try Cancellation.check()
        if let request {
            guard reply.head.request == request.digest else {
                throw InferenceError.otherRequest(group: reply.index)
            }
        }
        guard reply.head.plan == plan.digest else { throw InferenceError.unexpectedReply }
        try plan.replyForm.check(reply.head)
    }

    private func decryptChecked(_ reply: ReplyGroup) throws -> GroupOutputs {
        let outputs = try session.decrypt(body: reply.body, sampleCount: reply.sampleCount)
        guard outputs.sampleCount == reply.sampleCount, outputs.outputCount == plan.outputCount
        else { throw InferenceError.unexpectedReply }
        // Of a proven range, so that what is marked as certified is.
        if plan.outputs.rangeIsProven, !outputs.areInside(plan.outputs.bounds) {
            throw InferenceError.outsideRange
        }
        return outputs
    }

    /// Reads the body of a reply's group.
    package func readReply(_ body: BodyReader) throws -> ReplyGroup {
        ReplyGroup(head: body.head, body: try body.whole { try session.readReply($0) })
    }
}
