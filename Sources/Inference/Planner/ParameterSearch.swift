import BFV
import BigIntegers

/// A choice that certifies, with its work.
struct Candidate {
    let circuit: Circuit
    let choices: PlanChoices
    let route: Route
    let slack: Int
    let work: Double

    var parameters: BFVParameters { choices.parameters }
}

/// What a search tries beside the slack.
struct Route: Sendable, Hashable {
    /// Squares that are taken as they come, with no switch before them: bit i for square i.
    let skips: UInt
    /// Whether what a stretch drops may be dropped in two parts, early and late.
    let splits: Bool
    /// Of the noise that is there, what key switches may add.
    let share: Double
    /// Moduli that a stretch may drop at most: fewer leave more noise to the next one, but may save a modulus in all.
    var mostDropped: Int?
}

/// Ciphertext moduli, special modulus, gadgets and reply sizes for one circuit and one set of t_i.
struct ParameterSearch {
    let circuit: Circuit
    let plaintexts: [PlaintextModulus]
    let security: SecurityLevel
    let norms: PlannerNorms
    /// Whether weights' norms are taken with their units divided out, as they will be executed.
    var exact = false

    private enum Attempt {
        case found(Candidate)
        /// More slack may help.
        case tooNoisy
        /// More slack only makes it worse.
        case noRoom
    }

    /// The least slack of each route.
    func candidates() throws -> [Candidate] {
        var out: [Candidate] = []
        for skips in routesPastSquares {
            for (splits, mostDropped) in stretches {
                let forecast = forecast(skips: skips, mostDropped: mostDropped)
                for share in [0x1p5, 2, 0x1p-4, 0x1p-8] {
                    let route = Route(
                        skips: skips, splits: splits, share: share, mostDropped: mostDropped)
                    search: for slack in 0...12 {
                        switch try attempt(forecast, route, slack: slack) {
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
        return out
    }

    /// How moduli are dropped between products.
    private var stretches: [(splits: Bool, mostDropped: Int?)] {
        circuit.layout == .batch
            ? [(false, nil), (false, 1), (false, 2)] : [(true, nil), (false, nil)]
    }

    /// Every subset of few squares; of many, at most one.
    private var routesPastSquares: [UInt] {
        let squares = circuit.switchPointCount / 2
        if squares <= 3 { return Array(0..<(1 << UInt(squares))) }
        return [0] + (0..<UInt(min(squares, 63))).map { 1 << $0 }
    }

    /// nil where security, noise or the supply of primes refuse it.
    func candidate(_ route: Route, slack: Int) throws -> Candidate? {
        guard
            case .found(let candidate) = try attempt(
                forecast(skips: route.skips, mostDropped: route.mostDropped), route, slack: slack)
        else { return nil }
        return candidate
    }

    private var usedNorms: TransformNorms { exact ? norms.exact : norms.approximate }

    /// By the largest modulus, which has the most noise.
    private func forecast(skips: UInt, mostDropped: Int?) -> NoiseForecast {
        let worst = plaintexts.max { $0.largestEmbedding < $1.largestEmbedding }!
        let degree = circuit.degree
        let norms = usedNorms
        return NoiseForecast(
            circuit: circuit, model: NoiseModel(degree: degree, plaintext: worst),
            modulus: plaintexts.map(\.prime).max()!, skips: skips,
            largestDrop: mostDropped.map { Double($0 * ModulusChain.largestBits) } ?? .infinity
        ) { norms.gain(of: $0, source: $1, modulus: worst, degree: degree, factor: 1) }
    }

    private func attempt(
        _ forecast: NoiseForecast, _ route: Route, slack: Int
    ) throws -> Attempt {
        let degree = circuit.degree
        let norms = usedNorms
        guard forecast.finalBits.isFinite, forecast.finalBits < 1000 else { return .noRoom }
        let chain = ModulusChain(
            forecast: forecast, switchPointCount: circuit.switchPointCount, degree: degree,
            splits: route.splits, slack: slack, hasWideBase: circuit.layout == .batch)
        guard let parameters = try parameters(chain) else { return .noRoom }
        let probe = try PlanEvaluation(
            circuit: circuit, parameters: parameters, levels: chain.levels, keys: nil,
            norms: norms)
        guard let keys = GadgetChooser(parameters: parameters, share: route.share).keys(for: probe)
        else {
            return .tooNoisy
        }
        let evaluation = try PlanEvaluation(
            circuit: circuit, parameters: parameters, levels: chain.levels, keys: keys,
            norms: norms)
        guard let reply = replyBits(evaluation, parameters) else { return .tooNoisy }
        return .found(
            Candidate(
                circuit: circuit,
                choices: PlanChoices(
                    parameters: parameters, babyCounts: circuit.babyCounts, levels: chain.levels,
                    keys: keys, replyC0Bits: reply.c0, replyC1Bits: reply.c1,
                    layout: circuit.layout),
                route: route, slack: slack,
                work: OperationCosts.reference.seconds(evaluation.counts, degree: degree)))
    }

    /// The special modulus takes what the security table leaves, up to the largest word.
    private func parameters(_ chain: ModulusChain) throws -> BFVParameters? {
        let degree = circuit.degree
        let primes = plaintexts.map(\.prime)
        guard let moduli = chain.primes(degree: degree, excluding: primes) else {
            return nil
        }
        let used = moduli.reduce(BigInt(1)) { $0 * BigInt($1) }.bitLength
        // Transforms are a quarter faster below 2^47.
        var bits = ModulusChain.fastestBits
        if security != .insecure {
            guard let allowed = SecurityTable.maximumBits(degree: degree, level: security) else {
                return nil
            }
            bits = min(bits, allowed - used)
        }
        guard bits >= ModulusChain.smallestBits(degree: degree),
            let special = Primes.nttPrimes(
                bits: bits, count: 1, congruentTo1Modulo: UInt64(2 * degree),
                excluding: Set(moduli + primes)
            ).first
        else { return nil }
        if security == .insecure {
            return try .insecure(
                degree: degree, ciphertextModuli: moduli, specialModulus: special,
                plaintexts: plaintexts)
        }
        return try BFVParameters(
            degree: degree, ciphertextModuli: moduli, specialModulus: special,
            plaintexts: plaintexts, security: security)
    }

    /// The smallest replies that leave a tenth of a bit.
    private func replyBits(
        _ evaluation: PlanEvaluation, _ parameters: BFVParameters
    ) -> (c0: Int, c1: Int)? {
        let q0 = parameters.ciphertextModuli[0]
        // Of a reply that one modulus carries. Replies of the batch layout may take two: its plaintext moduli are wide.
        var most = 63 - q0.leadingZeroBitCount - parameters.degree.trailingZeroBitCount
        if circuit.layout == .batch {
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

/// Both kinds of norms, shared by the searches of one planning.
struct PlannerNorms: Sendable {
    let exact = TransformNorms()
    let approximate = TransformNorms(ignoresUnits: true)
}
