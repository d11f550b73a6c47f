import BFV
import BigIntegers
import NeuralNetwork

/// A certified plan: the server's artifact. Holds the network's weights; everything a client needs is in
/// `client`, which doesn't.
public struct Plan: Sendable {
    public let network: IntegerNetwork
    public let choices: PlanChoices
    public let circuit: Circuit
    public let certificate: Certificate
    public let cost: CostEstimate
    public let client: ClientPlan

    /// Lays out the network as `choices` say and proves the certificate anew.
    ///
    /// - Parameters:
    ///   - outputBounds: bounds of the network's outputs, one an output.
    ///   - boundMethod: how they were found.
    ///   - rangeIsProven: whether they hold for every input in the box.
    /// - Throws: `PlanError.invalid` where the choices don't fit the network or the certificate doesn't hold.
    public init(
        network: IntegerNetwork, choices: PlanChoices, outputBounds: [ClosedRange<BigInt>],
        boundMethod: String, rangeIsProven: Bool = true
    ) throws {
        try self.init(
            network: network, choices: choices, outputBounds: outputBounds,
            boundMethod: boundMethod, rangeIsProven: rangeIsProven, norms: TransformNorms())
    }

    init(
        network: IntegerNetwork, choices: PlanChoices, outputBounds: [ClosedRange<BigInt>],
        boundMethod: String, rangeIsProven: Bool, norms: TransformNorms
    ) throws {
        let parameters = choices.parameters
        try Self.checkDepth(network)
        guard outputBounds.count == network.outputCount else {
            throw PlanError.invalid(
                "\(outputBounds.count) output bounds for \(network.outputCount) outputs")
        }
        guard choices.babyCounts.allSatisfy({ $0 > 0 }) else {
            throw PlanError.invalid("a baby step count below 1")
        }
        let circuit: Circuit
        do {
            switch choices.layout {
            case .latency:
                circuit = try Circuit(
                    network: network, shape: parameters.slots, babyCounts: choices.babyCounts)
            case .batch: circuit = try Circuit(batch: network, shape: parameters.slots)
            }
        } catch let error as PackingError {
            throw PlanError.doesNotFit(error.description)
        }
        try Self.check(choices, circuit)
        let evaluation = try PlanEvaluation(
            circuit: circuit, parameters: parameters, levels: choices.levels,
            keys: choices.keys, norms: norms)
        guard evaluation.events < 1 << 20 else {
            throw PlanError.invalid("more noise events than its failure probability allows")
        }
        let q0 = parameters.ciphertextModuli[0]
        let certificate = Certificate(
            outputBounds: outputBounds, boundMethod: boundMethod,
            plaintextModulus: parameters.plaintextModulus,
            noiseMarginBits: evaluation.replyMargins(
                q0: q0, c0Bits: choices.replyC0Bits, c1Bits: choices.replyC1Bits),
            keyModulus: parameters.keyModulus, degree: parameters.degree,
            security: parameters.security, rangeIsProven: rangeIsProven)
        guard certificate.holds else { throw PlanError.invalid("its certificate does not hold") }
        self.network = network
        self.choices = choices
        self.circuit = circuit
        self.certificate = certificate
        cost =
            choices.layout == .batch
            ? Self.batchCost(choices, circuit, evaluation)
            : Self.cost(choices, circuit, evaluation.counts)
        client = ClientPlan(
            layout: choices.layout, parameters: parameters, input: network.input,
            inputLayouts: circuit.inputLayouts,
            outputLayout: circuit.outputLayout,
            outputUnits: parameters.plaintextModuli.indices.map {
                evaluation.outputUnit.value(parameters, plaintextIndex: $0)
            },
            outputScale: network.outputScale, labels: network.labels,
            decision: network.decision, transform: network.transform, keys: choices.keys,
            replyC0Bits: choices.replyC0Bits, replyC1Bits: choices.replyC1Bits,
            certificate: certificate, cost: cost)
    }

    /// Products in a row double the bits of everything: far more than any ring carries is refused at once.
    package static func checkDepth(_ network: IntegerNetwork) throws {
        guard network.depth <= 12 else {
            throw PlanError.noParameters(
                "\(network.depth) products in a row; at most 12 are planned")
        }
    }

