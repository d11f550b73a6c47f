// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import IntegerNetworks
import Threading
import Wire

/// The server's half of a method: what a server's plan says of it beyond the client's half, and how it is found,
/// prepared and run.
package protocol ServerMethod: Sendable {
    associatedtype Client: ClientMethod
    associatedtype Prepared: PreparedMethod
    where
        Prepared.Predictor.Request == Client.Session.Request,
        Prepared.Predictor.Reply == Client.Session.Reply,
        Prepared.Keys == Client.Session.Keys

    var client: Client { get }
    /// Of a full group.
    var evaluation: EvaluationCost { get }
    /// Seconds that a group of so many samples takes on one core, by counts.
    func seconds(samples: Int, speed: MachineSpeed) -> Double

    /// The outputs' ranges where the method knows narrower ones than were bounded before.
    func narrowed(_ outputs: OutputReading) -> OutputReading

    /// Whether `plan` may find something that is worth it, for `PlanningTask.samples` samples.
    static func isCandidate(_ task: PlanningTask) -> Bool
    /// What a sample takes at least, whatever `plan` finds: before that costs anything.
    static func leastSeconds(_ task: PlanningTask) -> Double
    /// The cheapest way to serve a network.
    /// - Throws: `PlanError`.
    static func plan(_ task: PlanningTask) throws -> Self

    /// The bytes of the section that `init(encoded:network:outputs:allowInsecure:)` reads.
    func encoded() throws -> [UInt8]
    /// Lays out the network as the bytes say. What noise they claim is not proven anew: `proven` does that.
    ///
    /// - Parameters:
    ///   - allowInsecure: whether parameters below 128-bit security are let through, for tests.
    /// - Throws: `WireError`, `PlanError`, or the parameters' own error.
    init(
        encoded: ArraySlice<UInt8>, network: IntegerNetwork, outputs: OutputReading,
        allowInsecure: Bool) throws
    /// The same choices, everything that is claimed of them proven anew.
    /// - Throws: `PlanError.invalid` where the certificate doesn't hold.
    func proven(_ network: IntegerNetwork, outputs: OutputReading) throws -> Self
    /// Changes with what `proven` asks for.
    var proofVersion: String { get }

    /// Encodes the weights, once for all clients.
    func prepare(_ network: IntegerNetwork, on pool: WorkerPool) throws -> Prepared
}

extension ServerMethod {
    package func narrowed(_ outputs: OutputReading) -> OutputReading { outputs }

    package static func leastSeconds(_ task: PlanningTask) -> Double { 0 }

    package var proofVersion: String { "proof 1" }

    /// What results are known modulo.
    func modulus(_ outputs: OutputReading) -> BigInt { client.certificate(outputs).modulus }
}

/// A method with its weights encoded: immutable, shared by all clients.
package protocol PreparedMethod: Sendable {
    associatedtype Predictor: GroupPredictor
    associatedtype Keys: KeyMaterial

    /// Reads all of the section.
    /// - Throws: `WireError` where the bytes are not the plan's keys.
    func keys(_ reader: SectionReader) throws -> Keys
    /// What predicts under one client's keys.
    /// - Throws: `InferenceError` where they are not those of the plan.
    func predictor(_ keys: Keys, on pool: WorkerPool) throws -> Predictor
}

/// What predicts groups of samples under one client's keys. Nothing in it can decrypt.
package protocol GroupPredictor: Sendable {
    associatedtype Request: GroupBody
    associatedtype Reply: GroupBody

    /// Reads a request's body, whose length is the plan's.
    func request(_ body: BodyReader) throws -> Request
    /// - Parameter progress: called with (steps done, steps in all).
    /// - Throws: `InferenceError.unexpectedRequest` where the request is not of the plan's form.
    func predict(
        _ request: Request, sampleCount: Int, progress: (Int, Int) throws -> Void
    ) throws -> Reply

    /// Makes ahead what replies to so many samples, asked for together, need and what no request tells. Each reply uses
    /// some up.
    /// - Parameter progress: called with (parts ready, parts in all).
    func prepareReplies(samples: Int, progress: (Int, Int) throws -> Void) throws

    /// Exact counts of everything done so far.
    var operations: OperationTally { get }
}

extension GroupPredictor {
    /// Nothing.
    package func prepareReplies(samples: Int, progress: (Int, Int) throws -> Void) throws {}
}
