// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Which values of a graph are made of inputs without weights of layers: with constants of single features at most.
///
/// Sums and products of different features are taken where no constants are in them: with constants they are what a
/// layer does, however it is written.
struct LightValues {
    private(set) var isLight: [Bool]

    /// What an element is made of.
    private enum Source: Equatable {
        case none
        case feature(Int32)
        case several
    }

    private struct Value {
        var sources: [Source]
        /// Whether constants other than 0 and +-1 are in it.
        var hasConstants = false
        /// Whether features are there more than once. What is compared with constants then are bins and categories; what
        /// is done with them else, such as distances to many points, may be what a model was fitted to.
        var isWide = false
    }

    init(_ graph: TensorGraph) {
        isLight = [Bool](repeating: false, count: graph.values.count)
        isLight[0] = true
        var values: [Int: Value] = [
            0: Value(sources: (0..<graph.values[0].count).map { .feature(Int32($0)) })
        ]
        for node in graph.nodes {
            let inputs = node.inputs.compactMap { values[$0] }
            guard inputs.count == node.inputs.count else { continue }
            let count = graph.values[node.output].count
            guard
                let made = graph.moves(node)
                    ? Value(sources: [Source](repeating: .several, count: count))
                    : Self.result(node.operation, inputs, count: count)
            else { continue }
            isLight[node.output] = true
            values[node.output] = made
        }
    }

    /// nil for what may be a layer's.
    private static func result(
        _ operation: TensorOperation, _ inputs: [Value], count: Int
    ) -> Value? {
        let isWide = inputs.contains(where: \.isWide)
        guard !isWide || operation.compares else { return nil }
        var result = inputs[0]
        result.hasConstants = inputs.contains(where: \.hasConstants)
        result.isWide = isWide
        switch operation.multiplied {
        case .gather(let indices, _):
            let all = inputs.flatMap(\.sources)
            result.sources = indices.map { $0 < 0 ? .none : all[Int($0)] }
            result.isWide = isWide || indices.count > all.count
        case .scale(let factors, let terms):
            for (index, factor) in factors.enumerated() where factor == 0 {
                result.sources[index] = .none
            }
            result.hasConstants =
                result.hasConstants || (factors + terms).contains { $0 != 0 && abs($0) != 1 }
        case .function(.step), .function(.isZero): result.isWide = false
        case .encode(_, let values, let otherwise):
            result.isWide = false
            result.hasConstants =
                result.hasConstants || !(values + [otherwise]).allSatisfy { $0 == 0 || $0 == 1 }
        case .lookUp(let values):
            result.isWide = false
            result.hasConstants = result.hasConstants || !values.allSatisfy { $0 == 0 || $0 == 1 }
        case .function(let function):
            result.hasConstants = result.hasConstants || !function.constants.isEmpty
        case .impute: break
        case .add, .subtract, .multiply, .divide, .mask, .equal:
            guard
                let sources = combined(inputs[0].sources, inputs[1].sources, result.hasConstants)
            else { return nil }
            result.sources = sources
        case .argMax(let outer, let size, let inner, _):
            var sources: [Source] = []
            for place in 0..<outer * inner {
                let first = place / inner * size * inner + place % inner
                let part = (0..<size).map { [inputs[0].sources[first + $0 * inner]] }
                guard
                    let one = part.dropFirst().reduce(
                        Optional(part[0]),
                        { known, next in known.flatMap { combined($0, next, result.hasConstants) } }
                    )
                else { return nil }
                sources += one
            }
            result.sources = sources
            result.isWide = false
        // A norm has no constants of its own.
        case .normalize: result.sources = [Source](repeating: .several, count: count)
        default: return nil
        }
        return result
    }

    /// Element by element; nil where different features meet and there are constants in them.
    private static func combined(
        _ a: [Source], _ b: [Source], _ hasConstants: Bool
    ) -> [Source]? {
        var result: [Source] = []
        result.reserveCapacity(a.count)
        for (x, y) in zip(a, b) {
            if x == y && x != .several || y == .none {
                result.append(x)
            } else if x == .none {
                result.append(y)
            } else if hasConstants {
                return nil
            } else {
                result.append(.several)
            }
        }
        return result
    }
}

extension TensorGraph {
    /// Names of the nodes that make what a node reads, as far as a client isn't given them without being asked, and its
    /// own.
    package func hiddenNodes(before name: String) -> Set<String> {
        let isLight = LightValues(self).isLight
        var names: Set<String> = [name]
        var needed = Set(nodes.filter { $0.name == name }.flatMap(\.inputs))
        for node in nodes.reversed() where needed.contains(node.output) && !isLight[node.output] {
            names.insert(node.name)
            needed.formUnion(node.inputs)
        }
        return names
    }
}

extension TensorOperation {
    /// What leads to comparisons with constants, and nothing else.
    fileprivate var compares: Bool {
        switch self {
        case .gather, .scale, .quotient, .encode, .lookUp, .argMax, .function(.step),
            .function(.isZero),
            .function(.negative):
            true
        default: false
        }
    }
}
