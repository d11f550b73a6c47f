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
    package let evaluation: EvaluationCost
    /// Products modulo n^2 for all outputs of one plaintext, squarings among them; masks, biases and inversions not
    /// counted.
    private let products: Int
    let matrix: ComposedMatrix
    /// The largest magnitude.
    let largestInput: BigInt
    private let box: ClosedRange<BigInt>

    /// - Throws: `PlanError` for a network with products, or outputs that no plaintext holds.
    package init(
        _ network: IntegerNetwork, outputs: OutputReading, keySize: PaillierKeySize,
        functionPrivacyBits: Int = 0
    ) throws {
        guard outputs.rangeIsProven else {
            throw PlanError.unsuited(.paillier, "its range is not proven")
        }
        let matrix = try ComposedMatrix(network)
        let range = network.input.range
        box = BigInt(range.lowerBound)...BigInt(range.upperBound)
        largestInput = BigInt(max(range.lowerBound.magnitude, range.upperBound.magnitude))
        let bound = PaillierMatrix.bound(
            rows: matrix.rows, biases: matrix.biases, inputMagnitude: largestInput)
        let bits = PackingLayout.slotBits(outputBound: max(bound, largestInput))
        guard bits <= keySize.bits - 2 else {
            throw PlanError.noParameters(
                "outputs of \(bits) bits in plaintexts of \(keySize.bits - 2); a larger key holds more"
            )
        }
        // Counts depend on the weights, not on the key.
        let counts = PaillierMatrix.counts(
            rows: matrix.rows, batch: PaillierSlots.maximumPlaintexts)
        self.matrix = matrix
        client = PaillierSlots(
            keySize: keySize, slotBits: bits, inputCount: network.inputCount,
            outputCount: network.outputCount, functionPrivacyBits: functionPrivacyBits)
        products = counts.products
        let plaintexts = PaillierSlots.maximumPlaintexts
        evaluation = EvaluationCost(
            operations: OperationTally([
                ("products", plaintexts * counts.products),
                ("squarings", plaintexts * counts.squarings),
            ]),
            memoryBytes: client.requestLength(samples: client.groupCapacity)
                + client.replyLength(samples: client.groupCapacity)
                + matrix.rows.count * network.inputCount * 16)
    }

    /// On a core with AVX-512 IFMA.
    package func seconds(samples: Int, speed: MachineSpeed) -> Double {
        let product = Self.productSeconds(client.keySize)
        return Double(client.plaintextCount(samples: samples))
            * (Double(products) * product + Double(client.outputCount)
                * Self.outputProducts(privacyBits: client.functionPrivacyBits) * product)
    }

    /// Of a product modulo n^2; it grows with the square of the bits of n.
    private static func productSeconds(_ keySize: PaillierKeySize) -> Double {
        0.75e-6 * Double(keySize.bits * keySize.bits) / (2048 * 2048)
    }

    /// A mask, an inversion's share and the joining of the parts of an output, in products.
    private static func outputProducts(privacyBits: Int) -> Double {
        privacyBits == 0 ? 800 : 1500
    }

    /// Of one plaintext's outputs, before their products are known.
    package static func leastSeconds(_ task: PlanningTask) -> Double {
        Double(task.network.outputCount) * outputProducts(privacyBits: task.privacy.bits)
            * productSeconds(task.planner.keySize)
    }

    /// A sum's ends over the box are reached: no bound of layer after layer is nearer.
    package func narrowed(_ outputs: OutputReading) -> OutputReading {
        outputs.with(
            outputs.bounds.enumerated().map { index, bounds in
                let exact = matrix.rows[index].reduce(
                    matrix.biases[index]...matrix.biases[index]
                ) { sum, weight in
                    if weight.isZero { return sum }
                    let ends = [weight * box.lowerBound, weight * box.upperBound]
                    return (sum.lowerBound + ends.min()!)...(sum.upperBound + ends.max()!)
                }
                // What was claimed to be narrower stays.
                return bounds.overlaps(exact) ? bounds.clamped(to: exact) : bounds
            })
    }

    package static func isCandidate(_ task: PlanningTask) -> Bool {
        task.network.depth == 0 && !task.network.hasTables && task.outputs.rangeIsProven
    }

    package static func plan(_ task: PlanningTask) throws -> PaillierPlan {
        let size = try task.within(PaillierSlots.self)?.keySize ?? task.planner.keySize
        try task.progress("composing the layers")
        return try PaillierPlan(
            task.network, outputs: task.outputs, keySize: size,
            functionPrivacyBits: task.privacy.bits)
    }

    package func encoded() throws -> [UInt8] { try client.encoded() }

    package init(
        encoded: ArraySlice<UInt8>, network: IntegerNetwork, outputs: OutputReading,
        allowInsecure: Bool
    ) throws {
        let client = try PaillierSlots(
            encoded: encoded, input: network.input, outputs: outputs,
            allowInsecure: allowInsecure)
        try self.init(
            network, outputs: outputs, keySize: client.keySize,
            functionPrivacyBits: client.functionPrivacyBits)
        guard self.client == client else {
            throw PlanError.invalid("its slots are not those of its network")
        }
    }

    package func proven(
        _ network: IntegerNetwork, outputs: OutputReading
    ) throws -> PaillierPlan {
        try PaillierPlan(
            network, outputs: outputs, keySize: client.keySize,
            functionPrivacyBits: client.functionPrivacyBits)
    }

    /// Weights stay as they are: what is made of them depends on a client's key.
    package func prepare(_ network: IntegerNetwork, on pool: WorkerPool) -> PaillierPlan { self }
}

