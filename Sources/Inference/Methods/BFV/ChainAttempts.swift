// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient

/// What was found out of chains of moduli, of one circuit and one set of plaintext moduli.
final class ChainAttempts<Family: CircuitFamily> {
    enum Outcome {
        case found(Candidate<Family>)
        /// More slack may help.
        case tooNoisy
        /// More slack only makes it worse.
        case noRoom

        /// Infinite where nothing was found.
        var work: Double {
            guard case .found(let candidate) = self else { return .infinity }
            return candidate.work
        }

        /// Keys that several shares lead to are those of each.
        func at(share: Double) -> Outcome {
            guard case .found(let candidate) = self else { return self }
            return .found(candidate.at(share: share))
        }
    }

    /// One chain, run without keys.
    final class Probe {
        let parameters: BFVParameters
        let evaluation: PlanEvaluation
        private var shares: [Double: Outcome] = [:]
        private var keySets: [(keys: BFVKeySet, outcome: Outcome)] = []

        init(parameters: BFVParameters, evaluation: PlanEvaluation) {
            self.parameters = parameters
            self.evaluation = evaluation
        }

        func outcome(share: Double, _ make: () throws -> Outcome) rethrows -> Outcome {
            if let known = shares[share] { return known }
            let made = try make()
            shares[share] = made
            return made
        }

        func outcome(keys: BFVKeySet, _ make: () throws -> Outcome) rethrows -> Outcome {
            if let known = keySets.first(where: { $0.keys == keys }) { return known.outcome }
            let made = try make()
            keySets.append((keys, made))
            return made
        }
    }

    private struct Levels: Hashable {
        let count: Int
        let levels: [Int]
        let specialCount: Int
    }

    private var probes: [ModulusChain: Probe?] = [:]
    private var least: [Levels: Double] = [:]

    /// What no chain of as many moduli with these levels takes less than. Nothing that is no bound is kept.
    func leastWork(
        chain: ModulusChain, _ make: () throws -> Double
    ) rethrows -> Double {
        let key = Levels(
            count: chain.bits.count, levels: chain.levels, specialCount: chain.specialCount)
        if let known = least[key] { return known }
        let made = try make()
        if made > 0 { least[key] = made }
        return made
    }

    /// - Returns: what `make` made of the chain, nil included.
    func probe(of chain: ModulusChain, _ make: () throws -> Probe?) rethrows -> Probe? {
        if let known = probes[chain] { return known }
        let made = try make()
        probes[chain] = .some(made)
        return made
    }
}
