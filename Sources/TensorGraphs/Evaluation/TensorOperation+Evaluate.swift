// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

extension TensorOperation {
    /// The operation's output in Float32. Inputs have the counts that the operation was made for.
    package func evaluate(_ inputs: [[Float]]) -> [Float] {
        switch self {
        case .gather(let indices, let fill): return Self.gather(inputs, indices, fill)
        case .scale(let factors, let terms):
            return Self.map(inputs[0], factors) { $0 * $1 }.added(terms)
        case .quotient(let divisors): return Self.map(inputs[0], divisors) { $0 / $1 }
        case .matrix(let weights, let bias, let rows, let inner, let columns):
            return Self.product(
                inputs[0], weights.values, bias, batches: 1, rows: rows, inner: inner,
                columns: columns)
        case .convolution(let geometry, let weights, let bias):
            return geometry.evaluate(inputs[0], weights: weights.values, bias: bias)
        case .weightedSum(let starts, let indices, let weights):
            return Self.sums(inputs[0], starts, indices, weights)
        case .add: return inputs[0].added(inputs[1])
        case .subtract: return Self.map(inputs[0], inputs[1]) { $0 - $1 }
        case .multiply: return Self.map(inputs[0], inputs[1]) { $0 * $1 }
        case .divide: return Self.map(inputs[0], inputs[1]) { $0 / $1 }
        case .mask: return Self.map(inputs[0], inputs[1]) { $1 == 0 ? 0 : $0 * $1 }
        case .equal: return Self.map(inputs[0], inputs[1]) { $0 == $1 ? 1 : 0 }
        case .lookUp(let values):
            return inputs[0].map { place in
                Int(exactly: place).flatMap { values.indices.contains($0) ? values[$0] : nil }
                    ?? .nan
            }
        case .matrixProduct(let batches, let rows, let inner, let columns):
            return Self.product(
                inputs[0], inputs[1], nil, batches: batches, rows: rows, inner: inner,
                columns: columns)
        case .function(let function): return function.evaluate(inputs[0])
        case .impute(let missing, let values):
            return Self.map(inputs[0], values) { value, other in
                value == missing || (value.isNaN && missing == nil) ? other : value
            }
        case .encode(let keys, let values, let otherwise):
            let table = Dictionary(zip(keys, values)) { first, _ in first }
            return inputs[0].map { table[$0] ?? otherwise }
        case .softmax(let outer, let count, let inner):
            return Self.softmax(inputs[0], outer, count, inner, isLogarithm: false)
        case .logSoftmax(let outer, let count, let inner):
            return Self.softmax(inputs[0], outer, count, inner, isLogarithm: true)
        case .argMax(let outer, let count, let inner, let selectsLast):
            return Self.argMax(inputs[0], outer, count, inner, selectsLast)
        case .top(let outer, let count, let inner, let kept, let givesPlaces):
            return Self.top(inputs[0], outer, count, inner, kept, givesPlaces)
        case .normalize(let kind, let count): return kind.evaluate(inputs[0], count: count)
        case .maximum(let starts, let indices): return Self.maxima(inputs[0], starts, indices)
        case .conditions(let conditions): return conditions.bits(inputs[0])
        case .forest(let trees): return trees.leaves(inputs[0])
        case .quantize(let grid): return grid.codes(inputs[0])
        case .dequantize(let grid): return grid.values(inputs[0])
        case .vote(let classes): return Self.votes(inputs[0], classes)
        }
    }

    private static func gather(_ inputs: [[Float]], _ indices: [Int32], _ fill: Float) -> [Float] {
        let source = inputs.count == 1 ? inputs[0] : inputs.flatMap { $0 }
        return indices.map { $0 < 0 ? fill : source[Int($0)] }
    }

    @inline(__always)
    private static func map(
        _ a: [Float], _ b: [Float], _ function: (Float, Float) -> Float
    ) -> [Float] {
        precondition(a.count == b.count)
        return [Float](unsafeUninitializedCapacity: a.count) { output, count in
            count = a.count
            for index in 0..<count { output[index] = function(a[index], b[index]) }
        }
    }

