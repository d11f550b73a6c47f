// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import Lattice

/// A choice that certifies, with its work.
package struct Candidate<Family: CircuitFamily>: Sendable {
    let circuit: Circuit<Family>
    let choices: PlanChoices
    let chain: ModulusChain
    /// Of the noise that is there, what key switches may add.
    let share: Double
    /// Seconds of a group on the reference machine.
    let work: Double

    var parameters: BFVParameters { choices.parameters }

    func at(share: Double) -> Candidate {
        Candidate(circuit: circuit, choices: choices, chain: chain, share: share, work: work)
    }
}

/// How moduli are dropped between products.
package struct Stretch: Sendable, Hashable {
    /// Whether what a stretch drops may be dropped in two parts, early and late.
    let splits: Bool
    /// Moduli that a stretch may drop at most: fewer leave more noise to the next one, but may save a modulus in all.
    var mostDropped: Int?
}

/// Ciphertext moduli, special modulus, gadgets and reply sizes for one circuit and one set of t_i.
struct ParameterSearch<Family: CircuitFamily> {
    let circuit: Circuit<Family>
    let plaintexts: PlaintextModuliOfDegree
    let security: SecurityLevel
    let memory: PlanningMemory
    let privacy: FunctionPrivacy
    /// Whether weights' norms are taken with their units divided out, as they will be executed.
    let exact: Bool
    /// Whether noise is bounded for the plaintext modulus of most noise alone: of a search, that one stands for all.
    let isOfWorst: Bool
    /// Of each chain what is known: searches come back to one again and again.
    private let chains = ChainAttempts<Family>()

    init(
        circuit: Circuit<Family>, plaintexts: PlaintextModuliOfDegree, security: SecurityLevel,
        memory: PlanningMemory, privacy: FunctionPrivacy, exact: Bool = false,
        isOfWorst: Bool? = nil
    ) {
        self.isOfWorst = isOfWorst ?? !exact
        self.circuit = circuit
        self.plaintexts = plaintexts
        self.security = security
        self.memory = memory
        self.privacy = privacy
        self.exact = exact
    }

    /// Of the noise that is there, what key switches may add: what is tried.
    static var shares: [Double] { [0x1p5, 2, 0x1p-4, 0x1p-8] }

    /// The least slack of each way to drop moduli and each share.
    func candidates() throws -> [Candidate<Family>] {
        var out: [Candidate<Family>] = []
        for skips in skippedSquares {
            for stretch in Family.stretches {
                let forecast = try forecast(skips: skips, mostDropped: stretch.mostDropped)
                guard forecast.finalBits.isFinite, forecast.finalBits < 1000 else { continue }
                for share in Self.shares {
                    search: for slack in 0...12 {
                        let chain = ModulusChain(
                            forecast: forecast, switchPointCount: circuit.switchPointCount,
                            degree: circuit.degree, splits: stretch.splits, slack: slack,
                            hasWideBase: Family.hasWideBase)
                        switch try attempt(chain, share: share) {
                        case .found(let candidate):
                            out.append(candidate)
                            break search
                        case .tooNoisy: continue
                        case .noRoom: break search
                        }
                    }
                }
            }
        }
        if let best = out.min(by: { $0.work < $1.work }) { out += try withWiderDigits(best) }
        return out
    }

    /// The same chain with several special primes, which make room for digits of several residues.
    private func withWiderDigits(_ start: Candidate<Family>) throws -> [Candidate<Family>] {
        // Fractions of a flood are over one prime.
        guard start.chain.bits.count >= GadgetChooser.fewestLimbs, !privacy.isFine else {
            return []
        }
        var out: [Candidate<Family>] = []
        for count in Self.specialCounts {
            var chain = start.chain
            chain.specialCount = count
            for share in Self.shares {
                if case .found(let candidate) = try attempt(chain, share: share) {
                    out.append(candidate)
                }
            }
        }
        return out
    }

    private static var specialCounts: [Int] {
        [2, 3, 4, 6, 9, 12, 14, LatticeParameters.mostSpecialModuli]
    }

    /// Squares that are taken as they come, with no switch before them, bit i for square i: every subset of few; of many,
    /// at most one; of those of many tables none, where one is a small part of the work and each takes a search.
    private var skippedSquares: [UInt] {
        let squares = circuit.switchPointCount / 2
        if squares <= 3 { return Array(0..<(1 << UInt(squares))) }
        if squares > Self.mostSkipped { return [0] }
        return [0] + (0..<UInt(squares)).map { 1 << $0 }
    }

    private static var mostSkipped: Int { 24 }

    private var usedNorms: TransformNorms {
        exact ? memory.norms.exact : memory.norms.approximate
    }

