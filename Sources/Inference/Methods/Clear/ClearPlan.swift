// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import IntegerNetworks
import Threading
import Wire

/// The server's half of the method that encrypts nothing: the integer reference.
package struct ClearPlan: ServerMethod {
    package let client: ClearValues
    package let evaluation: EvaluationCost
    /// What a plan's outputs are read by, so that one beyond a range that is not proven wraps here as it does there.
    private let outputs: OutputReading?
    private let modulus: BigInt

    /// - Parameter plan: the one that is simulated.
    package init(_ network: IntegerNetwork, like plan: ClientPlan? = nil) {
        outputs = plan?.outputs
        modulus = plan?.certificate.modulus ?? 0

        client = ClearValues(inputCount: network.inputCount, outputCount: network.outputCount)
        evaluation = EvaluationCost(
            operations: OperationTally([]),
            memoryBytes: client.requestLength(samples: client.groupCapacity))
    }

    package func seconds(samples: Int, speed: MachineSpeed) -> Double { 0 }

    /// Never unasked.
    package static func isCandidate(_ task: PlanningTask) -> Bool { false }

    package static func plan(_ task: PlanningTask) -> ClearPlan { ClearPlan(task.network) }

    package func encoded() -> [UInt8] { [] }

    package init(
        encoded: ArraySlice<UInt8>, network: IntegerNetwork, outputs: OutputReading,
        allowInsecure: Bool
    ) throws {
        _ = try ClearValues(
            encoded: encoded, input: network.input, outputs: outputs,
            allowInsecure: allowInsecure)
        self.init(network)
    }

    package func proven(_ network: IntegerNetwork, outputs: OutputReading) -> ClearPlan { self }

    package func prepare(_ network: IntegerNetwork, on pool: WorkerPool) -> ClearPrepared {
        ClearPrepared(
            reference: IntegerReference(network), bounds: outputs?.bounds, modulus: modulus)
    }
}

package struct ClearPrepared: PreparedMethod {
    let reference: IntegerReference
    let bounds: [ClosedRange<BigInt>]?
    let modulus: BigInt

    /// The integers of the plan's ranges with these residues.
    func wrapped(_ logits: [BigInt]) -> [BigInt] {
        guard let bounds else { return logits }
        return zip(logits, bounds).map {
            $1.lowerBound + ($0 - $1.lowerBound).modulo(modulus)
        }
    }

    package func keys(_ reader: SectionReader) throws -> ClearKeys {
        guard reader.remaining == 0 else { throw WireError.malformed("keys where there are none") }
        return ClearKeys()
    }

    package func predictor(_ keys: ClearKeys, on pool: WorkerPool) -> ClearPredictor {
        ClearPredictor(prepared: self, pool: pool)
    }
}

package struct ClearPredictor: GroupPredictor {
    let prepared: ClearPrepared
    let pool: WorkerPool

    package func request(_ body: BodyReader) throws -> ClearRequest {
        try ClearRequest(body, inputCount: prepared.reference.network.inputCount)
    }

    package func predict(
        _ request: ClearRequest, sampleCount: Int, progress: (Int, Int) throws -> Void
    ) throws -> ClearReply {
        let logits = try pool.map(request.samples.count) {
            try prepared.wrapped(prepared.reference.logits(request.samples[$0]))
        }
        try progress(1, 1)
        return ClearReply(integers: Array(logits.joined()))
    }

    package var operations: OperationTally { OperationTally([]) }
}
