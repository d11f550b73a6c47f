// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import IntegerNetworks
import Lattice
import Threading

/// Plans a network for keys that exist: the lattice and the list of keys are another plan's, so that clients keep
/// theirs. Plaintext moduli, baby steps and levels are chosen anew.
struct KeySetPlanner<Family: CircuitFamily> {
    private let task: PlanningTask
    private let keys: BFVKeySet
    private let first: BFVSettings
    private var norms: PlannerNorms { task.memory.norms }

    /// Choices of levels that are tried for one circuit, at most.
    private static var maximumLevelChoices: Int { 5000 }

    init(_ task: PlanningTask, within client: Family.Client) {
        self.task = task
        first = client.settings
        keys = client.settings.keys
    }

    /// The cheapest plan with these keys.
    /// - Throws: `PlanError.noParameters`.
    func plan() throws -> BFVPlan<Family> {
        var best: (choices: PlanChoices, work: Double)?
        var refusal = "nothing fits"
        for index in BFVPlanner<Family>.indices(degree: keys.lattice.degree) {
            try task.progress("searching parameters within the keys, index \(index)")
            let shape = SlotShape(degree: keys.lattice.degree, index: index)
            var circuits: [Circuit<Family>] = []
            var misfit: PackingError?
            do {
                for samples in Family.groupSizes(shape, samples: task.samples) {
                    circuits += try Family.circuits(
                        task.network, shape: shape, samples: samples,
                        galoisElements: Set(keys.galois.keys))
                }
            } catch let error as PackingError { misfit = error }
            if circuits.isEmpty {
                refusal = misfit?.description ?? "its rotations need keys that are not there"
            }
            for circuit in circuits {
                for parameters in try parameters(shape) {
                    if let found = try search(circuit, parameters),
                        found.work < best?.work ?? .infinity
                    {
                        best = found
                    }
                }
                if best == nil { refusal = "too much noise for the keys' moduli and digits" }
            }
        }
        guard let best else {
            throw PlanError.noParameters("not within the keys that exist: \(refusal)")
        }
        try task.progress("proving the certificate")
        return try BFVPlan(
            task.network, outputs: task.outputs, choices: best.choices, norms: norms.exact)
    }

    /// The lattice with the first plan's plaintext moduli where they are wide enough, and with the smallest that are.
    private func parameters(_ shape: SlotShape) throws -> [BFVParameters] {
        let widest = task.widestRange
        var out: [BFVParameters] = []
        if first.parameters.slots == shape, widest < first.parameters.plaintextModulus {
            out.append(first.parameters)
        }
        for count in task.plaintextCounts {
            // A prime that the lattice has already makes no parameters.
            if let moduli = try task.memory.plaintexts(count: count, above: widest, shape: shape),
                let made = try? BFVParameters(lattice: keys.lattice, plaintexts: moduli)
            {
                out.append(made)
                break
            }
        }
        return out
    }

    private func search(
        _ circuit: Circuit<Family>, _ parameters: BFVParameters
    ) throws -> (choices: PlanChoices, work: Double)? {
        guard !circuit.multiplies || keys.relinearization != nil else { return nil }
        let search = ParameterSearch(
            circuit: circuit,
            plaintexts: try PlaintextModuliOfDegree(
                parameters.plaintexts, degree: circuit.degree),
            security: task.planner.security, memory: task.memory, privacy: task.privacy,
            exact: true)
        var best: (choices: PlanChoices, work: Double)?
        for levels in levelChoices(circuit.switchPointCount) {
            try Cancellation.check()
            // Keys that cover too few levels are refused here.
            guard
                let evaluation = try? PlanEvaluation(
                    circuit, parameters: parameters, levels: levels, keys: keys,
                    norms: norms.exact, privacy: task.privacy),
                let reply = search.replyBits(evaluation, parameters)
            else { continue }
            let work =
                Double(circuit.groupCount(of: task.samples))
                * MachineSpeed.reference.seconds(
                    OperationTally(evaluation.counts.dictionary), degree: circuit.degree)
            guard work < best?.work ?? .infinity else { continue }
            best = (
                PlanChoices(
                    parameters: parameters, samples: circuit.samples,
                    babyCounts: circuit.babyCounts, levels: levels, keys: keys,
                    replyC0Bits: reply.c0, replyC1Bits: reply.c1,
                    privacy: evaluation.privacy),
                work
            )
        }
        return best
    }

    /// Levels that never rise, from all moduli down to one.
    private func levelChoices(_ count: Int) -> [[Int]] {
        var out: [[Int]] = [[]]
        for _ in 0..<count {
            out = out.flatMap { levels in
                (1...(levels.last ?? keys.lattice.maximumLevel)).reversed().map { levels + [$0] }
            }
            if out.count > Self.maximumLevelChoices {
                out = Array(out.prefix(Self.maximumLevelChoices))
            }
        }
        return out
    }
}
