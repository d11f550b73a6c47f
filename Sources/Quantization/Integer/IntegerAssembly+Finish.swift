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
        let scale: Double
    }

    /// Makes the outputs integers of one scale.
    ///
    /// - Parameter levels: what the largest factor of different ones becomes.
    mutating func finish(levels: Int) throws(QuantizationError) -> Output {
        let encoding = encodings[network.output]
        if encoding.terms.count == 1, let scale = Encoding.uniform(encoding.terms[0].factors),
            scale > 0, scale.isNormal, encoding.terms[0].value > 0,
            encoding.constants.allSatisfy({ $0 == 0 })
        {
            return Output(value: encoding.terms[0].value, scale: scale)
        }
        let parts = encoding.terms.map { ($0.value, LinearMap.matrix(.diagonal($0.factors))) }
        guard !parts.isEmpty else { throw .invalidNetwork("its outputs are constants") }
        let result = try quantize(
            parts, bias: encoding.constants, shape: network.shape(of: network.output),
            granule: encoding.constants.count, levels: levels,
            reference: reference[network.output], node: nil, name: "outputs")
        let scale = result.terms[0].factors[0]
        guard scale.isNormal, scale > 0 else {
            throw .outOfRange(node: "outputs", reason: "a scale of \(scale)")
        }
        return Output(value: result.terms[0].value, scale: scale)
    }

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
        batches[output.value].mapped { $1 * output.scale }
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
                input: specification, operations: built, outputScale: output.scale,
                labels: network.labels, decision: network.decision, transform: network.transform)
        } catch {
            throw .invalidNetwork(error.description)
        }
    }
}
