// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// An integer network made node by node from a real one without activations, with its values on samples and by interval
/// arithmetic along: a value type, so that a search can go back to any node.
struct IntegerAssembly: Sendable {
    let network: RealNetwork
    /// What the real network computes on the samples.
    let reference: [SampleMatrix]
    let specification: InputSpecification
    var operations: [AssembledOperation] = []
    /// Integers of the input and of each operation, on the samples.
    var batches: [SampleMatrix]
    var ranges: [ElementRanges]
    /// Of each value of the real network.
    var encodings: [Encoding] = []
    /// Of each node that chose scales for its weights: the steps that would make them exact, if any would.
    var exactLevels: [Int: Int] = [:]
    /// Nodes whose weights were rounded.
    var roundedNodes: Set<Int> = []
    /// As of `OutputUnits`: of rows of what makes the outputs.
    let outputExponents: [Int]
    /// Of tables in place of activations, the most values of a run; nil: there are none.
    let tableValues: Int?

    /// - Parameters:
    ///   - outputExponents: as `exponents` finds them.
    ///   - samples: prepared, as many as the reference has.
    init(
        _ network: RealNetwork, reference: [SampleMatrix], outputExponents: [Int],
        specification: InputSpecification, samples: [[Float]], tableValues: Int? = nil
    ) throws(QuantizationError) {
        self.network = network
        self.reference = reference
        self.specification = specification
        self.outputExponents = outputExponents
        self.tableValues = tableValues
        let count = specification.count
        var batch = SampleMatrix(count: count, samples: samples.count)
        // The samples are normalized already.
        let plain: InputSpecification
        do {
            plain = try InputSpecification(
                shape: specification.shape, range: specification.range, scale: specification.scale,
                offsets: specification.offsets, scales: specification.scales)
            for (n, sample) in samples.enumerated() {
                for (i, value) in try plain.quantize(sample).enumerated() {
                    batch.values[i * samples.count + n] = Double(value)
                }
            }
        } catch {
            throw .invalidSamples(error.description)
        }
        batches = [batch]
        ranges = [
            ElementRanges(
                lower: [Double](repeating: Double(specification.range.lowerBound), count: count),
                upper: [Double](repeating: Double(specification.range.upperBound), count: count))
        ]
        let scales = specification.scales.map(Double.init)
        let offsets = specification.offsets.map(Double.init)
        encodings = [
            Encoding(
                terms: [
                    Encoding.Term(
                        value: 0,
                        factors: scales.isEmpty
                            ? [Double](repeating: Double(specification.scale), count: count)
                            : scales)
                ], constants: offsets.isEmpty ? [Double](repeating: 0, count: count) : offsets)
        ]
    }

    /// Appends what computes the next node.
    ///
    /// - Parameters:
    ///   - levels: what the largest weight becomes.
    ///   - perChannel: whether channels have scales of their own.
    mutating func step(levels: Int, perChannel: Bool) throws(QuantizationError) {
        let index = encodings.count - 1
        let node = network.nodes[index]
        switch node.operation {
        case .affine(let affine):
            try addAffine(affine, node: index, levels: levels, perChannel: perChannel)
        case .product: try addProduct(node)
        case .polynomial(let polynomials):
            let count = network.count(of: node.sources[0])
            encodings.append(
                try apply(polynomials, to: encodings[node.sources[0]], count: count, node: node))
        case .forest(let forest): try addForest(forest, node)
        case .activation(let expression):
            guard tableValues != nil else {
                throw .invalidNetwork("'\(node.name)' is no polynomial")
            }
            try addTable(expression, node, levels: levels)
        }
    }

    // MARK: Affine maps

