// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import IntegerNetworks
import Lattice
import Threading
import Wire

/// The server's half of a method on BFV: choices, and the circuit that they lay out.
package struct BFVPlan<Family: CircuitFamily>: Sendable {
    package let choices: PlanChoices
    package let circuit: Circuit<Family>
    package let client: Family.Client
    package let evaluation: EvaluationCost

    /// Lays out the network as `choices` say and proves noise and counts.
    ///
    /// - Parameter circuit: what `choices` lay the network out as, where that was done before.
    /// - Throws: `PlanError.invalid` where the choices don't fit the network or the certificate doesn't hold.
    package init(
        _ network: IntegerNetwork, outputs: OutputReading, choices: PlanChoices,
        norms: TransformNorms, circuit laidOut: Circuit<Family>? = nil
    ) throws {
        let circuit = try Self.circuit(network, choices, laidOut: laidOut)
        let parameters = choices.parameters
        let evaluation = try PlanEvaluation(
            circuit, parameters: parameters, levels: choices.levels, keys: choices.keys,
            norms: norms, privacy: choices.privacy)
        guard evaluation.events < 1 << 20 else {
            throw PlanError.invalid("more noise events than its failure probability allows")
        }
        let settings = BFVSettings(
            parameters: parameters, keys: choices.keys,
            outputUnits: parameters.plaintextModuli.indices.map {
                evaluation.outputUnit.value(parameters, plaintextIndex: $0)
            }, replyC0Bits: choices.replyC0Bits, replyC1Bits: choices.replyC1Bits,
            noiseMarginBits: evaluation.replyMargins(
                q0: parameters.ciphertextModuli[0], c0Bits: choices.replyC0Bits,
                c1Bits: choices.replyC1Bits), functionPrivacyBits: choices.privacy.bits)
        guard settings.certificate(outputs).holds else {
            throw PlanError.invalid("its certificate does not hold")
        }
        self.choices = choices
        self.circuit = circuit
        client = Family.client(settings, circuit, outputCount: outputs.count)
        self.evaluation = EvaluationCost(
            operations: OperationTally(evaluation.counts.dictionary),
            memoryBytes: choices.keys.packedBytes
                + Family.serverMemory(client, circuit, evaluation, levels: choices.levels))
    }

    /// Takes noise and counts as they are claimed.
    init(
        _ network: IntegerNetwork, claimed client: Family.Client, choices: PlanChoices,
        evaluation: EvaluationCost
    ) throws {
        circuit = try Self.circuit(network, choices)
        guard client == Family.client(client.settings, circuit, outputCount: network.outputCount)
        else {
            throw PlanError.invalid("its layouts are not those of its network")
        }
        self.client = client
        self.choices = choices
        self.evaluation = evaluation
    }

    /// The circuit, checked against the choices: nothing that follows may trap.
    private static func circuit(
        _ network: IntegerNetwork, _ choices: PlanChoices, laidOut: Circuit<Family>? = nil
    ) throws -> Circuit<Family> {
        try Plan.checkDepth(network)
        guard choices.babyCounts.allSatisfy({ $0 > 0 }) else {
            throw PlanError.invalid("a baby step count below 1")
        }
        let circuit: Circuit<Family>
        do {
            circuit =
                try laidOut
                ?? Family.circuit(
                    network, shape: choices.parameters.slots, samples: choices.samples,
                    babyCounts: choices.babyCounts)
        } catch let error as PackingError {
            throw PlanError.doesNotFit(error.description)
        }
        let parameters = choices.parameters
        guard
            !network.hasTables
                || parameters.plaintexts.count == 1
                    && parameters.plaintextModuli[0] > UInt64(network.widestTable)
        else { throw PlanError.invalid("tables that residues don't tell the values of apart") }
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
        let elements = Set(
            circuit.permutations.map { $0.galoisElement(degree: parameters.degree) })
        guard elements.isSubset(of: choices.keys.galois.keys),
            !circuit.multiplies || choices.keys.relinearization != nil
        else { throw PlanError.invalid("its keys are not those that the circuit uses") }
        guard choices.keys.lattice == parameters.lattice else {
            throw PlanError.invalid("keys of another lattice")
        }
        for (_, gadget) in choices.keys.list {
            guard (1...parameters.maximumLevel).contains(gadget.level),
                (1...Gadget.mostDigitBits).contains(gadget.digitBits)
            else { throw PlanError.invalid("a key for level \(gadget.level)") }
        }
        guard (level...parameters.maximumLevel).contains(choices.keys.rerandomizationLevel) else {
            throw PlanError.invalid(
                "a public key for level \(choices.keys.rerandomizationLevel); replies have level \(level)"
            )
        }
        guard choices.replyC0Bits >= 1, choices.replyC0Bits <= choices.replyC1Bits,
            parameters.carriesReply(c1Bits: choices.replyC1Bits)
        else { throw PlanError.invalid("replies of \(choices.replyC1Bits) bits a residue") }
        return circuit
    }
}

