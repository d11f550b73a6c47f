// SPDX-License-Identifier: Apache-2.0

import InferenceClient
import Threading
import Wire

/// What predicts for one client. Holds evaluation keys only; nothing here can decrypt.
///
/// Several threads may predict at once. Long calls report progress to a closure; an error that it throws ends the call,
/// and so does the cancellation of the task that calls.
public final class Server: Sendable {
    package let plan: Plan
    package let predictor: any GroupPredictor
    /// That the predictor computes on.
    private let pool: WorkerPool

    init(plan: Plan, predictor: any GroupPredictor, pool: WorkerPool) {
        self.plan = plan
        self.predictor = predictor
        self.pool = pool
    }

    /// Encodes the weights for this server alone; `PreparedModel` shares them.
    package convenience init(_ plan: Plan, keys: EvaluationKeySet, threads: Int? = nil) throws {
        let server = try PreparedModel(plan, threads: threads).server(for: keys, threads: threads)
        self.init(plan: plan, predictor: server.predictor, pool: server.pool)
    }

    /// Exact counts of everything done so far.
    package var operations: OperationTally { predictor.operations }

    /// Evaluates the network on all samples of a request.
    ///
    /// - Parameter progress: called with (samples done, samples in all).
    /// - Throws: `InferenceError.unexpectedRequest` where the request is not of the plan's form.
    public func predict(
        _ request: Request, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Reply {
        var done = 0
        return try Reply(
            groups: request.groups.map { group in
                defer { done += group.sampleCount }
                return try predict(group) {
                    try progress(done + $0 * group.sampleCount / $1, request.sampleCount)
                }
            })
    }

    /// Evaluates the network on a group of samples.
    ///
    /// - Parameter progress: called with (steps done, steps in all).
    public func predict(
        _ group: RequestGroup, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> ReplyGroup {
        try plan.client.requireRequest(group)
        let body = try pool.serve {
            try predictor.predict(body: group.body, sampleCount: group.sampleCount) {
                try Cancellation.check()
                try progress($0, $1)
            }
        }
        return ReplyGroup(
            head: GroupHead(replyTo: group.head, bodyLength: body.byteCount), body: body)
    }

    /// Makes ahead what replies to that many samples need beside the request, so that they come faster: under
    /// `paillier` the masks, which are two thirds of the time and more; nothing under other methods. What is made is
    /// used once, and is kept in memory only.
    ///
    /// Call it while there is nothing to predict. Replies for which too little was made take longer.
    ///
    /// - Parameters:
    ///   - samples: of one request; small requests of as many samples together need more.
    ///   - progress: called with (parts ready, parts in all).
    public func prepareReplies(
        samples: Int, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws {
        try predictor.prepareReplies(samples: samples) {
            try Cancellation.check()
            try progress($0, $1)
        }
    }

    /// Reads the body of a request's group.
    package func readRequest(_ body: BodyReader) throws -> RequestGroup {
        RequestGroup(head: body.head, body: try body.whole { try predictor.request($0) })
    }
}

extension Server {
    /// The same on a thread of its own, for programs that must not block a task's thread. It ends early when the task
    /// is cancelled.
    public func predict(
        _ request: Request, progress: @escaping @Sendable (Int, Int) throws -> Void = { _, _ in }
    ) async throws -> Reply {
        try await Blocking.run { try self.predict(request) { try progress($0, $1) } }
    }
}
