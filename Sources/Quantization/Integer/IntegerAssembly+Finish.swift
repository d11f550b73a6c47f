// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension IntegerAssembly {
    /// Where the outputs are and what they are worth.
    struct Output: Sendable {
        let value: Int
        let units: OutputUnits
    }

    /// Makes the outputs integers of one scale, up to powers of two.
    ///
    /// - Parameter levels: what the largest factor of different ones becomes.
    mutating func finish(levels: Int) throws(QuantizationError) -> Output {
        let encoding = encodings[network.output]
        if encoding.terms.count == 1, encoding.constants.allSatisfy({ $0 == 0 }),
            let output = output(encoding.terms[0], exponents: [])
                ?? output(encoding.terms[0], exponents: outputExponents)
        {
            return output
        }
        let parts = encoding.terms.map { ($0.value, LinearMap.matrix(.diagonal($0.factors))) }
        guard !parts.isEmpty else { throw .invalidNetwork("its outputs are constants") }
        let result = try quantize(
            parts, bias: encoding.constants, shape: network.shape(of: network.output),
            granule: encoding.constants.count, levels: levels, rowUnits: outputRowUnits,
            reference: reference[network.output], node: nil, name: "outputs")
        guard let output = output(result.terms[0], exponents: outputExponents) else {
            throw .outOfRange(node: "outputs", reason: "a scale of \(result.terms[0].factors[0])")
        }
        return output
    }

    /// A value whose factors differ by these powers of two alone.
    private func output(_ term: Encoding.Term, exponents: [Int]) -> Output? {
        let factors =
            exponents.isEmpty
            ? term.factors : zip(term.factors, outputRowUnits).map { $0 / $1 }
        guard term.value > 0, let scale = Encoding.uniform(factors),
            let units = try? OutputUnits(
                scale: scale, exponents: exponents, outputs: factors.count,
                decision: network.decision)
        else { return nil }
        return Output(value: term.value, units: units)
    }

    /// What the exponents stand for, of each row of what makes the outputs; none where they share a unit.
    var outputRowUnits: [Double] { outputExponents.map { exp2(Double($0)) } }

    /// Units of the outputs by their deviation on the samples, where nothing compares them and sizes differ much; one for
    /// each channel. Powers of two, so that a unit tells little of the weights.
    static func exponents(_ network: RealNetwork, _ reference: SampleMatrix) -> [Int] {
        let channels = network.shape(of: network.output)[0]
        guard network.decision == .regression, channels > 1, reference.samples > 1 else {
            return []
        }
        let area = reference.count / channels
        let sizes = (0..<channels).map { channel in
            (channel * area..<(channel + 1) * area).reduce(0) { largest, element in
                let part = reference.values[reference.range(ofElement: element)]
                let (mean, square) = (
                    part.reduce(0, +) / Double(part.count),
                    part.reduce(0) { $0 + $1 * $1 } / Double(part.count)
                )
                let variance =
                    part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(part.count)
                // One that doesn't vary is measured by its magnitude.
                return max(largest, variance > 1e-12 * square ? variance : square)
            }
        }
        let largest = sizes.max() ?? 0
        guard largest.isNormal else { return [] }
        let exponents = sizes.map { size in
            size > 0
                ? max(OutputUnits.lowestExponent, Int((log2(size / largest) / 2).rounded(.down)))
                : 0
        }
        guard (exponents.min() ?? 0) <= -fewestBitsBetweenUnits else { return [] }
        return exponents.flatMap { [Int](repeating: $0, count: area) }
    }

    /// Sizes that differ by less share one unit.
    private static let fewestBitsBetweenUnits = 3

    /// Bits of a signed integer that holds every output, by interval arithmetic.
    func rangeBits(_ output: Output) -> Double {
        log2(max(1, 2 * ranges[output.value].magnitude + 1))
    }

    /// Bits that the samples' outputs need.
    func observedBits(_ output: Output) -> Double {
        log2(max(1, 2 * batches[output.value].values.reduce(0) { max($0, abs($1)) } + 1))
    }

    /// What the outputs stand for on the samples.
    func logits(_ output: Output) -> SampleMatrix {
        batches[output.value].mapped { $1 * output.units.unit(ofOutput: $0) }
    }

    /// What the integers stand for at a value of the real network.
    func reals(of value: Int) -> SampleMatrix {
        let encoding = encodings[value]
        var result = SampleMatrix(count: encoding.constants.count, samples: batches[0].samples)
        result = result.mapped { element, _ in encoding.constants[element] }
        for term in encoding.terms {
            let batch = batches[term.value]
            for element in 0..<batch.count {
                for n in batch.range(ofElement: element) {
                    result.values[n] += term.factors[element] * batch.values[n]
                }
            }
        }
        return result
    }

    /// The integer network, without operations that nothing reads.
    func build(_ output: Output) throws(QuantizationError) -> IntegerNetwork {
        var isNeeded = [Bool](repeating: false, count: operations.count + 1)
        isNeeded[output.value] = true
        for index in operations.indices.reversed() where isNeeded[index + 1] {
            for source in operations[index].sources { isNeeded[source] = true }
        }
        var places = [Int](repeating: 0, count: operations.count + 1)
        var built: [IntegerNetwork.Operation] = []
        for (index, operation) in operations.enumerated() where isNeeded[index + 1] {
            let layer = try operation.layer(count: batches[index + 1].count)
            var sources = operation.sources.map { places[$0] }
            if case .square = layer { sources = [sources[0]] }
            built.append(IntegerNetwork.Operation(layer, sources: sources))
            places[index + 1] = built.count
        }
        do {
            return try IntegerNetwork(
                input: specification, operations: built, outputScale: output.units.scale,
                outputExponents: output.units.exponents, labels: network.labels,
                decision: network.decision, transform: network.transform)
        } catch {
            throw .invalidNetwork(error.description)
        }
    }
}
