// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Looks for the resolutions that keep the outputs near with the smallest range.
///
/// Rounding errors are nearly independent, so their squares add: parameter k with n_k levels adds a_k / n_k^2 and costs
/// r_k log2 n_k bits of range, both measured. For a given range the sum is least where a_k / n_k^2 is proportional to
/// r_k (Lagrange), which leaves one number to walk along; every point is then measured, and the best one improved by
/// single steps.
struct BitSearch: Sendable {
    struct Measured: Sendable {
        let allocation: BitAllocation
        let point: FrontierPoint
    }

    let network: RealNetwork
    let inputs: InputQuantizer
    /// Prepared.
    let samples: [[Float]]
    /// What the network computes on them.
    let reference: [SampleMatrix]
    private let outputExponents: [Int]
    let options: QuantizationOptions
    /// How near the polynomials are to the model: integers may change a quarter as much.
    let polynomial: Fidelity
    /// How many allocations may be measured.
    let limit: Int
    /// In the order of the search, so that of equal ones the same is taken in every run.
    private(set) var measured: [Measured] = []
    /// Why allocations gave no network, in order.
    private(set) var failures: [QuantizationError] = []
    /// Of each allocation that was tried, its place among those measured; nil: it gave no network.
    private var known: [BitAllocation: Int?] = [:]
    private struct InputChoice: Hashable {
        let levels: Int
        let method: RangeMethod
    }

    private var specifications: [InputChoice: InputSpecification] = [:]
    private var roundedNodes: Set<Int> = []

    /// Allocations that are measured of any network: all of the finest mode, and a few.
    static let fewest = 8

    /// Of tables, the most values of a run; nil: there are none.
    var tableValues: Int? {
        guard case .tables(let values) = options.activations else { return nil }
        return values ?? LookupTables.mostValues
    }

    var lowest: Int { QuantizationOptions.levels(bits: options.bits.lowerBound) }
    var highest: Int { QuantizationOptions.levels(bits: options.bits.upperBound) }

    init(
        network: RealNetwork, inputs: InputQuantizer, samples: [[Float]], reference: [SampleMatrix],
        options: QuantizationOptions, polynomial: Fidelity, work: Int = .max
    ) {
        limit = max(Self.fewest, work / max(1, network.work(samples: samples.count)))
        self.network = network
        self.inputs = inputs
        self.samples = samples
        self.reference = reference
        outputExponents = IntegerAssembly.exponents(network, reference[network.output])
        self.options = options
        self.polynomial = polynomial
    }

    /// The network of an allocation.
    func assemble(
        _ allocation: BitAllocation
    ) throws(QuantizationError) -> (assembly: IntegerAssembly, output: IntegerAssembly.Output) {
        try assemble(
            allocation,
            try inputs.specification(levels: allocation.input, method: allocation.range))
    }

    private func assemble(
        _ allocation: BitAllocation, _ specification: InputSpecification
    ) throws(QuantizationError) -> (assembly: IntegerAssembly, output: IntegerAssembly.Output) {
        var assembly = try IntegerAssembly(
            network, reference: reference, outputExponents: outputExponents,
            specification: specification, samples: samples, tableValues: tableValues)
        for levels in allocation.weights {
            try assembly.step(levels: levels, perChannel: allocation.perChannel)
        }
        let output = try assembly.finish(levels: allocation.weights.max() ?? 1)
        return (assembly, output)
    }

    /// The input of an allocation, once for each.
    private mutating func specification(
        _ levels: Int, _ method: RangeMethod
    ) throws(QuantizationError) -> InputSpecification {
        let key = InputChoice(levels: levels, method: method)
        if let known = specifications[key] { return known }
        let made = try inputs.specification(levels: levels, method: method)
        specifications[key] = made
        return made
    }

    /// The allocation that gives the same network with the first range and without channels, where one does.
    private mutating func canonical(_ allocation: BitAllocation) -> BitAllocation {
        var same = allocation
        if same.range != options.calibration,
            let first = try? specification(allocation.input, options.calibration),
            let own = try? specification(allocation.input, allocation.range), own == first
        {
            same.range = options.calibration
        }
        if !hasChannels { same.perChannel = false }
        return same
    }

    /// Whether any map may have scales of its channels: of outputs they are one.
    private var hasChannels: Bool {
        affineNodes.contains { $0 + 1 != network.output && network.nodes[$0].shape[0] > 1 }
    }

    /// Measures an allocation, or takes what was measured of one that gives the same network.
    mutating func measure(_ allocation: BitAllocation) -> Measured? {
        measureOnce(canonical(allocation)).map {
            Measured(allocation: allocation, point: $0.point)
        }
    }

    private mutating func measureOnce(_ allocation: BitAllocation) -> Measured? {
        if let place = known[allocation] { return place.map { measured[$0] } }
        guard known.count < limit else { return nil }
        do {
            let (assembly, output) = try assemble(
                allocation, try specification(allocation.input, allocation.range))
            let point = FrontierPoint(
                inputBits: BitAllocation.bits(levels: allocation.input),
                bits: affineNodes.map {
                    BitAllocation.bits(
                        levels: min(allocation.weights[$0], assembly.exactLevels[$0] ?? .max))
                }, perChannel: allocation.perChannel, rangeBits: assembly.rangeBits(output),
                observedBits: assembly.observedBits(output),
                fidelity: Fidelity(
                    assembly.logits(output), against: reference[network.output],
                    decision: network.decision, labels: nil))
            guard point.rangeBits.isFinite, point.fidelity.relativeError.isFinite else {
                throw QuantizationError.outOfRange(
                    node: "outputs", reason: "values beyond 2^1023; the network is too deep")
            }
            roundedNodes.formUnion(assembly.roundedNodes)
            let found = Measured(allocation: allocation, point: point)
            known[allocation] = measured.count
            measured.append(found)
            return found
        } catch let error as QuantizationError {
            known[allocation] = .some(nil)
            failures.append(error)
            return nil
        } catch {
            return nil
        }
    }

