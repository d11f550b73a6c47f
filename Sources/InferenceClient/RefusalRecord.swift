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
    /// Takes as long as `increment`, and adds nothing.
    func rehearse()
}

extension RefusalRecord {
    /// After so many the keys are worn out: a server that sees every one of them has learned as many bits of it.
    static var limit: Int { 16 }

    /// The result of `decrypt`, unless the keys are worn out or get so.
    func guarded<Outputs>(_ decrypt: () throws -> Outputs) throws -> Outputs {
        guard try count() < Self.limit else { throw InferenceError.tooManyRefusals }
        do { return try decrypt() } catch {
            if Self.tellsOfTheSecret(error) { try increment() }
            throw error
        }
    }

    /// The same for a caller whose errors others see: what tells of the secret is a result, and takes the same steps.
    /// - Throws: what a public check explains.
    func settled<Outputs>(
        _ decrypt: () throws -> Outputs
    ) throws -> Result<Outputs, SecretRefusal> {
        let isWornOut = try count() >= Self.limit
        do {
            let outputs = try decrypt()
            rehearse()
            return isWornOut ? .failure(.wornOut) : .success(outputs)
        } catch  where Self.tellsOfTheSecret(error) {
            // Who is told nothing learns nothing from a refusal that isn't counted; the owner is told.
            do { try increment() } catch { return .failure(.notCounted) }
            if isWornOut { return .failure(.wornOut) }
            switch error {
            case InferenceError.excessiveNoise: return .failure(.noise)
            case InferenceError.outsideRange: return .failure(.range)
            default: return .failure(.method)
            }
        }
    }

    private static func tellsOfTheSecret(_ error: any Error) -> Bool {
        switch error {
        case InferenceError.excessiveNoise, InferenceError.outsideRange: true
        case is InferenceError, is WireError, is CancellationError: false
        // What a method's own decryption found.
        default: true
        }
    }

    package func rehearse() {}
}

/// Why a reply was refused for what only the secret key tells.
package enum SecretRefusal: String, Error, CaseIterable {
    case noise = "more noise than the plan allows"
    case range = "an output outside the range that the plan proves"
    case method = "refused by the method's own check"
    case wornOut = "16 refusals before: make new keys"
    case notCounted = "refused, and the refusal could not be counted"
    case width = "an output wider than the plan's"
}

/// For a client that keeps nothing in files.
final class RefusalMemory: RefusalRecord {
    private let value = Mutex(0)

    func count() -> Int { value.withLock { $0 } }
    func increment() { value.withLock { $0 += 1 } }
}

extension TallyFile: RefusalRecord {}
