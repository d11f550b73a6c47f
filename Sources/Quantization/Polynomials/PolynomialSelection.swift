// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import PolynomialFitting
import Threading

/// Puts polynomials in place of activations: of low degree unless the outputs gain from a higher one.
struct PolynomialSelection {
    /// What a level of products beyond the first must gain: this share of decisions, or for regressions half of this of
    /// the variance.
    static let gainPerLevel = 0.02
    /// Fewest values of a channel for a polynomial of its own.
    static let leastChannelValues = 64

    /// A network without activations, and what it computes.
    struct Candidate {
        var network: RealNetwork
        var sites: [ActivationSite]
        var values: [SampleMatrix]
        var fidelity: Fidelity
        /// Of each site, the place of its fit among the candidates.
        var choices: [Int]

        /// What is lost by its polynomials, and by the levels they take: lower is better.
        var loss: Double {
            let levels = sites.reduce(0) { $0 + max(0, $1.polynomials.levels - 1) }
            let error = fidelity.relativeError
            let lost =
                network.decision == .regression
                ? 2 * error * error
                : max(1 - fidelity.agreement, fidelity.expectedChanges) + 0.05 * error
            return lost + gainPerLevel * Double(levels)
        }
    }

    let network: RealNetwork
    let options: QuantizationOptions
    let samples: SampleMatrix
    /// The float network's outputs.
    let reference: SampleMatrix

    func select() throws(QuantizationError) -> Candidate {
        let count = network.nodes.count {
            if case .activation = $0.operation { true } else { false }
        }
        var choices = [Int](repeating: 0, count: count)
        var best = try candidate(&choices, perChannel: false)
        guard count > 0 else { return best }
        if options.perChannel {
            var others = choices
            let other = try candidate(&others, perChannel: true)
            if other.loss < best.loss { best = other }
        }
        // Depth is bounded, and so are the rounds.
        for _ in 0..<4 * count {
            guard let next = try improved(best) else { break }
            best = next
        }
        return best
    }

    /// The best network with a higher degree at one place, if it is better.
    private func improved(_ current: Candidate) throws(QuantizationError) -> Candidate? {
        var best = current
        for site in current.sites.indices where forcedDegree(site) == nil {
            let next = current.choices[site] + 1
            for choice in next..<max(next, current.sites[site].candidates.count) {
                for perChannel in options.perChannel ? [false, true] : [false] {
                    var choices = current.choices
                    choices[site] = choice
                    let other = try candidate(&choices, perChannel: perChannel)
                    guard other.network.depth <= options.depthLimit else { continue }
                    if other.loss < best.loss { best = other }
                }
            }
        }
        return best.loss < current.loss ? best : nil
    }

    private func forcedDegree(_ site: Int) -> Int? {
        site < options.forcedDegrees.count ? options.forcedDegrees[site] : nil
    }

    /// Fits one activation after another, on what the polynomials before it make of the samples.
    ///
    /// - Parameter choices: places among the candidates; too high ones are lowered.
    private func candidate(
        _ choices: inout [Int], perChannel: Bool
    ) throws(QuantizationError) -> Candidate {
        var result = network
        var sites: [ActivationSite] = []
        var values = [samples]
        for index in network.nodes.indices {
            let sources = result.nodes[index].sources.map { values[$0] }
            if case .activation(let expression) = network.nodes[index].operation {
                let site = try fit(
                    expression, node: index, input: sources[0], site: sites.count,
                    choice: &choices[sites.count], perChannel: perChannel)
                result.nodes[index].operation = .polynomial(site.polynomials)
                sites.append(site)
            }
            values.append(RealNetwork.apply(result.nodes[index], to: sources))
        }
        let fidelity = Fidelity(
            values[network.output], against: reference, decision: network.decision, labels: nil)
        return Candidate(
            network: result, sites: sites, values: values, fidelity: fidelity, choices: choices)
    }

    private func fit(
        _ expression: ScalarExpression, node: Int, input: SampleMatrix, site: Int,
        choice: inout Int,
        perChannel: Bool
    ) throws(QuantizationError) -> ActivationSite {
        let histogram = ActivationHistogram(values: input.values.map { Float($0) })
        let f: @Sendable (Double) -> Double = { expression($0) }
        var candidates = PolynomialFitter.candidates(f, over: histogram, degrees: options.degrees)
        if let degree = forcedDegree(site) {
            candidates = [
                PolynomialFitter.fit(f, over: histogram, degree: degree, method: .leastSquares)
            ]
        }
        guard !candidates.isEmpty, candidates[0].rootMeanSquareError.isFinite else {
            throw .unsupported(
                node: network.nodes[node].name, operator: expression.text,
                reason: "the function is not finite where its inputs lie (\(histogram.range))",
                advice: "use an activation that is defined everywhere")
        }
        choice = min(choice, candidates.count - 1)
        let chosen = candidates[choice]
        let channels = network.channels(of: node + 1)
        let isPerChannel =
            perChannel && channels > 1
            && input.count / channels * input.samples >= Self.leastChannelValues
        var polynomials = [chosen.polynomial]
        // Of higher degrees, channels would need steps of their own.
        if isPerChannel, chosen.polynomial.degree <= 2, options.degrees.contains(2),
            forcedDegree(site) ?? 2 == 2
        {
            polynomials = fitChannels(f, input, channels)
        } else if chosen.polynomial.degree == 2 {
            polynomials = [QuadraticFit.limited(chosen.polynomial, of: f, over: histogram)]
        }
        return ActivationSite(
            node: node, expression: expression, histogram: histogram, candidates: candidates,
            chosen: chosen, polynomials: ChannelPolynomials(polynomials))
    }

    private func fitChannels(
        _ f: @Sendable @escaping (Double) -> Double, _ input: SampleMatrix, _ channels: Int
    ) -> [RealPolynomial] {
        let length = input.count / channels * input.samples
        return WorkerPool().map(channels) { channel in
            let values = input.values[channel * length..<(channel + 1) * length].map { Float($0) }
            let histogram = ActivationHistogram(values: values, bins: 64)
            let fit = PolynomialFitter.fit(
                f, over: histogram, degree: 2, method: .leastSquares)
            return QuadraticFit.limited(fit.polynomial, of: f, over: histogram)
        }
    }
}