    /// Nodes that are affine maps, in order.
    var affineNodes: [Int] {
        network.nodes.indices.filter {
            if case .affine = network.nodes[$0].operation { true } else { false }
        }
    }

    /// Measures the frontier.
    ///
    /// - Parameter progress: called with the share done.
    mutating func explore(progress: (Double) -> Void) throws(QuantizationError) {
        if tableValues != nil { return try exploreTables(progress: progress) }
        var modes: [BitAllocation] = []
        // What serves the input's values best need not serve the outputs best: the whole range is always tried.
        for range in [options.calibration, .minMax] {
            for perChannel in [options.perChannel, false] {
                let mode = BitAllocation(
                    input: highest, weights: network.nodes.map { _ in highest },
                    perChannel: perChannel, range: range)
                if !modes.contains(mode) { modes.append(mode) }
            }
        }
        for (index, mode) in modes.enumerated() {
            try explore(mode) { done in
                progress((Double(index) + done) / Double(modes.count))
            }
        }
        guard !measured.isEmpty else {
            throw failures.first ?? .invalidNetwork("nothing was found")
        }
    }

    private mutating func explore(
        _ mode: BitAllocation, progress: (Double) -> Void
    ) throws(QuantizationError) {
        guard let best = finest(mode) else { return }
        let top = best.allocation
        let parameters = searched
        let sensitivities = sensitivities(of: parameters, from: best, progress: progress)
        guard !sensitivities.isEmpty else { return }
        // From the coarsest to the finest; of four modes, in what may be measured and what improving the best takes.
        let count = min(24, max(4, limit / 5 - sensitivities.count))
        // At the first step all have the fewest levels, at the last all have the most.
        let shares = sensitivities.map { ($0.error / $0.range).squareRoot() }
        let floors = sensitivities.map { Double(floor(of: $0.parameter)) }
        let start = zip(floors, shares).map { $0 / $1 }.min()!
        let end = Double(highest) / shares.min()!
        for step in 0...count {
            var allocation = top
            let relative = Double(step) / Double(count)
            let factor = start * exp2(relative * log2(max(end / start, 1)))
            for (index, sensitivity) in sensitivities.enumerated() {
                let wanted = min(max(factor * shares[index], floors[index]), Double(highest))
                allocation[sensitivity.parameter] = Int(wanted.rounded())
            }
            _ = measure(allocation)
            progress(0.4 + 0.6 * relative)
        }
    }

    /// All parameters alike, as fine as integers can be.
    private mutating func finest(_ mode: BitAllocation) -> Measured? {
        var levels = highest
        while true {
            var allocation = mode
            allocation.input = levels
            allocation.weights = allocation.weights.map { _ in levels }
            if let found = measure(allocation) { return found }
            guard levels > lowest else { return nil }
            levels = max(lowest, levels / 2)
        }
    }

    /// Fewest levels. An input may have one bit less: where it has no sign, a bit more goes into its codes.
    func floor(of parameter: Int) -> Int {
        parameter == 0 ? max(1, lowest / 2) : lowest
    }

    /// Nodes whose codes tables make.
    var tableNodes: [Int] {
        guard tableValues != nil else { return [] }
        return network.nodes.indices.filter { network.nodes[$0].isActivation }
    }

    /// Parameters that change something: the input unless it is given, codes that tables make, and maps whose weights
    /// aren't integers already.
    var searched: [Int] {
        var parameters = (roundedNodes.sorted() + tableNodes).map { $0 + 1 }
        if network.fixedInput == nil { parameters.insert(0, at: 0) }
        return parameters
    }

    private struct Sensitivity {
        let parameter: Int
        /// a: square error times the square of the levels.
        let error: Double
        /// r: bits of range a bit.
        let range: Double
    }

    private mutating func sensitivities(
        of parameters: [Int], from best: Measured, progress: (Double) -> Void
    ) -> [Sensitivity] {
        let highest = best.allocation.input
        let probe = max(lowest, min(7, highest / 2))
        guard probe < highest else { return [] }
        let base = best.point.fidelity.relativeError * best.point.fidelity.relativeError
        var result: [Sensitivity] = []
        for (index, parameter) in parameters.enumerated() {
            var allocation = best.allocation
            allocation[parameter] = probe
            progress(0.4 * Double(index + 1) / Double(parameters.count))
            guard let found = measure(allocation) else { continue }
            let error = found.point.fidelity.relativeError * found.point.fidelity.relativeError
            let bits = best.point.rangeBits - found.point.rangeBits
            let range = bits / log2(Double(highest) / Double(probe))
            result.append(
                Sensitivity(
                    parameter: parameter, error: max(error - base, 1e-12) * Double(probe * probe),
                    range: max(range, 0.1)))
        }
        return result
    }

    func isWithinTolerance(_ point: FrontierPoint) -> Bool {
        let ofDecisions = tableValues == nil ? 0.125 : 0.25
        let relative =
            options.errorTolerance ?? (network.decision == .regression ? 0.01 : ofDecisions)
        let error = max(relative, polynomial.relativeError / 4)
        let lost = max(1 - polynomial.agreement, polynomial.expectedChanges)
        let changes = max(options.decisionTolerance, lost / 4)
        // One sample is no statistic.
        let one = 1 / Double(max(1, samples.count))
        return 1 - point.fidelity.agreement <= max(changes, one) + 1e-9
            && point.fidelity.expectedChanges <= changes
            && point.fidelity.relativeError <= error
    }
}
