// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// Interval arithmetic over integers, exact: for independent values in ranges the ends of a linear layer's ranges are
/// reached.
package enum IntervalPropagation {
    /// - Parameter ranges: of the sources, end to end; those of tables within their domains.
    package static func apply(
        _ layer: IntegerNetwork.Layer, to ranges: [ClosedRange<BigInt>]
    ) -> [ClosedRange<BigInt>] {
        if let small = machineRanges(ranges, layer) {
            return run(layer, small).map { BigInt($0.lowerBound)...BigInt($0.upperBound) }
        }
        return run(layer, ranges)
    }

    /// Of what the last of a network's operations so far puts out; nil where it exceeds 32 bits.
    package static func ranges(
        after operations: [IntegerNetwork.Operation], input: InputSpecification
    ) -> [ClosedRange<Int64>]? {
        let values = all(operations, input: input)
        var out: [ClosedRange<Int64>] = []
        for range in values[values.count - 1] {
            guard let low = Int64(exactly: range.lowerBound),
                let high = Int64(exactly: range.upperBound), low.magnitude < 1 << 31,
                high.magnitude < 1 << 31
            else { return nil }
            out.append(low...high)
        }
        return out
    }

    /// Of every value: the input's, then those that each operation puts out.
    package static func all(
        _ operations: [IntegerNetwork.Operation], input: InputSpecification
    ) -> [[ClosedRange<BigInt>]] {
        let box = BigInt(input.range.lowerBound)...BigInt(input.range.upperBound)
        var values = [Array(repeating: box, count: input.count)]
        for index in operations.indices {
            values.append(apply(index, of: operations, to: values))
        }
        return values
    }

    /// The ranges in Int64, if all partial sums of the layer are proven to fit.
    private static func machineRanges(
        _ ranges: [ClosedRange<BigInt>], _ layer: IntegerNetwork.Layer
    ) -> [ClosedRange<Int64>]? {
        var small: [ClosedRange<Int64>] = []
        var largest: UInt = 0
        for range in ranges {
            guard let lower = Int64(exactly: range.lowerBound),
                let upper = Int64(exactly: range.upperBound)
            else { return nil }
            small.append(lower...upper)
            largest = max(largest, UInt(max(lower.magnitude, upper.magnitude)))
        }
        guard let bound = MachineBound.bound(after: layer, inputs: [largest]),
            bound <= UInt(Int.max)
        else { return nil }
        return small
    }

    private static func run<Value: IntervalValue>(
        _ layer: IntegerNetwork.Layer, _ ranges: [ClosedRange<Value>]
    ) -> [ClosedRange<Value>] {
        switch layer {
        case .square: return ranges.map(square)
        case .product(let count):
            return (0..<count).map { product(ranges[$0], ranges[count + $0]) }
        case .forest(let forest):
            return [ClosedRange<Value>](repeating: Value(0)...Value(1), count: forest.leafCount)
        case .table(let tables):
            return ranges.enumerated().map { tables.range(of: $0, within: $1) }
        case .affine(let affine):
            let matrix = affine.matrix
            return (0..<matrix.rows).map { row in
                var sum = Accumulator(Value(affine.bias[row]))
                for entry in matrix.entries(ofRow: row) {
                    sum.add(ranges[matrix.columnIndices[entry]], times: matrix.weights[entry])
                }
                return sum.range
            }
        case .dense(let dense):
            return (0..<dense.outputs).map { output in
                var sum = Accumulator(Value(dense.bias[output]))
                for (input, range) in ranges.enumerated() {
                    sum.add(range, times: dense.weights[output * dense.inputs + input])
                }
                return sum.range
            }
        case .convolution(let convolution):
            let positions = convolution.positionsCount
            let indices = convolution.gatherIndices()
            return (0..<convolution.outputShape.count).map { output in
                let (map, position) = output.quotientAndRemainder(dividingBy: positions)
                var sum = Accumulator(Value(convolution.bias[map]))
                for tap in 0..<convolution.tapsCount {
                    let index = indices[tap * positions + position]
                    guard index >= 0 else { continue }
                    sum.add(ranges[Int(index)], times: convolution.weight(map: map, tap: tap))
                }
                return sum.range
            }
        }
    }

    private static func square<Value: IntervalValue>(
        _ range: ClosedRange<Value>
    ) -> ClosedRange<Value> {
        let low = range.lowerBound * range.lowerBound
        let high = range.upperBound * range.upperBound
        if range.contains(0) { return 0...max(low, high) }
        return min(low, high)...max(low, high)
    }

    private static func product<Value: IntervalValue>(
        _ a: ClosedRange<Value>, _ b: ClosedRange<Value>
    ) -> ClosedRange<Value> {
        let corners = [
            a.lowerBound * b.lowerBound, a.lowerBound * b.upperBound, a.upperBound * b.lowerBound,
            a.upperBound * b.upperBound,
        ]
        return corners.min()!...corners.max()!
    }

    private struct Accumulator<Value: IntervalValue> {
        var lower: Value
        var upper: Value

        init(_ start: Value) {
            lower = start
            upper = start
        }

        var range: ClosedRange<Value> { lower...upper }

        mutating func add(_ range: ClosedRange<Value>, times weight: Int64) {
            guard weight != 0 else { return }
            let factor = Value(weight)
            if weight > 0 {
                lower += factor * range.lowerBound
                upper += factor * range.upperBound
            } else {
                lower += factor * range.upperBound
                upper += factor * range.lowerBound
            }
        }
    }
}

/// Integers that interval arithmetic runs on.
protocol IntervalValue: SignedNumeric, Comparable, Sendable {
    init(_ value: Int64)
    /// nil where it has more than 64 bits.
    var machine: Int64? { get }
}

extension Int64: IntervalValue {
    var machine: Int64? { self }
}
extension BigInt: IntervalValue {
    var machine: Int64? { Int64(exactly: self) }
}

extension LookupTables {
    /// - Precondition: the range is within the element's domain, as a network's construction proves.
    fileprivate func range<Value: IntervalValue>(
        of element: Int, within range: ClosedRange<Value>
    ) -> ClosedRange<Value> {
        guard let lower = range.lowerBound.machine, let upper = range.upperBound.machine,
            let found = self.range(of: element, within: lower...upper)
        else { preconditionFailure("an element outside its table") }
        return Value(found.lowerBound)...Value(found.upperBound)
    }
}
