// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Files
import IntegerNetworks
import Threading
import Wire

/// The client's half of a method: what a client's plan says of it. Parameters and encodings, no weights and no keys.
///
/// A method decides how a group of samples becomes ciphertexts and how decrypted replies become the network's integers.
/// All else, from quantizing to reading the integers, is done once for all methods by `Client`.
package protocol ClientMethod: Sendable, Equatable {
    associatedtype Session: ClientSession

    static var name: MethodName { get }

    /// The most samples that one group holds.
    var groupCapacity: Int { get }
    /// Bytes of the body of a request's group of so many samples.
    func requestLength(samples: Int) -> Int
    /// Bytes of the body of the reply to it.
    func replyLength(samples: Int) -> Int
    /// Bytes of what a client gives its server once.
    var evaluationKeyBytes: Int { get }

    /// What is proven for outputs in these ranges.
    func certificate(_ outputs: OutputReading) -> Certificate
    /// What keys depend on, in one canonical form: parameters and the list of keys. Plans of one key set share their
    /// keys.
    func keySet() throws -> [UInt8]
    /// What a report says of the method beyond what it says of every plan.
    func report(_ plan: ClientPlan) -> [ReportEntry]

    /// The bytes of the section that `init(encoded:input:outputs:allowInsecure:)` reads.
    func encoded() throws -> [UInt8]
    /// Checks everything: the bytes may come from anywhere.
    /// - Parameter allowInsecure: whether parameters below 128-bit security are let through, for tests.
    /// - Throws: `WireError`, or the parameters' own error.
    init(
        encoded: ArraySlice<UInt8>, input: InputSpecification, outputs: OutputReading,
        allowInsecure: Bool) throws

    /// A client's end with a fresh secret.
    func makeSession(_ plan: ClientPlan, on pool: WorkerPool) throws -> Session
    /// A client's end with a secret that `Session.secretBytes` gave.
    func session(
        _ plan: ClientPlan, secret: ArraySlice<UInt8>, on pool: WorkerPool
    ) throws -> Session
}

/// A client's end of a method: the secret, and what is done with it.
package protocol ClientSession: Sendable {
    associatedtype Request: GroupBody
    associatedtype Reply: GroupBody
    /// What a server needs.
    associatedtype Keys: KeyMaterial

    /// The secret. Wipe the bytes after use.
    func secretBytes() throws -> [UInt8]
    /// - Parameter progress: called with (keys done, keys in all).
    func makeKeys(progress: (Int, Int) throws -> Void) throws -> Keys

    /// Encrypts quantized samples that are in the plan's box, one or more, at most as many as a group holds.
    /// - Parameter progress: called from several threads with the ciphertexts that are done, and how many there will
    ///   be.
    func encrypt(
        _ samples: ArraySlice<[Int]>, progress: @Sendable (Int, Int) throws -> Void
    ) throws -> Request
    /// The integer outputs of a group.
    /// - Throws: `InferenceError` where the reply has not the plan's form, or too much noise.
    func decrypt(_ reply: Reply, sampleCount: Int) throws -> GroupOutputs
    /// Reads a reply whose length is the plan's.
    func readReply(_ body: BodyReader) throws -> Reply
}

extension ClientSession {
    /// - Throws: `InferenceError.wrongCount` for another number of ciphertexts than the plan's.
    func checkReply(count: Int, expected: Int) throws {
        guard count == expected else {
            throw InferenceError.wrongCount("reply ciphertexts", expected: expected, found: count)
        }
    }
}

/// The keys that a server computes with, and their bytes.
package protocol KeyMaterial: Sendable {
    /// What the server's half of the method reads.
    func encoded() throws -> [UInt8]
}