extension BFVPlan: ServerMethod {
    package static func isCandidate(_ task: PlanningTask) -> Bool { Family.isCandidate(task) }

    package func seconds(samples: Int, speed: MachineSpeed) -> Double {
        speed.seconds(evaluation.operations, degree: choices.parameters.degree)
    }

    package static func plan(_ task: PlanningTask) throws -> BFVPlan {
        let client = try task.within(Family.Client.self)
        func plan(_ task: PlanningTask) throws -> Result<BFVPlan, PlanError> {
            do {
                return .success(
                    try client.map { try KeySetPlanner(task, within: $0).plan() }
                        ?? BFVPlanner(task: task).plan())
            } catch let error as PlanError { return .failure(error) }
        }
        let usual = try plan(task)
        // Of deeper networks nearly all that is to be hidden is of mean zero as it is.
        guard task.privacy.bits > 0, task.network.depth == 0 else { return try usual.get() }
        var other = task
        other.privacy = task.privacy.fine
        guard case .success(let fine) = try plan(other) else { return try usual.get() }
        func seconds(_ plan: BFVPlan) -> Double {
            plan.seconds(samples: task.samples, speed: .reference)
        }
        if case .success(let plan) = usual, seconds(plan) <= seconds(fine) { return plan }
        return fine
    }

    package func proven(
        _ network: IntegerNetwork, outputs: OutputReading
    ) throws -> BFVPlan {
        try BFVPlan(network, outputs: outputs, choices: choices, norms: TransformNorms())
    }

    /// Floods had eight fine summands once, and masks and biases were rounded one by one.
    package var proofVersion: String {
        choices.privacy.bits > 0 ? "proof 1, floods 2" : "proof 1"
    }

    package func prepare(
        _ network: IntegerNetwork, on pool: WorkerPool
    ) throws -> BFVPrepared<Family.Encrypted> {
        try BFVPrepared(self, on: pool)
    }

    package func encoded() throws -> [UInt8] {
        var message = Blindsight_V6_BFVServerMessage()
        message.client = client.message
        message.babyCounts = choices.babyCounts.map(UInt32.init)
        message.levels = choices.levels.map(UInt32.init)
        message.floodBits = choices.privacy.floods.map { UInt32($0.bits) }
        message.isFine = choices.privacy.isFine
        message.evaluation = .init(evaluation)
        return try message.serializedBytes()
    }

    package init(
        encoded: ArraySlice<UInt8>, network: IntegerNetwork, outputs: OutputReading,
        allowInsecure: Bool
    ) throws {
        let message = try Blindsight_V6_BFVServerMessage(
            canonical: encoded, "the method's section")
        let client = try Family.Client(
            message.client, input: network.input, outputs: outputs, allowInsecure: allowInsecure)
        let settings = client.settings
        guard message.babyCounts.count <= IntegerNetwork.maximumLayers,
            message.babyCounts.allSatisfy({
                $0 > 0 && Int($0) <= settings.parameters.degree
            })
        else { throw WireError.outOfRange("baby step counts") }
        let privacy = settings.functionPrivacyBits
        let floods = message.floodBits
        guard floods.count == (privacy == 0 ? 0 : settings.parameters.plaintextModuli.count),
            floods.allSatisfy({ (1...Flood.mostBits).contains(Int($0)) }),
            privacy > 0 && settings.parameters.lattice.specialModuli.count == 1 || !message.isFine
        else { throw WireError.outOfRange("the floods of replies") }
        let divisor = message.isFine ? settings.parameters.lattice.specialModuli[0] : 1
        try self.init(
            network, claimed: client,
            choices: PlanChoices(
                parameters: settings.parameters, samples: client.groupCapacity,
                babyCounts: message.babyCounts.map(Int.init),
                levels: message.levels.map(Int.init), keys: settings.keys,
                replyC0Bits: settings.replyC0Bits, replyC1Bits: settings.replyC1Bits,
                privacy: FunctionPrivacy(
                    bits: privacy, floods: floods.map { Flood(bits: Int($0), over: divisor) },
                    isFine: message.isFine)),
            evaluation: message.evaluation.cost())
    }
}