    /// The plaintext modulus of most noise.
    private var worst: PlaintextModulus { plaintexts.moduli[worstIndex] }

    private var worstIndex: Int {
        let moduli = plaintexts.moduli
        return moduli.indices.max { moduli[$0].largestEmbedding < moduli[$1].largestEmbedding }!
    }

    private var evaluated: Int? { isOfWorst ? worstIndex : nil }

    /// Whether moduli are chosen at which products bring no unit: there are enough primes with a residue modulo t where
    /// it is one short modulus.
    private var choosesUnits: Bool {
        let primes = plaintexts.primes
        return circuit.addsProducts && primes.count == 1
            && primes[0].bitWidthUsed + circuit.degree.trailingZeroBitCount < 44
    }

    private var largestModulus: UInt64 { plaintexts.primes.max()! }

    /// What a pattern of switch points asks for.
    func shape(pattern: UInt128, largestDrop: Double) throws -> ChainShape? {
        try ChainShape(
            circuit, plaintext: worst, largestModulus: largestModulus,
            choosesUnits: choosesUnits, norms: usedNorms, pattern: pattern,
            largestDrop: largestDrop, privacy: privacy)
    }

    private func forecast(skips: UInt, mostDropped: Int?) throws -> NoiseForecast {
        try NoiseForecast(
            circuit, plaintext: worst, largestModulus: largestModulus,
            choosesUnits: choosesUnits, norms: usedNorms, skips: skips,
            largestDrop: mostDropped.map { Double($0 * ModulusChain.largestBits) } ?? .infinity,
            privacy: privacy)
    }

    /// What no candidate of this chain, or of one with more moduli, takes less than: every key with the widest digits, as
    /// if there were no noise. Costs no norms.
    func leastWork(_ chain: ModulusChain) throws -> Double {
        guard let parameters = try parameters(chain) else { return 0 }
        memory.counts.bounds += 1
        let degree = circuit.degree
        let gadget = Gadget(
            level: parameters.maximumLevel,
            digitBits: GadgetChooser.widest(level: parameters.maximumLevel))
        let keys = BFVKeySet(
            lattice: parameters.lattice, relinearization: gadget,
            galois: circuit.permutations.reduce(into: [:]) {
                $0[$1.galoisElement(degree: degree)] = gadget
            }, rerandomizationLevel: parameters.maximumLevel)
        let evaluation = try PlanEvaluation(
            circuit, parameters: parameters, levels: chain.levels, keys: keys,
            norms: memory.norms.none, privacy: privacy, plaintext: worstIndex)
        return MachineSpeed.reference.seconds(
            OperationTally(evaluation.counts.dictionary), degree: degree)
    }

    /// The same, found once for each choice of levels: sizes of moduli change no count.
    private func knownLeastWork(_ chain: ModulusChain) throws -> Double {
        try chains.leastWork(chain: chain) { try leastWork(chain) }
    }

    /// As `candidate(_:share:)`, but nil too where the chain can't take less work than a limit.
    func candidate(
        _ chain: ModulusChain, share: Double, below limit: Double
    ) throws -> Candidate<Family>? {
        guard hasPrimes(chain), try knownLeastWork(chain) < limit else { return nil }
        return try candidate(chain, share: share)
    }

    /// nil where security, noise or the supply of primes refuse the chain.
    func candidate(_ chain: ModulusChain, share: Double) throws -> Candidate<Family>? {
        guard hasPrimes(chain) else { return nil }
        guard case .found(let candidate) = try attempt(chain, share: share) else { return nil }
        return candidate
    }

    /// Whether its moduli are of sizes that there may be primes of.
    private func hasPrimes(_ chain: ModulusChain) -> Bool {
        let sizes = ModulusChain.smallestBits(degree: circuit.degree)...ModulusChain.largestBits
        return chain.bits.allSatisfy(sizes.contains)
    }

    private func attempt(
        _ chain: ModulusChain, share: Double
    ) throws -> ChainAttempts<Family>.Outcome {
        guard let probe = try chains.probe(of: chain, { try probe(chain) }) else {
            return .noRoom
        }
        return try probe.outcome(share: share) {
            let chooser = GadgetChooser(parameters: probe.parameters, share: share)
            var best = ChainAttempts<Family>.Outcome.tooNoisy
            for keys in chooser.keySets(for: probe.evaluation) {
                let made = try probe.outcome(keys: keys) {
                    try outcome(chain, share, keys, probe.parameters)
                }
                if made.work < best.work { best = made }
            }
            return best.at(share: share)
        }
    }

