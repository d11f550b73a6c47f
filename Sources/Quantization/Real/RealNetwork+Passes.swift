// SPDX-License-Identifier: Apache-2.0

extension RealNetwork {
    /// Removes nodes whose results don't reach the output, and those after it.
    mutating func prune() {
        var isNeeded = [Bool](repeating: false, count: nodes.count + 1)
        isNeeded[output] = true
        for index in nodes.indices.reversed() where isNeeded[index + 1] {
            for source in nodes[index].sources { isNeeded[source] = true }
        }
        var places = [Int](repeating: 0, count: nodes.count + 1)
        var kept: [Node] = []
        for (index, node) in nodes.enumerated() where isNeeded[index + 1] {
            var node = node
            node.sources = node.sources.map { places[$0] }
            kept.append(node)
            places[index + 1] = kept.count
        }
        output = places[output]
        nodes = kept
    }

    /// Where a map reads x^2 and x with factors d_j that are the same for all its rows, makes of x^2 + d x the square
    /// of x + d / 2, so that it reads one value: a trained a x^2 + b x a channel is that.
    mutating func completeSquares() {
        for index in nodes.indices {
            guard case .polynomial(let polynomials) = nodes[index].operation,
                polynomials.polynomials.count == 1,
                polynomials.polynomials[0].coefficients == [0, 0, 1]
            else { continue }
            completeSquare(index)
        }
    }

    private mutating func completeSquare(_ index: Int) {
        let source = nodes[index].sources[0]
        let readers = readers(of: index + 1)
        guard source > 0, readers.count == 1, self.readers(of: source) == [index, readers[0]],
            output != index + 1, output != source,
            case .affine(var inner) = nodes[source - 1].operation,
            case .affine(var outer) = nodes[readers[0]].operation
        else { return }
        let sources = nodes[readers[0]].sources
        guard sources.count(where: { $0 == source }) == 1,
            sources.count(where: { $0 == index + 1 }) == 1,
            let plain = sources.firstIndex(of: source),
            let squared = sources.firstIndex(of: index + 1),
            let factors = Self.ratios(outer.maps[plain], outer.maps[squared])
        else { return }
        // A (x^2 + d x) = A (x + d / 2)^2 - A d^2 / 4.
        let constants = outer.maps[squared].applied(to: factors.map { -$0 * $0 / 4 })
        outer.bias = zip(outer.bias, constants).map { $0 + $1 }
        outer.maps.remove(at: plain)
        inner.bias = zip(inner.bias, factors).map { $0 + $1 / 2 }
        nodes[readers[0]].sources.remove(at: plain)
        nodes[readers[0]].operation = .affine(outer)
        nodes[source - 1].operation = .affine(inner)
        folded.append("\(nodes[index].name): the linear term, by completing the square")
    }

    /// d with `map = other diag(d)`, up to rounding errors of Float.
    private static func ratios(_ map: LinearMap, _ other: LinearMap) -> [Double]? {
        guard let a = map.matrix, let b = other.matrix, a.entriesCount <= b.entriesCount else {
            return nil
        }
        var ratios = [Double?](repeating: nil, count: b.columns)
        var largest = [Double](repeating: 0, count: b.columns)
        // The ratio at the largest weight of a column is the most exact.
        for row in 0..<b.rows {
            var known: [Int32: Double] = [:]
            for entry in a.entries(ofRow: row) { known[a.columnIndices[entry]] = a.weights[entry] }
            for entry in b.entries(ofRow: row) {
                let column = Int(b.columnIndices[entry])
                let weight = b.weights[entry]
                if abs(weight) > largest[column] {
                    largest[column] = abs(weight)
                    ratios[column] = (known[b.columnIndices[entry]] ?? 0) / weight
                }
            }
        }
        let found = ratios.map { $0 ?? 0 }
        let difference = a + b.scaled(rows: [], columns: found.map { -$0 })
        for row in 0..<a.rows {
            let size = a.entries(ofRow: row).reduce(0) { max($0, abs(a.weights[$1])) }
            for entry in difference.entries(ofRow: row)
            where abs(difference.weights[entry]) > 1e-5 * size { return nil }
        }
        return found
    }
}
