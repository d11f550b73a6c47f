// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import IntegerNetworks
import Paillier
import Synchronization
import Threading
import Wire

/// The server's half of the method "paillier": a linear network as one matrix.
///
/// There is no noise, and no parameter to choose but the size of the key. What is certified is the range of the
/// outputs: a sum that fits its slot is exact.
package struct PaillierPlan: ServerMethod {
    package let client: PaillierSlots
    package let cost: CostEstimate
    let matrix: ComposedMatrix

    /// - Throws: `PlanError` for a network with products, or outputs that no plaintext holds.
    init(
        _ network: IntegerNetwork, outputs: OutputReading, keySize: PaillierKeySize
    ) throws {
        guard outputs.rangeIsProven else {
            throw PlanError.unsuited(.paillier, "its range is not proven")
        }
        let matrix = try ComposedMatrix(network)
        let largest = Self.largestInput(network)
        let bound = PaillierMatrix.bound(
            rows: matrix.rows, biases: matrix.biases, inputMagnitude: largest)
        let bits = PackingLayout.slotBits(outputBound: max(bound, largest))
        guard bits <= keySize.bits - 2 else {
            throw PlanError.noParameters(
                "outputs of \(bits) bits in plaintexts of \(keySize.bits - 2); a larger key holds more"
            )
        }
        // Counts depend on the weights, not on the key.
        let counts = PaillierMatrix.counts(rows: matrix.rows, batch: 1)
        self.matrix = matrix
        client = PaillierSlots(
            keySize: keySize, slotBits: bits, inputCount: network.inputCount,
            outputCount: network.outputCount, products: counts.products,
            squarings: counts.squarings)
        cost = CostEstimate(
            operations: OperationTally([
                ("products", PaillierSlots.maximumPlaintexts * counts.products),
                ("squarings", PaillierSlots.maximumPlaintexts * counts.squarings),
            ]),
            requestBytes: client.requestLength(samples: client.groupCapacity),
            replyBytes: client.replyLength(samples: client.groupCapacity),
            evaluationKeyBytes: 8 + 3 * keySize.bits / 8,
            serverMemoryBytes: client.requestLength(samples: client.groupCapacity)
                + client.replyLength(samples: client.groupCapacity)
                + matrix.rows.count * network.inputCount * 16)
    }

    static func largestInput(_ network: IntegerNetwork) -> BigInt {
        let range = network.input.range
        return BigInt(max(range.lowerBound.magnitude, range.upperBound.magnitude))
    }

    package static func isCandidate(_ task: PlanningTask) -> Bool {
        task.network.depth == 0 && task.outputs.rangeIsProven
    }

    package static func plan(_ task: PlanningTask) throws -> PaillierPlan {
        var size = task.planner.keySize
        if let within = task.within {
            guard let client = within.method as? PaillierSlots else {
                throw PlanError.unsuited(
                    .paillier, "the plan to stay within has the method '\(within.methodName)'")
            }
            size = client.keySize
        }
        try task.progress("composing the layers")
        return try PaillierPlan(task.network, outputs: task.outputs, keySize: size)
    }

    package func encoded() throws -> [UInt8] { try client.encoded() }

    package init(
        encoded: ArraySlice<UInt8>, network: IntegerNetwork, outputs: OutputReading,
        cost: CostEstimate, allowInsecure: Bool
    ) throws {
        let client = try PaillierSlots(
            encoded: encoded, input: network.input, outputs: outputs,
            allowInsecure: allowInsecure)
        try self.init(network, outputs: outputs, keySize: client.keySize)
        guard self.client == client, self.cost == cost else {
            throw PlanError.invalid("its slots or costs are not those of its network")
        }
    }

    package func proven(
        _ network: IntegerNetwork, outputs: OutputReading
    ) throws -> PaillierPlan {
        try PaillierPlan(network, outputs: outputs, keySize: client.keySize)
    }

    package func prepare(
        _ network: IntegerNetwork, on pool: WorkerPool
    ) -> PaillierPrepared {
        PaillierPrepared(plan: self, largestInput: Self.largestInput(network))
    }
}

/// Weights as they are: what is made of them depends on a client's key.
package struct PaillierPrepared: PreparedMethod {
    let plan: PaillierPlan
    let largestInput: BigInt

    package func keys(_ reader: SectionReader) throws -> PaillierKeys {
        PaillierKeys(
            publicKey: try PaillierPublicKey(
                bytes: reader.bytes(), allowsInsecure: plan.client.keySize.isInsecure))
    }

    package func predictor(
        _ keys: PaillierKeys, on pool: WorkerPool
    ) throws -> PaillierPredictor {
        guard keys.publicKey.size == plan.client.keySize else {
            throw InferenceError.wrongParameters
        }
        return PaillierPredictor(
            client: plan.client, publicKey: keys.publicKey,
            matrix: try PaillierMatrix(
                rows: plan.matrix.rows, biases: plan.matrix.biases,
                packing: plan.client.packing(keys.publicKey), inputMagnitude: largestInput,
                publicKey: keys.publicKey),
            evaluator: PaillierEvaluator(publicKey: keys.publicKey, pool: pool))
    }
}

/// Predicts under one client's key. What leaves is re-randomized.
package struct PaillierPredictor: GroupPredictor {
    let client: PaillierSlots
    let publicKey: PaillierPublicKey
    let matrix: PaillierMatrix
    let evaluator: PaillierEvaluator
    /// Plaintexts of samples that were evaluated.
    private let evaluated = PlaintextCounter()

    init(
        client: PaillierSlots, publicKey: PaillierPublicKey, matrix: PaillierMatrix,
        evaluator: PaillierEvaluator
    ) {
        self.client = client
        self.publicKey = publicKey
        self.matrix = matrix
        self.evaluator = evaluator
    }

    package func request(_ body: BodyReader) throws -> PaillierBody {
        try PaillierBody(body, publicKey: publicKey)
    }

    package func predict(
        _ request: PaillierBody, sampleCount: Int, progress: (Int, Int) throws -> Void
    ) throws -> PaillierBody {
        let features = client.inputCount
        let count = client.plaintextCount(samples: sampleCount)
        guard request.ciphertexts.count == count * features,
            request.ciphertexts.publicKey == publicKey
        else {
            throw InferenceError.unexpectedRequest(
                "\(request.ciphertexts.count) ciphertexts for \(sampleCount) samples, or of another key"
            )
        }
        let vectors = (0..<count).map {
            request.ciphertexts.selecting(Array($0 * features..<($0 + 1) * features))
        }
        try progress(0, 1)
        let reply = try EncryptedVector.joining(evaluator.multiply(matrix, vectors))
        try progress(1, 1)
        evaluated.add(count)
        return PaillierBody(reply)
    }

    /// As the plan counts them: a product's cost doesn't depend on what is in a ciphertext.
    package var operations: OperationTally {
        OperationTally([
            ("products", evaluated.count * client.products),
            ("squarings", evaluated.count * client.squarings),
        ])
    }
}

private final class PlaintextCounter: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .relaxed) }
    func add(_ count: Int) { value.add(count, ordering: .relaxed) }
}
