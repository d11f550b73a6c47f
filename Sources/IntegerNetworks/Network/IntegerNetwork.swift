// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// A quantized network: a polynomial with integer coefficients in integer inputs. Accumulators are never rescaled.
package struct IntegerNetwork: Sendable, Equatable {
    /// Largest number of elements of any tensor of a network.
    package static let maximumElements = 1 << 24
    /// Largest number of operations.
    package static let maximumLayers = 512

    package let input: InputSpecification
    /// In an order in which every value is made before it is read. The last one makes the outputs.
    package let operations: [Operation]
    /// What one unit of an output stands for.
    package let units: OutputUnits
    /// A name for each class, or for each output of a regression.
    package let labels: [String]
    package let decision: Decision
    package let transform: OutputTransform

    /// - Throws: `NetworkError` when there is no operation, one reads what is not made before it or values of the wrong
    ///   sizes, a result but the last is read by nothing, the labels are not as many as the decision asks for, or the
    ///   units of outputs are none (see `OutputUnits`).
    package init(
        input: InputSpecification, operations: [Operation], outputScale: Double,
        outputExponents: [Int] = [], labels: [String], decision: Decision = .largest,
        transform: OutputTransform = .none
    ) throws(NetworkError) {
        guard let last = operations.last else { throw .invalidShape("a network without layers") }
        guard operations.count <= Self.maximumLayers else {
            throw .invalidShape("\(operations.count) layers; at most \(Self.maximumLayers)")
        }
        try Self.check(operations, input: input)
        try Self.checkTables(operations, input: input)
        let expected = decision.labelsCount(outputs: last.layer.outputCount)
        guard let expected else {
            throw .invalidShape("\(last.layer.outputCount) outputs for a decision by \(decision)")
        }
        guard labels.count == expected else {
            throw .wrongCount(of: "labels", expected: expected, found: labels.count)
        }
        units = try OutputUnits(
            scale: outputScale, exponents: outputExponents, outputs: last.layer.outputCount,
            decision: decision)
        self.input = input
        self.operations = operations
        self.labels = labels
        self.decision = decision
        self.transform = transform
    }

    /// A chain: each layer reads the one before it.
    package init(
        input: InputSpecification, layers: [Layer], outputScale: Double, labels: [String]
    ) throws(NetworkError) {
        try self.init(
            input: input, operations: Operation.chain(layers), outputScale: outputScale,
            labels: labels)
    }

    private static func check(
        _ operations: [Operation], input: InputSpecification
    ) throws(NetworkError) {
        var counts = [input.count]
        var isRead = [true]
        for (index, operation) in operations.enumerated() {
            let layer = operation.layer
            let sources = operation.sources
            guard sources.allSatisfy({ $0 >= 0 && $0 <= index }) else {
                throw .invalidShape(
                    "layer \(index) (\(layer.summary)) reads a value that is not made before it")
            }
            let arity = layer.sourcesCount
            guard
                arity == sources.count || (arity == nil && !sources.isEmpty && sources.count <= 64)
            else {
                throw .invalidShape(
                    "layer \(index) (\(layer.summary)) reads \(sources.count) values")
            }
            var found = 0
            for source in sources {
                isRead[source] = true
                found += counts[source]
            }
            if case .forest = layer {
                guard sources == [0], input.range == 0...1 else {
                    throw .invalidShape("trees that read something else than an input of bits")
                }
            }
            guard layer.inputCount == found, layer.outputCount > 0 else {
                throw .invalidShape(
                    "layer \(index) (\(layer.summary)) reads \(layer.inputCount) values and is given \(found)"
                )
            }
            if case .product(let count) = layer {
                guard sources.allSatisfy({ counts[$0] == count }) else {
                    throw .invalidShape("layer \(index) multiplies values of different sizes")
                }
            }
            counts.append(layer.outputCount)
            isRead.append(index == operations.count - 1)
        }
        if let unread = isRead.firstIndex(of: false) {
            throw .invalidShape("nothing reads the result of layer \(unread - 1)")
        }
    }

    /// Tables are polynomials: of an integer outside its run one says anything. So every run holds all that its element can
    /// be, by interval arithmetic.
    private static func checkTables(
        _ operations: [Operation], input: InputSpecification
    ) throws(NetworkError) {
        guard operations.contains(where: \.layer.isTable)
        else { return }
        let box = BigInt(input.range.lowerBound)...BigInt(input.range.upperBound)
        var ranges = [Array(repeating: box, count: input.count)]
        for (index, operation) in operations.enumerated() {
            let sources = operation.sources.flatMap { ranges[$0] }
            if case .table(let tables) = operation.layer {
                for (element, range) in sources.enumerated() {
                    let domain = tables.run(of: element).domain
                    guard range.lowerBound >= BigInt(domain.lowerBound),
                        range.upperBound <= BigInt(domain.upperBound)
                    else {
                        throw .invalidShape(
                            "layer \(index) (\(operation.layer.summary)) reads an element in "
                                + "\(range.lowerBound)...\(range.upperBound); its table is for \(domain)"
                        )
                    }
                }
            }
            ranges.append(IntervalPropagation.apply(index, of: operations, to: ranges))
        }
    }

    /// Whether some function is given by its values: results are exact then by one plaintext modulus alone.
    package var hasTables: Bool {
        operations.contains(where: \.layer.isTable)
    }

    /// What a residue has to tell apart: the widest run of its tables, less one; 0 without tables.
    package var widestTable: Int {
        operations.reduce(0) {
            if case .table(let tables) = $1.layer { max($0, tables.longest - 1) } else { $0 }
        }
    }

    package var layers: [Layer] { operations.map(\.layer) }
    package var inputCount: Int { input.count }
    /// The trees that it begins with, if it does.
    package var forest: Forest? {
        if case .forest(let forest) = operations[0].layer { forest } else { nil }
    }
    package var outputCount: Int { operations[operations.count - 1].layer.outputCount }

    /// Of every value, the input first: the products on the longest way to it.
    package var depths: [Int] {
        var depths = [0]
        for operation in operations {
            let deepest = operation.sources.map { depths[$0] }.max() ?? 0
            depths.append(deepest + operation.layer.depth)
        }
        return depths
    }

    /// Products on the longest way through the network.
    package var depth: Int { depths.max() ?? 0 }

    /// "0" up to "count - 1": the labels of a network that names none.
    package static func defaultLabels(_ count: Int) -> [String] { (0..<count).map(String.init) }
}
