// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Which operations a client may be asked to do: those that need no weights of layers.
extension TensorOperation {
    /// Whether a client's program may have it.
    package var isForClients: Bool {
        switch self {
        case .matrix, .convolution, .matrixProduct, .quantize, .dequantize, .conditions, .forest:
            false
        case .gather, .scale, .quotient, .weightedSum, .add, .subtract, .multiply, .divide,
            .function,
            .impute, .encode, .softmax, .logSoftmax, .argMax, .normalize, .maximum, .vote, .mask,
            .equal, .lookUp, .top:
            true
        }
    }

    /// Whether a client's program may have it where that is asked for: also what holds weights.
    package var mayBeMoved: Bool {
        switch self {
        case .matrix, .conditions, .forest: true
        default: isForClients
        }
    }

    /// Elements of all its lists.
    var listCount: Int {
        switch self {
        case .gather(let indices, _): indices.count
        case .scale(let factors, let terms): factors.count + terms.count
        case .quotient(let divisors): divisors.count
        case .weightedSum(let starts, let indices, let weights):
            starts.count + indices.count + weights.count
        case .maximum(let starts, let indices): starts.count + indices.count
        case .impute(_, let values): values.count
        case .conditions(let conditions): 3 * conditions.conditions.count
        case .forest(let trees):
            3 * trees.splits.count + trees.roots.count + trees.chains.count
        case .matrix(let weights, let bias, _, _, _): weights.values.count + (bias?.count ?? 0)
        case .encode(let keys, let values, _): keys.count + values.count
        case .lookUp(let values): values.count
        default: 0
        }
    }

    /// The elements of its result.
    /// - Parameter inputs: elements of its inputs.
    /// - Throws: `ProgramError` where it may not be asked of a client, or doesn't fit the inputs.
    func checkedCount(_ inputs: [Int]) throws(ProgramError) -> Int {
        let expected: Int
        switch self {
        case .add, .subtract, .multiply, .divide, .mask, .equal: expected = 2
        case .gather: expected = max(1, min(inputs.count, 64))
        default: expected = 1
        }
        guard mayBeMoved, inputs.count == expected, let first = inputs.first else {
            throw ProgramError("a step that no client does, or of \(inputs.count) values")
        }
        let (count, fits) = result(of: inputs, first)
        guard fits, count > 0 else { throw ProgramError("a step that doesn't fit what it reads") }
        return count
    }

    /// - Parameter count: of the first input.
    private func result(of inputs: [Int], _ count: Int) -> (count: Int, fits: Bool) {
        switch self {
        case .gather(let indices, let fill):
            let total = inputs.reduce(0, +)
            return (
                indices.count, fill.isFinite && indices.allSatisfy { $0 >= -1 && $0 < total }
            )
        case .scale(let factors, let terms):
            return (
                count,
                factors.count == count && terms.count == count
                    && (factors + terms).allSatisfy(\.isFinite)
            )
        case .quotient(let divisors):
            return (
                count, divisors.count == count && divisors.allSatisfy { $0.isFinite && $0 != 0 }
            )
        case .weightedSum(let starts, let indices, let weights):
            return (
                starts.count - 1,
                weights.count == indices.count && weights.allSatisfy(\.isFinite)
                    && Self.areWindows(starts, indices, of: count)
            )
        case .maximum(let starts, let indices):
            return (starts.count - 1, Self.areWindows(starts, indices, of: count))
        case .add, .subtract, .multiply, .divide, .mask, .equal: return (count, inputs[1] == count)
        case .lookUp(let values):
            return (count, !values.isEmpty && values.allSatisfy(\.isFinite))
        case .function(let function): return (count, function.constants.allSatisfy { !$0.isNaN })
        case .impute(_, let values):
            return (count, values.count == count && values.allSatisfy(\.isFinite))
        case .encode(let keys, let values, let otherwise):
            return (
                count,
                keys.count == values.count && Set(keys).count == keys.count
                    && (keys + values + [otherwise]).allSatisfy(\.isFinite)
            )
        case .softmax(let outer, let inside, let inner),
            .logSoftmax(let outer, let inside, let inner):
            return (count, Self.isProduct(outer, inside, inner, count))
        case .argMax(let outer, let inside, let inner, _):
            return (count / max(inside, 1), Self.isProduct(outer, inside, inner, count))
        case .top(let outer, let inside, let inner, let kept, _):
            let fits = Self.isProduct(outer, inside, inner, count) && (1...inside).contains(kept)
            return fits ? (outer * kept * inner, true) : (0, false)
        case .normalize(_, let size): return (count, size > 0 && count % size == 0)
        case .vote(let classes):
            guard (2...4096).contains(classes) else { return (0, false) }
            let pairs = classes * (classes - 1) / 2
            return (count / pairs, count % pairs == 0)
        case .matrix(let weights, let bias, let rows, let inner, let columns):
            guard Self.isProduct(rows, inner, 1, count),
                Self.isProduct(inner, columns, 1, weights.values.count)
            else { return (0, false) }
            return (
                rows * columns,
                bias.map { $0.count == columns && $0.allSatisfy(\.isFinite) } ?? true
                    && weights.values.allSatisfy(\.isFinite)
            )
        case .conditions(let conditions):
            return Self.rows(count, of: conditions.featureCount, to: conditions.conditions.count)
        case .forest(let trees):
            return Self.rows(count, of: trees.conditionCount, to: trees.leafCount)
        case .convolution, .matrixProduct, .quantize, .dequantize: return (0, false)
        }
    }

    /// Rows of a size that become rows of another.
    private static func rows(
        _ count: Int, of size: Int, to other: Int
    ) -> (count: Int, fits: Bool) {
        let rows = count / size
        let (result, overflow) = rows.multipliedReportingOverflow(by: other)
        return (result, !overflow && rows * size == count)
    }

    private static func areWindows(_ starts: [Int], _ indices: [Int32], of count: Int) -> Bool {
        starts.first == 0 && starts.last == indices.count
            && zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
            && indices.allSatisfy { $0 >= 0 && $0 < count }
    }

    private static func isProduct(_ a: Int, _ b: Int, _ c: Int, _ count: Int) -> Bool {
        let limit = 1...OutputProgram.maximumElements
        return limit.contains(a) && limit.contains(b) && limit.contains(c) && a * b <= 1 << 40
            && a * b * c == count
    }
}
