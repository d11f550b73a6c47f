// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import Synchronization
import Threading
import Wire

/// A server from its files.
enum ServerFiles {
    /// Keys of more bytes are read while the server is made with them, so that they are in memory once.
    private static let mostAhead = 64 << 20

    /// Reads plan and keys, and encodes the weights. On several threads keys are read, and compared with their checksum,
    /// at the same time as the rest.
    /// - Throws: what is wrong with the plan before what is wrong with the keys; both name the file.
    static func server(
        plan: String, evaluationKey: String, threads: Int
    ) throws -> (plan: Plan, server: Server) {
        let file = try RegularFile(evaluationKey)
        let isAhead = threads > 1 && file.count <= mostAhead
        let loaded = Mutex<Loaded>(Loaded())
        WorkerPool(threads: isAhead ? 2 : 1).run(2) { part in
            if part == 0 {
                let model = Result {
                    try PreparedModel(CommandFiles.serverPlan(plan), threads: threads)
                }
                loaded.withLock { $0.model = model }
            } else {
                let keys = Result {
                    try CommandFiles.naming(evaluationKey) {
                        isAhead
                            ? try EvaluationKeySet(
                                serialized: Envelope.bytes(of: file, expecting: .evaluationKeys))
                            : try EvaluationKeySet(reading: file)
                    }
                }
                loaded.withLock { $0.keys = keys }
            }
        }
        let (model, keys) = try loaded.withLock { (try $0.model!.get(), try $0.keys!.get()) }
        let server = try CommandFiles.naming(evaluationKey) {
            try model.server(for: keys, threads: threads)
        }
        return (model.plan, server)
    }

    private struct Loaded {
        var model: Result<PreparedModel, any Error>?
        var keys: Result<EvaluationKeySet, any Error>?
    }
}