    private mutating func addAffine(
        _ affine: RealAffine, node index: Int, levels: Int, perChannel: Bool
    ) throws(QuantizationError) {
        let node = network.nodes[index]
        let value = index + 1
        // A diagonal map of one value only changes what its integers stand for.
        if affine.maps.count == 1, let factors = affine.maps[0].diagonal,
            factors.allSatisfy({ $0 != 0 })
        {
            encodings.append(encodings[node.sources[0]].scaled(by: factors, adding: affine.bias))
            return
        }
        var parts: [(value: Int, map: LinearMap)] = []
        var bias = affine.bias
        for (map, source) in zip(affine.maps, node.sources) {
            let encoding = encodings[source]
            if encoding.constants.contains(where: { $0 != 0 }) {
                bias = zip(bias, map.applied(to: encoding.constants)).map { $0 + $1 }
            }
            for term in encoding.terms {
                guard let scaled = map.scaled(columns: term.factors) else {
                    throw .tooLarge(node: node.name, reason: "its linear map is too large")
                }
                try Self.add(scaled, of: term.value, to: &parts, node: node.name)
            }
        }
        let isShared = !perChannel || value == network.output
        let granule = isShared ? bias.count : bias.count / node.shape[0]
        let result = try quantize(
            parts, bias: bias, shape: node.shape, granule: granule, levels: levels,
            rowUnits: value == network.output ? outputRowUnits : [],
            mostValues: feedsTable(value) ? tableValues : nil, reference: reference[value],
            node: index)
        encodings.append(result)
        try claimShift(of: value)
    }

    // MARK: Trees

    private mutating func addForest(
        _ forest: Forest, _ node: RealNetwork.Node
    ) throws(QuantizationError) {
        let encoding = encodings[node.sources[0]]
        // Bits are integers as they are.
        guard encoding.terms.count == 1, encoding.terms[0].factors.allSatisfy({ $0 == 1 }),
            encoding.constants.allSatisfy({ $0 == 0 })
        else { throw .invalidNetwork("'\(node.name)' reads what are no bits") }
        let source = encoding.terms[0].value
        let value = append(
            .forest(forest), sources: [source], batch: forest.apply(to: batches[source]),
            range: ElementRanges(
                lower: [Double](repeating: 0, count: forest.leafCount),
                upper: [Double](repeating: 1, count: forest.leafCount)), node: node.name)
        encodings.append(
            Encoding(
                terms: [
                    Encoding.Term(
                        value: value, factors: [Double](repeating: 1, count: forest.leafCount))
                ], constants: [Double](repeating: 0, count: forest.leafCount)))
    }

    private static func add(
        _ map: LinearMap, of value: Int, to parts: inout [(value: Int, map: LinearMap)],
        node: String
    ) throws(QuantizationError) {
        guard let index = parts.firstIndex(where: { $0.value == value }) else {
            parts.append((value, map))
            return
        }
        guard let sum = parts[index].map.adding(map) else {
            throw .tooLarge(node: node, reason: "the sum of its linear maps is too large")
        }
        parts[index].map = sum
    }

