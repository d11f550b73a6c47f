// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import IntegerNetworks
import Lattice

/// Finds parameters, layout and levels of a network for one family of circuits, by the cost of what would be executed.
struct BFVPlanner<Family: CircuitFamily> {
    let task: PlanningTask
    private let norms = PlannerNorms()

    private var network: IntegerNetwork { task.network }

    init(task: PlanningTask) { self.task = task }

    /// The cheapest plan.
    /// - Throws: `PlanError` where no degree holds the network or certifies it.
    func plan() throws -> BFVPlan<Family> {
        let widest = task.outputs.widestRange
        /// Of all groups of samples.
        func cost(_ candidate: Candidate<Family>) -> Double {
            Double(Family.groupCount(candidate.parameters.slots, samples: task.samples))
                * candidate.work
        }
        var best: Candidate<Family>?
        var refusals: [String] = []
        for degree in task.planner.degrees {
            try task.progress("searching parameters at N = \(degree)")
            var refusal: String?
            for index in Self.indices(degree: degree) {
                do {
                    let circuit = try Family.circuit(
                        network, shape: SlotShape(degree: degree, index: index), babyCounts: [])
                    let found = try search(circuit, widest: widest)
                    if let found, cost(found) < best.map(cost) ?? .infinity { best = found }
                    if found == nil, refusal == nil { refusal = "too much noise or depth" }
                } catch let error as PackingError {
                    if refusal == nil { refusal = error.description }
                }
            }
            if best == nil { refusals.append("N = \(degree): \(refusal ?? "nothing fits")") }
            // A larger ring costs more than twice as much for the same circuit; it pays only where it holds more
            // samples.
            if let slots = best?.parameters.slots,
                slots.index == 1 || Family.groupCount(slots, samples: task.samples) == 1
            {
                break
            }
        }
        guard let best else { throw PlanError.noParameters(refusals.joined(separator: "; ")) }
        let tuning = Tuning<Family>(
            network: network, security: task.planner.security, privacy: task.privacy, norms: norms,
            progress: task.progress)
        let tuned = try Family.tuned(best, tuning)
        var better = try improved(tuned)
        // Another chain may ask for other steps, and these for another chain.
        let again = try Family.tuned(better, tuning)
        if again.work < better.work { better = try improved(again) }
        try task.progress("proving the certificate")
        for candidate in [better, tuned] {
            if let plan = try finish(candidate) { return plan }
        }
        throw PlanError.noParameters("the certificate fails by a few bits; use fewer bits")
    }

    /// With a better chain, where there is one.
    private func improved(_ candidate: Candidate<Family>) throws -> Candidate<Family> {
        try task.progress("searching chains of moduli")
        var chains = ChainSearch(
            search(candidate, exact: false), trials: task.planner.chainTrials)
        return try chains.improved(candidate)
    }

    /// Of the same circuit.
    private func search(
        _ candidate: Candidate<Family>, exact: Bool
    ) -> ParameterSearch<Family> {
        ParameterSearch(
            circuit: candidate.circuit, plaintexts: candidate.parameters.plaintexts,
            security: task.planner.security, norms: norms, privacy: task.privacy, exact: exact)
    }

    /// Indices k of plaintext moduli: N / k slots.
    static func indices(degree: Int) -> [Int] {
        [1, 2, 4, 8, 16].filter { $0 <= degree / 8 }
    }

    /// The cheapest candidate of a layout.
    private func search(
        _ circuit: Circuit<Family>, widest: BigInt
    ) throws -> Candidate<Family>? {
        var best: Candidate<Family>?
        for count in 1...8 {
            guard
                let moduli = PlaintextModuli.choose(
                    count: count, above: widest, shape: circuit.shape)
            else { continue }
            let search = ParameterSearch(
                circuit: circuit, plaintexts: moduli, security: task.planner.security,
                norms: norms, privacy: task.privacy)
            let found = try search.candidates().min { $0.work < $1.work }
            if let found, found.work < best?.work ?? .infinity {
                best = found
            } else if best != nil {
                // More moduli than needed only cost more.
                break
            }
        }
        return best
    }

    /// The search takes weights' norms before units are divided out; the plan proves with the true ones,
    /// and may need a few bits more.
    /// - Returns: nil where these are not enough.
    private func finish(_ candidate: Candidate<Family>) throws -> BFVPlan<Family>? {
        let search = search(candidate, exact: true)
        for extra in 0...6 {
            let shape = candidate.chain.shape.wider(by: extra)
            guard
                let found = try search.candidate(
                    ModulusChain(shape, hasWideBase: Family.hasWideBase),
                    share: candidate.share)
            else { continue }
            return try BFVPlan(
                network, outputs: task.outputs, choices: found.choices, norms: norms.exact)
        }
        return nil
    }
}

/// What a family tunes its circuits with.
package struct Tuning<Family: CircuitFamily> {
    let network: IntegerNetwork
    let security: SecurityLevel
    let privacy: FunctionPrivacy
    let norms: PlannerNorms
    let progress: (String) throws -> Void

    /// The same chain, or one that is a bit or two longer, on another circuit; nil where it doesn't certify.
    func candidate(
        like candidate: Candidate<Family>, on circuit: Circuit<Family>
    ) throws -> Candidate<Family>? {
        let search = ParameterSearch(
            circuit: circuit, plaintexts: candidate.parameters.plaintexts, security: security,
            norms: norms, privacy: privacy)
        for extra in 0...2 {
            let chain = ModulusChain(
                candidate.chain.shape.wider(by: extra), hasWideBase: Family.hasWideBase)
            if let found = try search.candidate(chain, share: candidate.share) {
                return found
            }
        }
        return nil
    }
}