    /// Where keys are used; nil where security or the supply of primes refuses the chain.
    private func probe(_ chain: ModulusChain) throws -> ChainAttempts<Family>.Probe? {
        guard let parameters = try parameters(chain) else { return nil }
        memory.counts.chains += 1
        memory.counts.evaluations += 1
        return ChainAttempts<Family>.Probe(
            parameters: parameters,
            evaluation: try PlanEvaluation(
                circuit, parameters: parameters, levels: chain.levels, keys: nil,
                norms: usedNorms, privacy: privacy, plaintext: evaluated))
    }

    private func outcome(
        _ chain: ModulusChain, _ share: Double, _ keys: BFVKeySet, _ parameters: BFVParameters
    ) throws -> ChainAttempts<Family>.Outcome {
        memory.counts.evaluations += 1
        let evaluation = try PlanEvaluation(
            circuit, parameters: parameters, levels: chain.levels, keys: keys,
            norms: usedNorms, privacy: privacy, plaintext: evaluated)
        guard let reply = replyBits(evaluation, parameters) else { return .tooNoisy }
        return .found(
            Candidate(
                circuit: circuit,
                choices: PlanChoices(
                    parameters: parameters, samples: circuit.samples,
                    babyCounts: circuit.babyCounts, levels: chain.levels, keys: keys,
                    replyC0Bits: reply.c0, replyC1Bits: reply.c1, privacy: evaluation.privacy),
                chain: chain, share: share,
                work: Self.burden(ofBytes: keys.packedBytes)
                    * MachineSpeed.reference.seconds(
                        OperationTally(evaluation.counts.dictionary), degree: circuit.degree)))
    }

    /// What large keys weigh in the choice between plans, as a multiple of their time: a client makes and sends them, a
    /// server holds those of many.
    private static func burden(ofBytes bytes: Int) -> Double {
        1 + Double(max(0, bytes - freeKeyBytes)) / Double(1 << 30)
    }

    /// Keys of so many bytes weigh nothing.
    private static var freeKeyBytes: Int { 512 << 20 }

    /// The special moduli take what the security table leaves, up to the fastest word.
    private func parameters(_ chain: ModulusChain) throws -> BFVParameters? {
        let degree = circuit.degree
        let primes = plaintexts.primes
        let products =
            choosesUnits
            ? ModulusChain.Products(
                modulus: primes[0],
                levels: Set(circuit.switchPoints.filter { $0 % 2 == 0 }.map { chain.levels[$0] }))
            : nil
        guard
            let moduli = chain.primes(
                degree: degree, excluding: primes, products: products, from: memory)
        else { return nil }
        let used = moduli.reduce(BigInt(1)) { $0 * BigInt($1) }.bitLength
        // Transforms are a quarter faster below 2^47.
        var bits = ModulusChain.fastestBits
        if security != .insecure {
            guard let allowed = SecurityTable.maximumBits(degree: degree, level: security) else {
                return nil
            }
            bits = min(bits, (allowed - used) / chain.specialCount)
        }
        guard bits >= ModulusChain.smallestBits(degree: degree) else { return nil }
        var special: [UInt64] = []
        for _ in 0..<chain.specialCount {
            guard
                let prime = memory.prime(
                    bits: bits, degree: degree, excluding: Set(moduli + primes + special))
            else { return nil }
            special.append(prime)
        }
        let lattice: LatticeParameters =
            security == .insecure
            ? try .insecure(
                degree: degree, ciphertextModuli: moduli, specialModuli: special)
            : try LatticeParameters(
                degree: degree, ciphertextModuli: moduli, specialModuli: special,
                security: security)
        return try BFVParameters(lattice: lattice, plaintexts: plaintexts)
    }

    /// The smallest replies that leave a tenth of a bit.
    func replyBits(
        _ evaluation: PlanEvaluation, _ parameters: BFVParameters
    ) -> (c0: Int, c1: Int)? {
        let q0 = parameters.ciphertextModuli[0]
        // Of a reply that one modulus carries. Replies of wide plaintext moduli may take two.
        var most = q0.bitWidthUsed - 1 - parameters.degree.trailingZeroBitCount
        if Family.hasWideBase {
            most = (most..<64).last { parameters.carriesReply(c1Bits: $0) } ?? most
        }
        var best: (c0: Int, c1: Int)?
        for c1 in stride(from: 8, through: most, by: 1) {
            for c0 in stride(from: 8, through: c1, by: 1) {
                if let best, c0 + c1 >= best.c0 + best.c1 { break }
                let margins = evaluation.replyMargins(q0: q0, c0Bits: c0, c1Bits: c1)
                if margins.allSatisfy({ $0 > 0.1 }) {
                    best = (c0, c1)
                    break
                }
            }
        }
        return best
    }
}
