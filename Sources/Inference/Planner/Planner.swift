import BFV
import BigIntegers
import Lattice
import NeuralNetwork

/// Finds the parameters, layout and levels of a network, by the cost of what would be executed.
public struct Planner: Sendable {
    /// Ring degrees to try.
    public let degrees: [Int]
    public let security: SecurityLevel

    /// - Parameter security: at least 128 bits.
    public init(security: SecurityLevel = .bits128) {
        precondition(security >= .bits128, "use Planner.insecure(degrees:) for tests")
        self.init(degrees: [4096, 8192, 16384, 32768], security: security)
    }

    /// Plans on small rings with no security, for tests.
    public static func insecure(degrees: [Int]) -> Planner {
        Planner(degrees: degrees, security: .insecure)
    }

    private init(degrees: [Int], security: SecurityLevel) {
        self.degrees = degrees
        self.security = security
    }

    /// The cheapest certified plan.
    ///
    /// - Parameter layout: how samples lie in ciphertexts.
    /// - Parameter samples: how many there are to score at once; decides between rings of the batch layout.
    /// - Parameter progress: a line on what is being tried.
    /// - Throws: `PlanError` where no degree holds the network or certifies it.
    public func plan(
        _ network: IntegerNetwork, layout: DataLayout = .latency, samples: Int = 1,
        progress: (String) -> Void = { _ in }
    ) throws -> Plan {
        try Plan.checkDepth(network)
        progress("bounding the outputs")
        let bounds = OutputBounds.certify(network)
        return try plan(
            network, outputBounds: bounds.outputs, boundMethod: bounds.methodSummary,
            layout: layout, samples: samples, progress: progress)
    }

    /// As `plan(_:progress:)`, with the caller's bounds.
    ///
    /// - Parameter rangeIsProven: whether they hold for every input in the box.
    public func plan(
        _ network: IntegerNetwork, outputBounds: [ClosedRange<BigInt>], boundMethod: String,
        rangeIsProven: Bool = true, layout: DataLayout = .latency, samples: Int = 1,
        progress: (String) -> Void = { _ in }
    ) throws -> Plan {
        let widest = outputBounds.reduce(BigInt(0)) { max($0, $1.upperBound - $1.lowerBound) }
        let norms = PlannerNorms()
        /// Of all groups of samples.
        func cost(_ candidate: Candidate) -> Double {
            let slots = candidate.parameters.slots.slotCount
            let groups = layout == .batch ? (max(samples, 1) + slots - 1) / slots : 1
            return Double(groups) * candidate.work
        }
        var best: Candidate?
        var refusals: [String] = []
        for degree in degrees {
            progress("searching parameters at N = \(degree)")
            var refusal: String?
            for index in Self.indices(degree: degree) {
                do {
                    let shape = SlotShape(degree: degree, index: index)
                    let circuit =
                        switch layout {
                        case .latency: try Circuit(network: network, shape: shape)
                        case .batch: try Circuit(batch: network, shape: shape)
                        }
                    let found = try search(circuit, widest: widest, norms: norms)
                    if let found, cost(found) < best.map(cost) ?? .infinity { best = found }
                    if found == nil, refusal == nil { refusal = "too much noise or depth" }
                } catch let error as PackingError {
                    if refusal == nil { refusal = error.description }
                }
            }
            if best == nil { refusals.append("N = \(degree): \(refusal ?? "nothing fits")") }
            // A larger ring costs more than twice as much for the same circuit; in the batch layout it may still hold more
            // samples, which pays as long as one group doesn't hold them all.
            if let best {
                let slots = best.parameters.slots
                if layout == .latency || slots.index == 1 || slots.slotCount >= samples { break }
            }
        }
        guard let best else {
            throw PlanError.noParameters(refusals.joined(separator: "; "))
        }
        var tuned = best
        if layout == .latency {
            progress("tuning baby and giant steps")
            tuned = try tune(best, network: network, norms: norms)
        }
        progress("proving the certificate")
        return try finish(
            tuned, network: network, outputBounds: outputBounds, boundMethod: boundMethod,
            rangeIsProven: rangeIsProven, norms: norms)
    }

    /// Indices k of plaintext moduli: N / k slots.
    private static func indices(degree: Int) -> [Int] {
        [1, 2, 4, 8, 16].filter { $0 <= degree / 8 }
    }

    /// The cheapest candidate of a layout.
    private func search(
        _ circuit: Circuit, widest: BigInt, norms: PlannerNorms
    ) throws -> Candidate? {
        var best: Candidate?
        for count in 1...8 {
            guard
                let moduli = PlaintextModuli.choose(
                    count: count, above: widest, shape: circuit.shape)
            else { continue }
            let search = ParameterSearch(
                circuit: circuit, plaintexts: moduli, security: security, norms: norms)
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

    /// Tries other numbers of baby steps, layer by layer.
    private func tune(
        _ start: Candidate, network: IntegerNetwork, norms: PlannerNorms
    ) throws -> Candidate {
        var best = start
        let packed = try PackedNetwork(network, shape: best.circuit.shape)
        var babies = best.circuit.babyCounts
        for layer in babies.indices {
            let original = babies[layer]
            for other in [original / 4, original / 2, original * 2, original * 4]
            where other > 0 && other <= best.circuit.diagonalCounts[layer] {
                var counts = babies
                counts[layer] = other
                let circuit = Circuit(packed, babyCounts: counts)
                let search = ParameterSearch(
                    circuit: circuit, plaintexts: best.parameters.plaintexts, security: security,
                    norms: norms)
                if let found = try search.candidate(best.route, slack: best.slack),
                    found.work < best.work
                {
                    best = found
                }
            }
            babies = best.circuit.babyCounts
        }
        return best
    }

    /// The search takes weights' norms before units are divided out; the plan proves with the true ones,
    /// and may need a bit more.
    private func finish(
        _ candidate: Candidate, network: IntegerNetwork, outputBounds: [ClosedRange<BigInt>],
        boundMethod: String, rangeIsProven: Bool, norms: PlannerNorms
    ) throws -> Plan {
        let search = ParameterSearch(
            circuit: candidate.circuit, plaintexts: candidate.parameters.plaintexts,
            security: security, norms: norms, exact: true)
        for extra in 0...6 {
            guard
                let found = try search.candidate(
                    candidate.route, slack: candidate.slack + extra)
            else { continue }
            return try Plan(
                network: network, choices: found.choices, outputBounds: outputBounds,
                boundMethod: boundMethod, rangeIsProven: rangeIsProven, norms: norms.exact)
        }
        throw PlanError.noParameters("the certificate fails by less than a bit; use fewer bits")
    }
}

extension OutputBounds {
    /// The methods that gave range ends of some layer first, in a fixed order.
    package var methodSummary: String {
        let used = layers.reduce(into: Set<BoundMethod>()) { $0.formUnion($1.ends.keys) }
        return BoundMethod.allCases.filter(used.contains).map(\.rawValue).joined(separator: ", ")
    }
}
