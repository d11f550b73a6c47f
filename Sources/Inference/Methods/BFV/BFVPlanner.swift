// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import IntegerNetworks
import Lattice

/// Finds parameters, layout and levels of a network for one family of circuits, by the cost of what would be executed.
struct BFVPlanner<Family: CircuitFamily> {
    let task: PlanningTask

    private var network: IntegerNetwork { task.network }
    private var memory: PlanningMemory { task.memory }

    init(task: PlanningTask) { self.task = task }

    /// The cheapest plan.
    /// - Throws: `PlanError` where no degree holds the network or certifies it.
    func plan() throws -> BFVPlan<Family> {
        let widest = task.widestRange
        /// Of all groups of samples.
        func cost(_ candidate: Candidate<Family>) -> Double {
            Double(candidate.circuit.groupCount(of: task.samples)) * candidate.work
        }
        var best: Candidate<Family>?
        var refusals: [String] = []
        for degree in task.planner.degrees(for: network) {
            try task.progress("searching parameters at N = \(degree)")
            var refusal: (index: Int, why: String)?
            func refuse(_ index: Int, _ why: String) {
                if index < refusal?.index ?? .max { refusal = (index, why) }
            }
            var layouts: [Layout] = []
            for index in Self.indices(degree: degree) {
                let shape = SlotShape(degree: degree, index: index)
                do {
                    // Where so many samples don't fit, more don't.
                    for samples in Family.groupSizes(shape, samples: task.samples) {
                        layouts.append(try layout(shape, samples: samples, widest: widest))
                    }
                } catch let error as PackingError {
                    if layouts.last?.index != index { refuse(index, error.description) }
                }
            }
            // The most promising first: what can't take less than what was found needs no search.
            for layout in layouts.sorted(by: { ($0.least, $0.index) < ($1.least, $1.index) }) {
                if let best, layout.least > cost(best) { continue }
                guard let found = try search(layout.circuit, widest: widest) else {
                    refuse(layout.index, "too much noise or depth")
                    continue
                }
                // Of equal ones the smallest ring, then the smallest index.
                if let best,
                    (cost(best), best.circuit.degree, best.circuit.shape.index)
                        < (cost(found), degree, layout.index)
                {
                    continue
                }
                best = found
            }
            if best == nil { refusals.append("N = \(degree): \(refusal?.why ?? "nothing fits")") }
            // A larger ring costs more than twice as much for the same circuit; it pays only where it holds more
            // samples.
            if let best,
                best.circuit.shape.index == 1 || best.circuit.groupCount(of: task.samples) == 1
            {
                break
            }
        }
        guard let best else { throw PlanError.noParameters(refusals.joined(separator: "; ")) }
        let tuning = Tuning<Family>(
            network: network, security: task.planner.security, privacy: task.privacy,
            memory: memory, progress: task.progress)
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
        var told = -1
        var chains = ChainSearch(
            try search(candidate, exact: false), trials: task.planner.chainTrials)
        return try chains.improved(candidate) { share in
            let percent = Int(100 * share)
            guard percent > told else { return }
            told = percent
            try task.progress("searching chains of moduli, \(percent) %")
        }
    }

    /// Of the same circuit.
    private func search(
        _ candidate: Candidate<Family>, exact: Bool, isOfWorst: Bool? = nil
    ) throws -> ParameterSearch<Family> {
        ParameterSearch(
            circuit: candidate.circuit,
            plaintexts: try PlaintextModuliOfDegree(
                candidate.parameters.plaintexts, degree: candidate.parameters.degree),
            security: task.planner.security, memory: memory, privacy: task.privacy, exact: exact,
            isOfWorst: isOfWorst)
    }

    /// Indices k of plaintext moduli: N / k slots.
    static func indices(degree: Int) -> [Int] {
        [1, 2, 4, 8, 16].filter { $0 <= degree / 8 }
    }

    private struct Layout {
        let circuit: Circuit<Family>
        /// Work of all groups that no candidate takes less than.
        let least: Double

        var index: Int { circuit.shape.index }
    }

    /// - Throws: `PackingError` where the network doesn't fit.
    private func layout(_ shape: SlotShape, samples: Int, widest: BigInt) throws -> Layout {
        let circuit = try memory.circuit(shape: shape, samples: samples, babyCounts: []) {
            try Family.circuit(network, shape: shape, samples: samples, babyCounts: [])
        }
        // With one modulus, and the fewest plaintext moduli.
        let shortest = ModulusChain(
            bits: [ModulusChain.largestBits],
            levels: [Int](repeating: 1, count: circuit.switchPointCount))
        var least = 0.0
        for count in task.plaintextCounts where least == 0 {
            let moduli = try memory.plaintexts(count: count, above: widest, shape: shape)
            least = try moduli.map { try search(circuit, $0).leastWork(shortest) } ?? 0
        }
        return Layout(
            circuit: circuit,
            least: least * Double(circuit.groupCount(of: task.samples)))
    }

    private func search(
        _ circuit: Circuit<Family>, _ plaintexts: PlaintextModuliOfDegree
    ) -> ParameterSearch<Family> {
        ParameterSearch(
            circuit: circuit, plaintexts: plaintexts, security: task.planner.security,
            memory: memory, privacy: task.privacy)
    }

    /// The cheapest candidate of a layout.
    private func search(
        _ circuit: Circuit<Family>, widest: BigInt
    ) throws -> Candidate<Family>? {
        var best: Candidate<Family>?
        for count in task.plaintextCounts {
            guard
                let moduli = try memory.plaintexts(
                    count: count, above: widest, shape: circuit.shape)
            else { continue }
            let found = try search(circuit, moduli).candidates().min { $0.work < $1.work }
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
        let all = try search(candidate, exact: true)
        // What fails for one plaintext modulus needs no proof for the others.
        let searches =
            candidate.parameters.plaintexts.count > 1
            ? [try search(candidate, exact: true, isOfWorst: true), all] : [all]
        for extra in 0...6 {
            let chain = ModulusChain(
                candidate.chain.shape.wider(by: extra), hasWideBase: Family.hasWideBase)
            var proven: Candidate<Family>?
            for search in searches {
                proven = try search.candidate(chain, share: candidate.share)
                if proven == nil { break }
            }
            guard let found = proven else { continue }
            return try BFVPlan(
                network, outputs: task.outputs, choices: found.choices, norms: memory.norms.exact,
                circuit: found.circuit)
        }
        return nil
    }
}

/// What a family tunes its circuits with.
package struct Tuning<Family: CircuitFamily> {
    let network: IntegerNetwork
    let security: SecurityLevel
    let privacy: FunctionPrivacy
    let memory: PlanningMemory
    let progress: (String) throws -> Void

    /// The same chain, or one that is a bit or two longer, on another circuit; nil where it doesn't certify or can't take
    /// less.
    func candidate(
        like candidate: Candidate<Family>, on circuit: Circuit<Family>
    ) throws -> Candidate<Family>? {
        let search = ParameterSearch(
            circuit: circuit,
            plaintexts: try PlaintextModuliOfDegree(
                candidate.parameters.plaintexts, degree: circuit.degree),
            security: security, memory: memory, privacy: privacy)
        let first = ModulusChain(candidate.chain.shape, hasWideBase: Family.hasWideBase)
        guard try search.leastWork(first) < candidate.work else { return nil }
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
