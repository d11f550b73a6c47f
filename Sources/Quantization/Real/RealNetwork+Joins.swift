// SPDX-License-Identifier: Apache-2.0

extension RealNetwork {
    /// An affine map of more values than this has those of one kind joined.
    private static let mostSources = 16

    /// Where an affine map reads many products, or many activations of one function, that nothing else reads: makes one
    /// of them, of all their elements. Polynomial features are written as a product each.
    mutating func joinProducts() {
        // Each time there are fewer products and activations.
        while nodes.indices.contains(where: { join($0) }) { prune() }
    }

    /// - Returns: whether any were joined; those that they stand for are left without readers.
    private mutating func join(_ reader: Int) -> Bool {
        guard case .affine(let affine) = nodes[reader].operation,
            affine.maps.count > Self.mostSources
        else { return false }
        var groups: [(kind: Operation, places: [Int])] = []
        let sources = nodes[reader].sources
        for (place, source) in sources.enumerated() where source > 0 && source != output {
            let kind = nodes[source - 1].operation
            guard kind.isJoined(with: kind), readers(of: source) == [reader],
                sources.count(where: { $0 == source }) == 1
            else { continue }
            if let found = groups.firstIndex(where: { $0.kind.isJoined(with: kind) }) {
                groups[found].places.append(place)
            } else {
                groups.append((kind, [place]))
            }
        }
        groups.removeAll { $0.places.count < 2 }
        guard !groups.isEmpty else { return false }
        var added: [Node] = []
        var outer = RealAffine(maps: [], bias: affine.bias, shape: affine.shape)
        var reads: [Int] = []
        let joined = Set(groups.flatMap(\.places))
        for place in sources.indices where !joined.contains(place) {
            outer.maps.append(affine.maps[place])
            reads.append(sources[place])
        }
        for group in groups {
            let members = group.places.map { nodes[sources[$0] - 1] }
            guard let map = Self.beside(group.places.map { affine.maps[$0] }) else { return false }
            var parts: [Int] = []
            for operand in members[0].sources.indices {
                guard
                    let node = stacked(
                        members.map { $0.sources[operand] }, name: members[0].name)
                else { return false }
                added.append(node)
                parts.append(reader + added.count)
            }
            let count = members.reduce(0) { $0 + $1.count }
            added.append(
                Node(
                    name: members[0].name, folded: members.dropFirst().map(\.name),
                    operation: group.kind, sources: parts, shape: [count]))
            outer.maps.append(map)
            reads.append(reader + added.count)
        }
        nodes[reader].operation = .affine(outer)
        nodes[reader].sources = reads
        // What comes later has moved; what was added reads what is before it, or added too.
        func moved(_ value: Int) -> Int { value > reader ? value + added.count : value }
        for index in nodes.indices where index > reader {
            nodes[index].sources = nodes[index].sources.map(moved)
        }
        output = moved(output)
        nodes.insert(contentsOf: added, at: reader)
        return true
    }

    /// Values one after another, as an affine map of what they are made of; nil where that is too large.
    private func stacked(_ values: [Int], name: String) -> Node? {
        var bases: [Int] = []
        var rows: [[(place: Int, matrix: RealMatrix)]] = []
        var bias: [Double] = []
        for value in values {
            var terms: [(Int, LinearMap)] = [(value, .identity(count(of: value)))]
            var constants = [Double](repeating: 0, count: count(of: value))
            if value > 0, case .affine(let affine) = nodes[value - 1].operation {
                terms = Array(zip(nodes[value - 1].sources, affine.maps))
                constants = affine.bias
            }
            bias += constants
            var row: [(Int, RealMatrix)] = []
            for (base, map) in terms {
                guard let matrix = map.matrix else { return nil }
                let place = bases.firstIndex(of: base) ?? bases.count
                if place == bases.count { bases.append(base) }
                row.append((place, matrix))
            }
            rows.append(row)
        }
        let maps = bases.indices.map { place in
            var matrix = RealMatrix(columns: count(of: bases[place]))
            for (row, value) in zip(rows, values) {
                let part = row.first { $0.place == place }?.matrix
                for index in 0..<count(of: value) {
                    for entry in part?.entries(ofRow: index) ?? 0..<0 {
                        matrix.append(
                            column: Int(part!.columnIndices[entry]), weight: part!.weights[entry])
                    }
                    matrix.endRow()
                }
            }
            return LinearMap.matrix(matrix)
        }
        return Node(
            name: name, folded: [],
            operation: .affine(RealAffine(maps: maps, bias: bias, shape: [bias.count])),
            sources: bases, shape: [bias.count])
    }

    /// Maps side by side, of values one after another.
    private static func beside(_ maps: [LinearMap]) -> LinearMap? {
        var result = RealMatrix(columns: maps.reduce(0) { $0 + $1.columns })
        var matrices: [RealMatrix] = []
        for map in maps {
            guard let matrix = map.matrix else { return nil }
            matrices.append(matrix)
        }
        for row in 0..<matrices[0].rows {
            var start = 0
            for matrix in matrices {
                for entry in matrix.entries(ofRow: row) {
                    result.append(
                        column: start + Int(matrix.columnIndices[entry]),
                        weight: matrix.weights[entry])
                }
                start += matrix.columns
            }
            result.endRow()
        }
        return .matrix(result)
    }
}

extension RealNetwork.Operation {
    /// Whether both are products, or the same function.
    fileprivate func isJoined(with other: RealNetwork.Operation) -> Bool {
        switch (self, other) {
        case (.product, .product): true
        case (.activation(let a), .activation(let b)): a == b
        default: false
        }
    }
}
