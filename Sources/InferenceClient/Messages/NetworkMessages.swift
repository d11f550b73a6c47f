// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import Wire

extension Decision {
    /// Empty for the usual one.
    var wireName: String { self == .largest ? "" : rawValue }

    init(wireName: String) throws {
        guard let found = wireName.isEmpty ? .largest : Decision(rawValue: wireName),
            found.wireName == wireName
        else { throw WireError.outOfRange("the decision") }
        self = found
    }
}

extension OutputTransform {
    /// Empty for none.
    var wireName: String { self == .none ? "" : rawValue }

    init(wireName: String) throws {
        guard let found = wireName.isEmpty ? OutputTransform.none : Self(rawValue: wireName),
            found.wireName == wireName
        else { throw WireError.outOfRange("the output's transform") }
        self = found
    }
}

extension Blindsight_V6_NetworkMessage {
    package init(_ network: IntegerNetwork) {
        self.init()
        input = .init(network.input)
        operations = network.operations.map(Blindsight_V6_OperationMessage.init)
        outputScale = network.units.scale
        outputExponents = network.units.exponents.map(Int32.init)
        labels = network.labels
        decision = network.decision.wireName
        transform = network.transform.wireName
    }

    /// From a section. Its many small messages would take more memory than bytes: they are counted before they are
    /// parsed.
    package init(section: ArraySlice<UInt8>) throws {
        var (operations, others) = (0, 0)
        try MessageFields.scan(section) { number, size in
            if number == 2 { operations += 1 } else { others += size }
        }
        guard operations <= IntegerNetwork.maximumLayers else {
            throw WireError.outOfRange("\(operations) operations")
        }
        guard others <= Self.maximumOtherBytes else {
            throw WireError.sectionTooLarge(
                "network, without operations", bytes: UInt64(others),
                limit: Self.maximumOtherBytes)
        }
        try self.init(canonical: section, "the network's section")
    }

    /// Of all but operations.
    private static let maximumOtherBytes = 4 << 20

    /// Its layers check sizes and weights against each other.
    package func network() throws -> IntegerNetwork {
        guard operations.count <= IntegerNetwork.maximumLayers else {
            throw WireError.outOfRange("\(operations.count) operations")
        }
        return try IntegerNetwork(
            input: try input.specification(),
            operations: try operations.map { try $0.operation() }, outputScale: outputScale,
            outputExponents: outputExponents.map(Int.init), labels: labels,
            decision: try Decision(wireName: decision),
            transform: try OutputTransform(wireName: transform))
    }
}

extension Blindsight_V6_OperationMessage {
    init(_ operation: IntegerNetwork.Operation) {
        self.init()
        sources = operation.sources.map(UInt32.init)
        switch operation.layer {
        case .convolution(let layer):
            kind = .convolution
            let padding = layer.padding
            sizes = [
                layer.inputShape.channels, layer.inputShape.height, layer.inputShape.width,
                layer.kernel.height, layer.kernel.width, layer.strides.height,
                layer.strides.width, padding.top, padding.left, padding.bottom, padding.right,
            ].map(Int32.init)
            weights = layer.weights
            bias = layer.bias
        case .dense(let layer):
            kind = .dense
            sizes = [Int32(layer.inputs), Int32(layer.outputs)]
            weights = layer.weights
            bias = layer.bias
        case .affine(let layer):
            kind = .affine
            sizes = layer.shape.map(Int32.init)
            weights = layer.matrix.weights
            bias = layer.bias
            columns = UInt32(layer.matrix.columns)
            rowCounts = (0..<layer.matrix.rows).map {
                UInt32(layer.matrix.entries(ofRow: $0).count)
            }
            columnIndices = layer.matrix.columnIndices.map(UInt32.init)
        case .square(let count):
            kind = .square
            sizes = [Int32(count)]
        case .product(let count):
            kind = .product
            sizes = [Int32(count)]
        case .forest(let forest):
            kind = .forest
            sizes = forest.integers.map(Int32.init)
        case .table(let tables):
            kind = .table
            sizes =
                [Int32(tables.runs.count)] + tables.runs.map { Int32($0.values.count) }
                + tables.choices.map(Int32.init)
            weights = tables.runs.flatMap(\.values)
            bias = tables.runs.map(\.lower)
        }
    }