    /// Appends an affine map of integer values, its weights in integers.
    ///
    /// - Parameters:
    ///   - rowUnits: what the scales of rows are multiples of; none where rows share a unit.
    ///   - mostValues: of an element, where tables read it: they take the bias along.
    ///   - reference: what it should give; its mean difference from what the integers stand for goes into the bias.
    ///   - node: of the real network, if it is its map.
    mutating func quantize(
        _ parts: [(value: Int, map: LinearMap)], bias: [Double], shape: [Int], granule: Int,
        levels: Int, rowUnits: [Double] = [], mostValues: Int? = nil, reference: SampleMatrix?,
        node index: Int?,
        name: String? = nil
    ) throws(QuantizationError) -> Encoding {
        let name = name ?? index.map { network.nodes[$0].name } ?? ""
        let groups = parts.map {
            WeightScales.Group(
                map: $0.map.scaled(rows: rowUnits.map { 1 / $0 }),
                size: batches[$0.value].rootMeanSquare)
        }
        var scales = WeightScales(groups, rows: bias.count, granule: granule, levels: levels)
        scales.scale(rows: rowUnits)
        if let mostValues {
            return try quantize(
                parts, bias: bias, shape: shape,
                scales: self.scales(
                    scales.scales, of: parts, granule: granule, mostValues: mostValues),
                reference: reference, name: name)
        }
        if let index {
            exactLevels[index] = scales.exactLevels
            if (scales.exactLevels ?? .max) > levels { roundedNodes.insert(index) }
        }
        let maps = parts.map { part in
            part.map.mapped { row, weight in (weight / scales.scales[row]).rounded() }
        }
        var integers = zip(bias, scales.scales).map { ($0 / $1).rounded() }
        guard integers.allSatisfy({ abs($0) < 0x1p62 }) else {
            throw .outOfRange(
                node: name, reason: "a bias of more than 62 bits")
        }
        var batch = LinearKernel.apply(maps, to: parts.map { batches[$0.value] }, bias: integers)
        if let reference {
            let corrections = Self.corrections(
                batch, scales: scales.scales, reference: reference, area: bias.count / shape[0])
            integers = zip(integers, corrections).map { $0 + $1 }
            batch.add(corrections)
        }
        let range = bounds(maps, of: parts.map(\.value), bias: integers)
        let value = append(
            .affine(RealAffine(maps: maps, bias: integers, shape: shape)),
            sources: parts.map(\.value), batch: batch, range: range, node: name)
        return Encoding(
            terms: [Encoding.Term(value: value, factors: scales.scales)],
            constants: [Double](repeating: 0, count: bias.count))
    }

    /// The same with these scales, without a bias: what tables read.
    private mutating func quantize(
        _ parts: [(value: Int, map: LinearMap)], bias: [Double], shape: [Int], scales: [Double],
        reference: SampleMatrix?, name: String
    ) throws(QuantizationError) -> Encoding {
        let maps = parts.map { part in
            part.map.mapped { row, weight in (weight / scales[row]).rounded() }
        }
        let zeros = [Double](repeating: 0, count: bias.count)
        let batch = LinearKernel.apply(maps, to: parts.map { batches[$0.value] }, bias: zeros)
        let range = bounds(maps, of: parts.map(\.value), bias: zeros)
        let value = append(
            .affine(RealAffine(maps: maps, bias: zeros, shape: shape)),
            sources: parts.map(\.value), batch: batch, range: range, node: name)
        var constants = bias
        if let reference {
            for (row, mean) in Self.meanErrors(
                batch, scales: scales, bias: bias, reference: reference,
                area: bias.count / shape[0]
            ).enumerated() { constants[row] += mean }
        }
        return Encoding(
            terms: [Encoding.Term(value: value, factors: scales)], constants: constants)
    }

    /// Of each channel, what its integers miss on average.
    private static func meanErrors(
        _ batch: SampleMatrix, scales: [Double], bias: [Double], reference: SampleMatrix,
        area: Int
    ) -> [Double] {
        var errors = [Double](repeating: 0, count: batch.count)
        guard batch.samples > 0 else { return errors }
        for channel in 0..<batch.count / area {
            let elements = channel * area..<(channel + 1) * area
            let sum = elements.reduce(0.0) { sum, element in
                batch.range(ofElement: element).reduce(sum) {
                    $0 + reference.values[$1] - scales[element] * batch.values[$1]
                        - bias[element]
                }
            }
            let mean = sum / Double(area * batch.samples)
            for element in elements { errors[element] = mean }
        }
        return errors
    }

    /// By interval arithmetic; of trees one leaf each counts.
    private func bounds(
        _ maps: [LinearMap], of values: [Int], bias: [Double]
    ) -> ElementRanges {
        if values.count == 1, values[0] > 0, let matrix = maps[0].matrix,
            case .forest(let forest) = operations[values[0] - 1].kind
        {
            return forest.bounds(matrix, bias: bias)
        }
        return LinearKernel.bounds(maps, of: values.map { ranges[$0] }, bias: bias)
    }