    /// Inner loops run over contiguous columns.
    private static func product(
        _ a: [Float], _ b: [Float], _ bias: [Float]?, batches: Int, rows: Int, inner: Int,
        columns: Int
    ) -> [Float] {
        let size = inner * columns
        precondition(a.count == batches * rows * inner && b.count % max(1, size) == 0)
        precondition(b.count == batches * size && (bias?.count ?? columns) == columns)
        var output = [Float](repeating: 0, count: batches * rows * columns)
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                output.withUnsafeMutableBufferPointer { output in
                    for row in 0..<batches * rows {
                        let to = row * columns
                        let from = row / rows * size
                        for place in 0..<inner {
                            let value = a[row * inner + place]
                            let start = from + place * columns
                            for column in 0..<columns {
                                output[to + column] += value * b[start + column]
                            }
                        }
                    }
                }
            }
        }
        guard let bias else { return output }
        for index in output.indices { output[index] += bias[index % columns] }
        return output
    }

    private static func sums(
        _ input: [Float], _ starts: [Int], _ indices: [Int32], _ weights: [Float]
    ) -> [Float] {
        (0..<starts.count - 1).map { output in
            var sum: Float = 0
            for place in starts[output]..<starts[output + 1] {
                sum += input[Int(indices[place])] * weights[place]
            }
            return sum
        }
    }

    private static func maxima(_ input: [Float], _ starts: [Int], _ indices: [Int32]) -> [Float] {
        (0..<starts.count - 1).map { output in
            var best = -Float.infinity
            for place in starts[output]..<starts[output + 1] {
                best = max(best, input[Int(indices[place])])
            }
            return best
        }
    }

    private static func softmax(
        _ input: [Float], _ outer: Int, _ count: Int, _ inner: Int, isLogarithm: Bool
    ) -> [Float] {
        var output = input
        for row in 0..<outer {
            for column in 0..<inner {
                let places = (0..<count).map { (row * count + $0) * inner + column }
                let high = places.reduce(-Float.infinity) { max($0, input[$1]) }
                let logarithm = ScalarFunction.logarithm
                let exponential = ScalarFunction.exponential
                let sum = places.reduce(0) { $0 + exponential(Double(input[$1] - high)) }
                for place in places {
                    let shifted = Double(input[place] - high)
                    output[place] = Float(
                        isLogarithm ? shifted - logarithm(sum) : exponential(shifted) / sum)
                }
            }
        }
        return output
    }

    private static func argMax(
        _ input: [Float], _ outer: Int, _ count: Int, _ inner: Int, _ selectsLast: Bool
    ) -> [Float] {
        (0..<outer * inner).map { index in
            let start = index / inner * count * inner + index % inner
            var best = 0
            for place in 0..<count {
                let (found, current) = (input[start + place * inner], input[start + best * inner])
                if found > current || (selectsLast && found == current) { best = place }
            }
            return Float(best)
        }
    }

    private static func top(
        _ input: [Float], _ outer: Int, _ count: Int, _ inner: Int, _ kept: Int, _ givesPlaces: Bool
    ) -> [Float] {
        var output = [Float](repeating: 0, count: outer * kept * inner)
        for row in 0..<outer {
            for column in 0..<inner {
                func element(_ place: Int) -> Float {
                    input[(row * count + place) * inner + column]
                }
                // What is no number comes first.
                let order = (0..<count).sorted { a, b in
                    let (x, y) = (element(a), element(b))
                    if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? a < b : x.isNaN }
                    return x == y ? a < b : x > y
                }
                for (rank, place) in order.prefix(kept).enumerated() {
                    output[(row * kept + rank) * inner + column] =
                        givesPlaces ? Float(place) : element(place)
                }
            }
        }
        return output
    }

    private static func votes(_ input: [Float], _ classes: Int) -> [Float] {
        let pairs = classes * (classes - 1) / 2
        return (0..<input.count / pairs).map { row in
            var votes = [Int](repeating: 0, count: classes)
            var pair = row * pairs
            for i in 0..<classes {
                for j in i + 1..<max(classes, i + 1) {
                    votes[input[pair] > 0 ? i : j] += 1
                    pair += 1
                }
            }
            return Float(argmax(votes) ?? 0)
        }
    }
}

extension [Float] {
    fileprivate func added(_ other: [Float]) -> [Float] {
        precondition(count == other.count)
        return [Float](unsafeUninitializedCapacity: count) { output, filled in
            filled = count
            for index in 0..<filled { output[index] = self[index] + other[index] }
        }
    }
}

extension ScalarFunction {
    func evaluate(_ input: [Float]) -> [Float] {
        if case .relu = self { return input.map { $0 < 0 ? 0 : $0 } }
        return input.map { Float(self(Double($0))) }
    }
}

extension Normalization {
    /// Rows of zero stay as they are.
    func evaluate(_ input: [Float], count: Int) -> [Float] {
        var output = input
        for start in stride(from: 0, to: input.count, by: count) {
            let row = input[start..<start + count]
            let size: Float =
                switch self {
                case .max: row.max() ?? 0
                case .l1: row.reduce(0) { $0 + abs($1) }
                case .l2: row.reduce(0) { $0 + $1 * $1 }.squareRoot()
                }
            guard size != 0 else { continue }
            for index in row.indices { output[index] /= size }
        }
        return output
    }
}
