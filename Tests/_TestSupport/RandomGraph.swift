// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Seeded random networks that are no chains: branches, residual additions, concatenations, scalings, squares and
/// products of two values, on features and on images.
package enum RandomGraph {
    package struct Options {
        package var operations = 3...8
        package var depth = 2
        /// Of a feature vector.
        package var features = 2...12
        package var weight: ClosedRange<Int64> = -3...3
        package var range = -2...3
        /// Images [C, H, W] instead of features.
        package var isImage = false

        package init() {}
    }

    package static func make(seed: UInt64, options: Options = Options()) throws -> IntegerNetwork {
        var builder = Builder(seed: seed, options: options)
        return try builder.network()
    }
}

private struct Builder {
    var generator: SplitMix64
    let options: RandomGraph.Options
    var operations: [IntegerNetwork.Operation] = []
    var shapes: [[Int]]
    var depths = [0]
    var isRead = [false]

    init(seed: UInt64, options: RandomGraph.Options) {
        generator = SplitMix64(seed: seed)
        self.options = options
        shapes = [[]]
        shapes[0] = shape()
    }

    mutating func shape() -> [Int] {
        options.isImage
            ? [
                Int.random(in: 1...3, using: &generator), Int.random(in: 2...4, using: &generator),
                Int.random(in: 2...4, using: &generator),
            ] : [Int.random(in: options.features, using: &generator)]
    }

    func count(_ value: Int) -> Int { shapes[value].reduce(1, *) }

    mutating func network() throws -> IntegerNetwork {
        let wanted = Int.random(in: options.operations, using: &generator)
        while operations.count < wanted {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0, 1: try affine(of: some(1...3), to: shape())
            case 2: try diagonal(pick())
            case 3: product(pick())
            case 4: try residual()
            default: try convolution()
            }
        }
        // One last layer reads whatever nothing has read.
        let rest = isRead.indices.filter { !isRead[$0] }
        let endsInProduct = rest.count == 1 && Int.random(in: 0..<4, using: &generator) == 0
        if !endsInProduct || depths[rest[0]] >= options.depth || rest[0] == 0 {
            try affine(of: rest, to: [Int.random(in: 1...4, using: &generator)])
        } else {
            product(rest[0])
        }
        return try IntegerNetwork(
            input: InputSpecification(shape: shapes[0], range: options.range, scale: 1),
            operations: operations, outputScale: 1,
            labels: IntegerNetwork.defaultLabels(operations[operations.count - 1].layer.outputCount)
        )
    }

    mutating func pick() -> Int { Int.random(in: shapes.indices, using: &generator) }

    mutating func some(_ range: ClosedRange<Int>) -> [Int] {
        (0..<Int.random(in: range, using: &generator)).map { _ in pick() }
    }

    mutating func append(_ layer: IntegerNetwork.Layer, _ sources: [Int], shape: [Int]) {
        operations.append(IntegerNetwork.Operation(layer, sources: sources))
        shapes.append(shape)
        depths.append((sources.map { depths[$0] }.max() ?? 0) + (layer.isProduct ? 1 : 0))
        isRead.append(false)
        for source in sources { isRead[source] = true }
    }

    mutating func weight() -> Int64 { Int64.random(in: options.weight, using: &generator) }

    mutating func affine(of sources: [Int], to shape: [Int]) throws {
        let columns = sources.reduce(0) { $0 + count($1) }
        var matrix = SparseIntegerMatrix(columns: columns)
        let rows = shape.reduce(1, *)
        for _ in 0..<rows {
            for column in 0..<columns where Int.random(in: 0..<3, using: &generator) > 0 {
                let weight = weight()
                if weight != 0 { matrix.append(column: column, weight: weight) }
            }
            matrix.endRow()
        }
        let bias = (0..<rows).map { _ in weight() }
        append(
            .affine(try Affine(matrix: matrix, bias: bias, shape: shape)), sources, shape: shape)
    }

    mutating func diagonal(_ source: Int) throws {
        let isPlain = Bool.random(using: &generator)
        let factors = (0..<count(source)).map { _ in isPlain ? 1 : weight() }
        let bias = factors.map { _ in weight() }
        append(
            .affine(try .diagonal(factors, bias: bias, shape: shapes[source])), [source],
            shape: shapes[source])
    }

    /// A square, or a product of the value with a scaled copy.
    mutating func product(_ source: Int) {
        guard depths[source] < options.depth else { return }
        let count = count(source)
        guard Bool.random(using: &generator) else {
            append(.square(count: count), [source], shape: shapes[source])
            return
        }
        append(.square(count: count), [source], shape: shapes[source])
        let square = shapes.count - 1
        guard depths[square] < options.depth else { return }
        append(.product(count: count), [source, square], shape: shapes[source])
    }

    /// x + W y for y of the same size.
    mutating func residual() throws {
        let first = pick()
        let second = pick()
        let (rows, columns) = (count(first), count(first) + count(second))
        var matrix = SparseIntegerMatrix(columns: columns)
        for row in 0..<rows {
            matrix.append(column: row, weight: 2)
            for column in 0..<count(second) where Bool.random(using: &generator) {
                let weight = weight()
                if weight != 0 { matrix.append(column: rows + column, weight: weight) }
            }
            matrix.endRow()
        }
        let affine = try Affine(
            matrix: matrix, bias: Array(repeating: 1, count: rows), shape: shapes[first])
        append(.affine(affine), [first, second], shape: shapes[first])
    }

    mutating func convolution() throws {
        let source = pick()
        let sizes = shapes[source]
        guard sizes.count == 3 else { return }
        let kernel = Extent(height: 2, width: min(2, sizes[2]))
        let maps = Int.random(in: 1...3, using: &generator)
        let weights = (0..<maps * sizes[0] * kernel.height * kernel.width).map { _ in weight() }
        let bias = (0..<maps).map { _ in weight() }
        let convolution = try Convolution(
            weights: weights, bias: bias,
            inputShape: ImageShape(channels: sizes[0], height: sizes[1], width: sizes[2]),
            kernel: kernel, padding: Padding(top: 1, left: 0, bottom: 0, right: 0))
        append(.convolution(convolution), [source], shape: convolution.outputShape.array)
    }
}