extension PaillierPlan: PreparedMethod {
    package func keys(_ reader: SectionReader) throws -> PaillierPublicKey {
        try PaillierPublicKey(bytes: reader.bytes(), allowsInsecure: client.keySize.isInsecure)
    }

    package func predictor(
        _ key: PaillierPublicKey, on pool: WorkerPool
    ) throws -> PaillierPredictor {
        guard key.size == client.keySize else { throw InferenceError.wrongParameters }
        return try PaillierPredictor(self, key, on: pool)
    }
}

/// Predicts under one client's key. What leaves is re-randomized.
package final class PaillierPredictor: GroupPredictor {
    private let client: PaillierSlots
    /// With the fewest products.
    private let matrix: PaillierMatrix
    /// With the fewest steps of eight independent products, for so few plaintexts that they don't fill vector lanes; nil
    /// without lanes.
    private let shallow: PaillierMatrix?
    private let evaluator: PaillierEvaluator
    private let pool: WorkerPool
    /// Plaintexts of samples that were evaluated, by each matrix.
    private let evaluated = Atomic(0)
    private let evaluatedShallow = Atomic(0)

    init(_ plan: PaillierPlan, _ key: PaillierPublicKey, on pool: WorkerPool) throws {
        client = plan.client
        let packing = try client.packing(key)
        func matrix(batch: Int) throws -> PaillierMatrix {
            try PaillierMatrix(
                rows: plan.matrix.rows, biases: plan.matrix.biases, packing: packing,
                inputMagnitude: plan.largestInput, publicKey: key, batch: batch)
        }
        self.matrix = try matrix(batch: PaillierSlots.maximumPlaintexts)
        shallow = try key.ring.usesLanes ? matrix(batch: 1) : nil
        evaluator = PaillierEvaluator(
            publicKey: key, functionPrivacyBits: plan.client.functionPrivacyBits, pool: pool)
        self.pool = pool
    }

    package var masks: PaillierMaskPool { evaluator.masks }

    package func request(_ body: BodyReader) throws -> EncryptedVector {
        try EncryptedVector(body, publicKey: evaluator.publicKey)
    }

    package func predict(
        _ request: EncryptedVector, sampleCount: Int, progress: (Int, Int) throws -> Void
    ) throws -> EncryptedVector {
        let features = client.inputCount
        let count = client.plaintextCount(samples: sampleCount)
        guard request.count == count * features, request.publicKey == evaluator.publicKey else {
            throw InferenceError.unexpectedRequest(
                "\(request.count) ciphertexts for \(sampleCount) samples, or of another key")
        }
        let vectors = (0..<count).map {
            request.selecting(Array($0 * features..<($0 + 1) * features))
        }
        try progress(0, 1)
        // Only the last plaintext may have idle slots.
        let used = (0..<count).map { min(client.slotCount, sampleCount - $0 * client.slotCount) }
        let few = count < 4 ? shallow : nil
        let reply = try EncryptedVector.joining(
            evaluator.multiply(few ?? matrix, vectors, usedSlots: used))
        try progress(1, 1)
        if few == nil {
            evaluated.add(count, ordering: .relaxed)
        } else {
            evaluatedShallow.add(count, ordering: .relaxed)
        }
        return reply
    }

    package func prepareReplies(
        samples: Int, progress: (Int, Int) throws -> Void
    ) throws {
        let count = client.plaintextCount(samples: samples) * client.outputCount
        try evaluator.masks.fill(to: count, pool: pool) { try progress(min($0, count), count) }
    }

    /// A product's cost doesn't depend on what is in a ciphertext.
    package var operations: OperationTally {
        let (some, few) = (
            evaluated.load(ordering: .relaxed), evaluatedShallow.load(ordering: .relaxed)
        )
        return OperationTally([
            ("products", some * matrix.productCount + few * (shallow?.productCount ?? 0)),
            ("squarings", some * matrix.squaringCount + few * (shallow?.squaringCount ?? 0)),
        ])
    }
}
