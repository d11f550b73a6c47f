// SPDX-License-Identifier: Apache-2.0

import BFV
import IntegerNetworks
import Lattice
import Ring
import Threading
import Wire

/// The client's half of a method on BFV. Methods differ in how samples lie in slots, and in how many ciphertexts they
/// take.
package protocol BFVClientMethod: MessageMethod
where
    SectionMessage == Blindsight_V6_BFVMessage, Session.Keys == BFVKeys,
    Session.Request == Request, Session.Reply == CompressedReply
{
    associatedtype Request: BFVRequest where Request.Method == Self

    var settings: BFVSettings { get }
    /// Ciphertexts of a request.
    var requestCount: Int { get }
    /// Whether each has a seed of its own; else one seed stands before them all.
    var ciphertextsHaveSeeds: Bool { get }
    /// Ciphertexts of a reply, of each t_i.
    var repliesPerModulus: Int { get }

    /// - Throws: `WireError` where the message says what the method has not.
    init(
        _ settings: BFVSettings, _ message: SectionMessage, input: InputSpecification,
        outputs: OutputReading) throws

    func encrypt(
        _ samples: ArraySlice<[Int]>, _ encryptor: Encryptor, on pool: WorkerPool,
        progress: @Sendable (Int, Int) throws -> Void
    ) throws -> Request
    /// - Parameter slots: of each ciphertext of a reply, those of t_0 first.
    func outputs(
        _ slots: [[UInt64]], _ decoder: OutputDecoder, samples: Int, noiseMarginBits: Double
    ) -> GroupOutputs
}

/// Fresh ciphertexts of a group of samples.
package protocol BFVRequest: GroupBody {
    associatedtype Method: BFVClientMethod

    /// The body's length is known to be the plan's.
    init(_ body: BodyReader, _ method: Method, _ context: BFVContext) throws
    /// - Throws: `InferenceError.unexpectedRequest` where it is not of the plan's form.
    func check(_ method: Method) throws
}

extension BFVClientMethod {
    package var replyCount: Int { settings.parameters.plaintextModuli.count * repliesPerModulus }

    /// Of a request, without what stands before its ciphertexts.
    package var ciphertextBytes: Int {
        requestCount
            * (settings.parameters.freshBytes + (ciphertextsHaveSeeds ? Seed.byteCount : 0))
    }

    package func requestLength(samples: Int) -> Int {
        ciphertextBytes + (ciphertextsHaveSeeds ? 0 : Seed.byteCount)
    }

    package var evaluationKeyBytes: Int { settings.keys.byteCount }

    package func replyLength(samples: Int) -> Int { replyCount * settings.replyCiphertextBytes }

    package func certificate(_ outputs: OutputReading) -> Certificate {
        settings.certificate(outputs)
    }

    package func keySet() throws -> [UInt8] { try settings.keys.identity() }

    package func report(_ plan: ClientPlan) -> [ReportEntry] { settings.report(plan) }

    package init(
        _ message: SectionMessage, input: InputSpecification, outputs: OutputReading,
        allowInsecure: Bool
    ) throws {
        try self.init(
            message.settings(outputs, allowInsecure: allowInsecure), message, input: input,
            outputs: outputs)
    }

    package func makeSession(_ plan: ClientPlan, on pool: WorkerPool) throws -> BFVSession<Self> {
        try BFVSession(self, plan.outputs, on: pool) { SecretKey(context: $0) }
    }

    package func session(
        _ plan: ClientPlan, secret: ArraySlice<UInt8>, on pool: WorkerPool
    ) throws -> BFVSession<Self> {
        try BFVSession(self, plan.outputs, on: pool) { try BFVSecret.key(secret, $0) }
    }
}

extension BFVParameters {
    /// Packed residues of one polynomial of a fresh ciphertext.
    package var freshBytes: Int {
        ciphertextModuli.reduce(0) {
            $0 + ResiduePacking.byteCount(degree, bits: $1.bitWidthUsed)
        }
    }
}