    /// Integers that take off each channel's mean error.
    private static func corrections(
        _ batch: SampleMatrix, scales: [Double], reference: SampleMatrix, area: Int
    ) -> [Double] {
        let perChannel = area * batch.samples
        var corrections = [Double](repeating: 0, count: batch.count)
        guard perChannel > 0 else { return corrections }
        for channel in 0..<batch.count / area {
            var sum = 0.0
            for element in channel * area..<(channel + 1) * area {
                for n in batch.range(ofElement: element) {
                    sum += reference.values[n] / scales[element] - batch.values[n]
                }
            }
            let mean = (sum / Double(perChannel)).rounded()
            guard abs(mean) < 0x1p53 else { continue }
            for element in channel * area..<(channel + 1) * area { corrections[element] = mean }
        }
        return corrections
    }

    mutating func append(
        _ kind: AssembledOperation.Kind, sources: [Int], batch: SampleMatrix, range: ElementRanges,
        node: String
    ) -> Int {
        operations.append(AssembledOperation(kind: kind, sources: sources, node: node))
        batches.append(batch)
        ranges.append(range)
        return operations.count
    }

    // MARK: Products

    private mutating func addProduct(_ node: RealNetwork.Node) throws(QuantizationError) {
        var values: [Int] = []
        var factors = [Double](repeating: 1, count: node.count)
        for source in node.sources {
            let (value, scales, constants) = try single(
                encodings[source], shape: node.shape, name: node.name)
            let offsets = zip(constants, scales).map { ($0 / $1).rounded() }
            values.append(try offset(value, by: offsets, shape: node.shape, name: node.name))
            factors = zip(factors, scales).map { $0 * $1 }
        }
        let value = multiply(values[0], values[1], name: node.name)
        encodings.append(
            Encoding(
                terms: [Encoding.Term(value: value, factors: factors)],
                constants: [Double](repeating: 0, count: node.count)))
    }

    mutating func multiply(_ a: Int, _ b: Int, name: String) -> Int {
        append(
            .product, sources: [a, b], batch: batches[a] * batches[b],
            range: a == b ? ranges[a].squared : ranges[a] * ranges[b], node: name)
    }

    /// One integer value that a tensor is a multiple of, up to constants.
    mutating func single(
        _ encoding: Encoding, shape: [Int], name: String, mostValues: Int? = nil
    ) throws(QuantizationError) -> (value: Int, factors: [Double], constants: [Double]) {
        if encoding.terms.count == 1, encoding.terms[0].factors.allSatisfy({ $0 != 0 }) {
            return (encoding.terms[0].value, encoding.terms[0].factors, encoding.constants)
        }
        let count = encoding.constants.count
        let parts = encoding.terms.map { ($0.value, LinearMap.matrix(.diagonal($0.factors))) }
        let result = try quantize(
            parts, bias: encoding.constants, shape: shape, granule: count / shape[0],
            levels: WeightScales.maximumExactLevels, mostValues: mostValues, reference: nil,
            node: nil, name: name)
        return (result.terms[0].value, result.terms[0].factors, result.constants)
    }

    /// The value plus an integer an element: nothing to do where those are zero.
    mutating func offset(
        _ value: Int, by offsets: [Double], shape: [Int], name: String
    ) throws(QuantizationError) -> Int {
        guard offsets.contains(where: { $0 != 0 }) else { return value }
        guard offsets.allSatisfy({ abs($0) < 0x1p62 }) else {
            throw .outOfRange(
                node: name,
                reason: "a constant of more than 62 bits")
        }
        var range = ranges[value]
        for index in offsets.indices {
            range.lower[index] += offsets[index]
            range.upper[index] += offsets[index]
        }
        var batch = batches[value]
        batch.add(offsets)
        return append(
            .affine(
                RealAffine(maps: [.identity(offsets.count)], bias: offsets, shape: shape)),
            sources: [value], batch: batch, range: range, node: name)
    }
}
