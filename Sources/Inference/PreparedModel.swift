// SPDX-License-Identifier: Apache-2.0

import InferenceClient
import Threading

/// A plan with its weights encoded, once for all clients.
public final class PreparedModel: Sendable {
    package let plan: Plan
    private let prepared: any PreparedMethod

    /// Encodes the weights.
    /// - Parameter threads: how many threads that may take; nil: as many as there are cores.
    public init(_ plan: Plan, threads: Int? = nil) throws {
        self.plan = plan
        prepared = try plan.method.prepare(
            plan.network, on: WorkerPool(threads: threads ?? WorkerPool.cores))
    }

    /// A server for one client. It costs the client's keys as predictions read them, and shares all else.
    ///
    /// - Parameters:
    ///   - keys: of any plan with the same key set.
    ///   - threads: how many threads one prediction may use; nil: by load, all cores for one alone, one thread each for
    ///     many at once. Those of all such servers of a process are counted.
    /// - Throws: `InferenceError` where the keys are not those of the plan, another error for what its bytes lack.
    public func server(for keys: EvaluationKeySet, threads: Int? = nil) throws -> Server {
        guard keys.method == plan.client.methodName else {
            throw InferenceError.wrongMethod(
                expected: plan.client.methodName.rawValue, found: keys.method.rawValue)
        }
        try plan.client.requireKeySet(keys)
        let pool = threads.map { WorkerPool(threads: $0) } ?? .byLoad
        return Server(
            plan: plan, predictor: try prepared.predictor(for: keys, on: pool), pool: pool)
    }
}
