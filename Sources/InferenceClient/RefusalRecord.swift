// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import Wire

/// How many replies were refused for what only the secret key tells: more noise than the plan allows, outputs outside
/// their range. Each is an answer to a question that whoever made the reply may have asked; about 13,000 answers are a
/// whole key. What a public check explains (another plan, another request, another form) doesn't count, or anybody could
/// make a client need new keys.
package protocol RefusalRecord: Sendable {
    func count() throws -> Int
    /// Adds one before the caller is told of the refusal.
    func increment() throws
}

extension RefusalRecord {
    /// After so many the keys are worn out: a server that sees every one of them has learned as many bits of it.
    static var limit: Int { 16 }

    /// The result of `decrypt`, unless the keys are worn out or get so.
    func guarded<Outputs>(_ decrypt: () throws -> Outputs) throws -> Outputs {
        guard try count() < Self.limit else { throw InferenceError.tooManyRefusals }
        do { return try decrypt() } catch {
            let tellsOfTheSecret =
                switch error {
                case InferenceError.excessiveNoise, InferenceError.outsideRange: true
                case is InferenceError, is WireError, is CancellationError: false
                // What a method's own decryption found.
                default: true
                }
            if tellsOfTheSecret { try increment() }
            throw error
        }
    }
}

/// For a client that keeps nothing in files.
final class RefusalMemory: RefusalRecord {
    private let value = Mutex(0)

    func count() -> Int { value.withLock { $0 } }
    func increment() { value.withLock { $0 += 1 } }
}

extension TallyFile: RefusalRecord {}