    func operation() throws -> IntegerNetwork.Operation {
        IntegerNetwork.Operation(try layer(), sources: sources.map(Int.init))
    }

    private func layer() throws -> IntegerNetwork.Layer {
        let sizes = sizes.map(Int.init)
        func expect(_ count: Int) throws {
            guard sizes.count == count else {
                throw WireError.wrongCount(
                    "an operation's sizes", expected: count, found: sizes.count)
            }
        }
        guard kind == .affine || columns == 0 && rowCounts.isEmpty && columnIndices.isEmpty else {
            throw WireError.malformed("an operation with entries of another kind")
        }
        switch kind {
        case .convolution:
            try expect(11)
            return .convolution(
                try Convolution(
                    weights: weights, bias: bias,
                    inputShape: ImageShape(channels: sizes[0], height: sizes[1], width: sizes[2]),
                    kernel: Extent(height: sizes[3], width: sizes[4]),
                    strides: Extent(height: sizes[5], width: sizes[6]),
                    padding: Padding(
                        top: sizes[7], left: sizes[8], bottom: sizes[9], right: sizes[10])))
        case .dense:
            try expect(2)
            return .dense(
                try Dense(weights: weights, bias: bias, inputs: sizes[0], outputs: sizes[1]))
        case .affine:
            return .affine(try Affine(matrix: try matrix(), bias: bias, shape: sizes))
        case .square, .product:
            try expect(1)
            guard weights.isEmpty, bias.isEmpty else {
                throw WireError.malformed("a product with weights")
            }
            return kind == .square ? .square(count: sizes[0]) : .product(count: sizes[0])
        case .forest:
            guard weights.isEmpty, bias.isEmpty, let forest = Forest(sizes) else {
                throw WireError.malformed("trees that are none")
            }
            return .forest(forest)
        case .table: return .table(try tables(sizes))
        case .unspecified, .UNRECOGNIZED:
            throw WireError.outOfRange("an operation of kind \(kind.rawValue)")
        }
    }

    /// - Parameter sizes: the number of runs, the size of each, the run of each element.
    private func tables(_ sizes: [Int]) throws -> LookupTables {
        guard let count = sizes.first, count == bias.count, count > 0, sizes.count > count,
            sizes[1...count].allSatisfy({ (1...LookupTables.mostValues).contains($0) }),
            sizes[1...count].reduce(0, +) == weights.count
        else { throw WireError.malformed("tables whose sizes don't fit") }
        var first = 0
        let runs = zip(sizes[1...count], bias).map { size, lower in
            defer { first += size }
            return LookupTables.Run(
                lower: lower, values: Array(weights[first..<first + size]))
        }
        return try LookupTables(runs: runs, choices: Array(sizes[(count + 1)...]))
    }

    private func matrix() throws -> SparseIntegerMatrix {
        guard weights.count == columnIndices.count,
            rowCounts.count <= IntegerNetwork.maximumElements,
            rowCounts.reduce(0, { $0 + Int($1) }) == weights.count,
            columns <= UInt32(IntegerNetwork.maximumElements),
            columnIndices.allSatisfy({ $0 < columns }), weights.allSatisfy({ $0 != 0 })
        else { throw WireError.malformed("an affine map's entries") }
        var matrix = SparseIntegerMatrix(columns: Int(columns))
        var entry = 0
        for count in rowCounts {
            for _ in 0..<count {
                matrix.append(column: Int(columnIndices[entry]), weight: weights[entry])
                entry += 1
            }
            matrix.endRow()
        }
        return matrix
    }
}
