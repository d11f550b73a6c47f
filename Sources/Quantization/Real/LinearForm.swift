// SPDX-License-Identifier: Apache-2.0

/// A value of a graph as an affine map of values of the network under construction.
struct LinearForm: Sendable {
    /// Entries of a map that may always be composed.
    static let smallEntries = 1 << 12

    /// Each of another value.
    var terms: [(base: Int, map: LinearMap)]
    /// One an element.
    var bias: [Double]
    /// The ONNX nodes in it, with the weights that each has.
    var names: [(name: String, weights: Int)] = []

    static func base(_ value: Int, count: Int) -> LinearForm {
        LinearForm(terms: [(value, .identity(count))], bias: [Double](repeating: 0, count: count))
    }

    /// The value that it is, unchanged.
    var base: Int? {
        guard terms.count == 1, case .identity = terms[0].map, bias.allSatisfy({ $0 == 0 }) else {
            return nil
        }
        return terms[0].base
    }

    /// Whether nothing is lost when several readers each have it composed into theirs.
    var isCheap: Bool {
        terms.reduce(0) { $0 + $1.map.entriesCount } <= 2 * bias.count
    }

    /// The map after this; nil where that has more than twice the entries of both, and more than `smallEntries`, or
    /// takes more multiplications than `work`, which those done are taken off.
    func composed(with map: LinearMap, work: inout Int) -> LinearForm? {
        let entries = terms.reduce(map.entriesCount) { $0 + $1.map.entriesCount }
        var room = max(2 * entries, Self.smallEntries)
        var result = LinearForm(terms: [], bias: map.applied(to: bias), names: names)
        for term in terms {
            guard let composed = map.composed(with: term.map, limit: room, room: &work) else {
                return nil
            }
            room -= composed.entriesCount
            guard room >= 0 else { return nil }
            result.terms.append((term.base, composed))
        }
        return result
    }

    /// The sum; nil where maps of one value don't fit into one matrix.
    func adding(_ other: LinearForm) -> LinearForm? {
        var result = self
        result.bias = zip(bias, other.bias).map { $0 + $1 }
        result.names += other.names.filter { name in !names.contains { $0.name == name.name } }
        for term in other.terms {
            if let index = result.terms.firstIndex(where: { $0.base == term.base }) {
                guard let sum = result.terms[index].map.adding(term.map) else { return nil }
                result.terms[index].map = sum
            } else {
                result.terms.append(term)
            }
        }
        return result
    }
}