    private static func check(_ choices: PlanChoices, _ circuit: Circuit) throws {
        let parameters = choices.parameters
        guard choices.levels.count == circuit.switchPointCount else {
            throw PlanError.invalid(
                "\(choices.levels.count) levels for \(circuit.switchPointCount) switch points")
        }
        var level = parameters.maximumLevel
        for next in choices.levels {
            guard (1...level).contains(next) else {
                throw PlanError.invalid("level \(next) after level \(level)")
            }
            level = next
        }
        guard Set(choices.keys.rotations.keys) == circuit.permutations else {
            throw PlanError.invalid("its Galois keys are not those that the circuit uses")
        }
        let gadgets =
            Array(choices.keys.rotations.values)
            + (choices.keys.relinearization.map { [$0] } ?? [])
        for gadget in gadgets {
            guard (1...parameters.maximumLevel).contains(gadget.level),
                (1...50).contains(gadget.digitBits)
            else { throw PlanError.invalid("a key for level \(gadget.level)") }
        }
        guard choices.replyC0Bits >= 1, choices.replyC0Bits <= choices.replyC1Bits,
            parameters.carriesReply(c1Bits: choices.replyC1Bits)
        else { throw PlanError.invalid("replies of \(choices.replyC1Bits) bits a residue") }
    }

    /// Of one group of samples. Memory is what is held at once: the request, one limb of it expanded, two stored vectors, keys.
    private static func batchCost(
        _ choices: PlanChoices, _ circuit: Circuit, _ evaluation: PlanEvaluation
    ) -> CostEstimate {
        let parameters = choices.parameters
        let n = parameters.degree
        let k = parameters.plaintextModuli.count
        let gadget = choices.keys.relinearization
        let requestBytes =
            k * circuit.featureCount * parameters.residueBits(level: parameters.maximumLevel) * n
            / 8
        return CostEstimate(
            operations: evaluation.counts, requestBytes: requestBytes,
            replyBytes: k * evaluation.outputCount * n * (choices.replyC0Bits + choices.replyC1Bits)
                / 8,
            evaluationKeyBytes: gadget.map { parameters.keyBytes($0) + 32 } ?? 0,
            serverMemoryBytes: requestBytes
                + n * 8 * (2 * circuit.featureCount + k * evaluation.storedLimbs)
                + (gadget.map { parameters.expandedKeyBytes($0) } ?? 0) + batchTileBytes)
    }

    /// What the threads' tiles may take.
    private static let batchTileBytes = 16 << 20

    private static func cost(
        _ choices: PlanChoices, _ circuit: Circuit, _ counts: OperationCounts
    ) -> CostEstimate {
        let parameters = choices.parameters
        let n = parameters.degree
        let k = parameters.plaintextModuli.count
        let gadgets =
            Array(choices.keys.rotations.values)
            + (choices.keys.relinearization.map { [$0] } ?? [])
        let limb = n * 8
        var terms = 0
        var widestBabies = 0
        for case .linear(let transform) in circuit.steps {
            terms += transform.termCount
            widestBabies = max(widestBabies, transform.babies.count)
        }
        let extended = parameters.maximumLevel + 1
        let inFlight = k * (2 * widestBabies + 12) * extended * limb
        return CostEstimate(
            operations: counts,
            requestBytes: k * circuit.inputLayouts.count
                * (parameters.residueBits(level: parameters.maximumLevel) * n / 8 + 32),
            replyBytes: k * n * (choices.replyC0Bits + choices.replyC1Bits) / 8,
            evaluationKeyBytes: gadgets.reduce(0) { $0 + parameters.keyBytes($1) + 32 },
            serverMemoryBytes: gadgets.reduce(0) { $0 + parameters.expandedKeyBytes($1) }
                + k * terms * extended * limb + inFlight)
    }
}

extension PackingError: CustomStringConvertible {
    var description: String {
        switch self {
        case .tooManyFeatures(let count, let slots):
            return "\(count) inputs in \(slots) slots"
        case .tooManyOutputs(let count, let columns):
            return "a layer of \(count) outputs in \(columns) columns"
        case .tooFewSlots(let count): return "\(count) slots"
        case .tooManyDiagonals(let count): return "a layer of \(count) diagonals"
        case .layoutsDiffer: return "a product of two values that are laid out differently"
        case .noCover: return "a layer has no layout by diagonals"
        }
    }
}
