// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Elements that are chosen, put elsewhere or left out by constant places, running sums, and rows of tables that are
/// chosen by what depends on the sample.
extension TensorGraphImporter {
    // MARK: Tables

    /// Gather of a constant table by indices that depend on the sample, an embedding: what an index is, element by
    /// element of its range, times the table.
    ///
    /// - Parameter countsFromEnd: whether negative indices do.
    mutating func embedded(
        _ node: ONNXNode, _ table: ImportedConstant, axis: Int, countsFromEnd: Bool = true
    ) throws(ONNXError) -> ImportedValue {
        let places = try value(node, 1)
        guard axis == 0, let size = table.shape.first, size > 0, table.reals != nil else {
            throw node.refusal(
                "indices that depend on the sample, along axis \(axis) of a constant of \(table.type); along the first axis of a table of reals they are accepted"
            )
        }
        guard case .activation(_, let shape, .index(let indices)) = places, indices.names == nil
        else { throw node.refusal("indices that are no whole numbers") }
        guard size < 1 << 22 else { throw node.refusal("a table of \(size) rows") }
        var row = try number(node, places).value
        if indices.count.map({ $0 > size }) ?? true {
            try charge(4 * size, node)
            let rows = (0..<size).map { Float($0) }
            // What is beyond the end no runtime takes.
            let keys = rows + (countsFromEnd ? rows.map { $0 - Float(size) } : [])
            let known = try apply(
                node,
                .encode(
                    keys: keys, values: [Float](repeating: 1, count: keys.count), otherwise: 0),
                [row], shape: shape)
            if case .activation(let index, _, _) = known {
                tensors.conditions.append(
                    TensorGraph.Condition(
                        value: index,
                        text: "an index beyond the \(size) rows of the table of '\(node.name)'"))
            }
            row = try apply(
                node,
                .encode(keys: keys, values: keys.indices.map { rows[$0 % size] }, otherwise: -1),
                [row], shape: shape)
        }
        let marks = try marks(
            node, reshaped(row, shape + [1]), axis: shape.count, depth: size, wraps: false)
        let width = table.count / size
        let product = try matrixProduct(
            node, reshaped(marks, [places.count, size]),
            .constant(table.reshaped([size, width])))
        return reshaped(product, shape + table.shape.dropFirst())
    }

    /// ArrayFeatureExtractor of a constant: of each of its rows the elements at places that depend on the sample.
    mutating func extracted(
        _ node: ONNXNode, _ table: ImportedConstant
    ) throws(ONNXError) -> ImportedValue {
        let places = try value(node, 1)
        guard case .activation(_, let shape, .index(let indices)) = places else {
            return try lookedUp(node, table, places, shape: places.shape)
        }
        let size = table.shape.last ?? 1
        let rows = table.count / max(1, size)
        // Of places that are known to be in a list it is names.
        guard table.reals != nil, rows > 1 || indices.count == nil else {
            return try lookedUp(node, table, places, shape: shape)
        }
        let columns = try transposed(node, .constant(table.reshaped([rows, size])), [1, 0])
        guard case .constant(let turned) = columns else { return columns }
        let found = try embedded(node, turned, axis: 0, countsFromEnd: false)
        return try transposed(node, reshaped(found, [places.count, rows]), [1, 0])
    }

    // MARK: Places

    /// GatherElements: of each element the place along an axis.
    mutating func gatherElements(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2, attributes: ["axis"])
        let value = try value(node, 0)
        let axis = try axis(try node.integer("axis", default: 0), rank: value.shape.count, node)
        if case .activation(let index, let shape, .index(let indices)) = try self.value(node, 1),
            indices.names == nil, indices.count.map({ $0 <= value.shape[axis] }) == true
        {
            return try chosen(
                node, value, axis: axis, .activation(index, shape: shape, kind: .real))
        }
        let places = try constant(node, 1)
        let sources = try elements(
            node, of: value.shape, axis: axis, places, try integers(node, 1))
        try count(places.shape, node)
        return try moved(node, [value], sources, shape: places.shape)
    }

    /// Elements of an activation by places that depend on the sample, too: of all along the axis, those whose place it is.
    private mutating func chosen(
        _ node: ONNXNode, _ value: ImportedValue, axis: Int, _ places: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        guard case .activation(let index, _, let kind) = value, kind == .real || value.isWhole
        else {
            throw node.refusal("elements of a constant, chosen by what depends on the sample")
        }
        let (size, count) = (value.shape[axis], places.count)
        try charge(size * count, node)
        var sources: [Int32] = []
        for place in 0..<size {
            let constant = ImportedConstant(integers: [], shape: places.shape)
            sources += try elements(
                node, of: value.shape, axis: axis, constant,
                [Int64](repeating: Int64(place), count: count)
            ).map { Int32($0) }
        }
        // All elements for the first place along the axis, then for the next.
        let wide = [size, count]
        let candidates = try apply(
            node, .gather(indices: sources, fill: 0),
            [.activation(index, shape: value.shape, kind: .real)], shape: wide)
        let repeated = try broadcast(node, reshaped(places, [1, count]), to: wide)
        let differences = try scaled(
            node, repeated, factors: [Float](repeating: 1, count: size * count),
            terms: (0..<size * count).map { -Float($0 / count) }, wide)
        let marks = try function(.isZero, of: differences, node)
        let kept = try apply(node, .mask, [candidates, marks], shape: wide)
        let sum = try reduced(node, kept, axes: [0], keepsAxes: false, by: .sum)
        guard case .activation(let result, _, _) = sum else { return sum }
        return .activation(result, shape: places.shape, kind: kind)
    }

    /// ScatterElements and ScatterND without a reduction: some elements are those of another tensor.
    mutating func scatter(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let isByElement = node.operator != "ScatterND"
        try check(
            node, inputs: 3...3, attributes: isByElement ? ["axis", "reduction"] : ["reduction"])
        guard try node.string("reduction", default: "none") == "none" else {
            throw node.refusal("a reduction; elements that are put in place of others are accepted")
        }
        let (data, updates) = (try value(node, 0), try value(node, 2))
        let places = try constant(node, 1)
        let integers = try integers(node, 1)
        let shape = data.shape
        var targets: [Int]
        if isByElement {
            let axis = try axis(try node.integer("axis", default: 0), rank: shape.count, node)
            targets = try elements(node, of: shape, axis: axis, places, integers)
        } else {
            let depth = places.shape.last ?? 0
            guard depth <= shape.count, !places.shape.isEmpty else {
                throw node.refusal("indices of sizes \(places.shape) for \(shape)")
            }
            let strides = IndexLists.strides(shape)
            let slice = shape.dropFirst(depth).reduce(1, *)
            try count([depth == 0 ? 1 : integers.count / depth, slice], node)
            targets = []
            for start in stride(from: 0, to: integers.count, by: max(1, depth)) {
                var base = 0
                for axis in 0..<depth {
                    base +=
                        try place(integers[start + axis], of: shape[axis], node) * strides[axis]
                }
                targets.append(contentsOf: base..<base + slice)
            }
        }
        guard targets.count == updates.count else {
            throw node.refusal("\(updates.count) updates for \(targets.count) places")
        }
        guard Set(targets).count == targets.count else {
            throw node.refusal("places that are named twice")
        }
        var sources = Array(0..<data.count)
        for (index, target) in targets.enumerated() { sources[target] = data.count + index }
        try count(shape, node)
        return try moved(node, [data, updates], sources, shape: shape)
    }

    /// Compress: the elements along an axis, or of all, whose constant condition is true.
    mutating func compress(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2, attributes: ["axis"])
        var value = try value(node, 0)
        let kept = try integers(node, 1).enumerated().filter { $0.element != 0 }.map {
            Int64($0.offset)
        }
        guard node.attributes["axis"] != nil else {
            value = reshaped(value, [value.count])
            return try gathered(node, value, axis: 0, places: kept, shape: [kept.count])
        }
        let axis = try axis(try node.integer("axis", default: 0), rank: value.shape.count, node)
        return try gathered(node, value, axis: axis, places: kept, shape: [kept.count])
    }

    /// Trilu: zeros above or below a diagonal of the last two axes.
    mutating func triangle(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...2, attributes: ["upper"])
        let value = try value(node, 0)
        let shape = value.shape
        let isUpper = try flag(node, "upper", default: true)
        let diagonal = try node.input(1) == nil ? 0 : integers(node, 1).first ?? 0
        guard shape.count >= 2, abs(Double(diagonal)) < 0x1p32 else {
            throw node.refusal("sizes \(shape), diagonal \(diagonal)")
        }
        let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
        let indices = (0..<value.count).map { element -> Int32 in
            let distance = element % columns - element / columns % rows - Int(diagonal)
            return (isUpper ? distance >= 0 : distance <= 0) ? Int32(element) : -1
        }
        try count(shape, node)
        switch value {
        case .constant(let constant):
            return .constant(constant.rearranged(indices, shape: shape, fill: 0))
        case .activation(let index, _, let kind):
            guard kind == .real else { throw node.refusal("integers; reals are accepted") }
            return try append(node, .gather(indices: indices, fill: 0), [index], shape: shape)
        }
    }

    /// CumSum along an axis.
    mutating func runningSum(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2, attributes: ["exclusive", "reverse"])
        let value = try value(node, 0)
        let shape = value.shape
        guard let given = try integers(node, 1).first else { throw node.refusal("no axis") }
        let axis = try axis(given, rank: shape.count, node)
        let excludes = try flag(node, "exclusive", default: false)
        let isReverse = try flag(node, "reverse", default: false)
        let (size, inner) = (shape[axis], shape.dropFirst(axis + 1).reduce(1, *))
        try count(shape + [max(1, size)], node)
        var starts = [0]
        var indices: [Int32] = []
        for element in 0..<value.count {
            let place = element / inner % size
            let range =
                isReverse
                ? (excludes ? place + 1 : place)..<size : 0..<(excludes ? place : place + 1)
            for other in range { indices.append(Int32(element + (other - place) * inner)) }
            starts.append(indices.count)
        }
        if case .constant(let constant) = value, let integers = constant.integers {
            var sums: [Int64] = []
            for element in 0..<value.count {
                var sum: Int64 = 0
                for place in starts[element]..<starts[element + 1] {
                    let (next, overflow) = sum.addingReportingOverflow(
                        integers[Int(indices[place])])
                    guard !overflow else { throw node.refusal("sums beyond 64 bits") }
                    sum = next
                }
                sums.append(sum)
            }
            return .constant(
                try fitting(
                    node,
                    ImportedConstant(shape: shape, type: constant.type, values: .integers(sums))))
        }
        let sum = TensorOperation.weightedSum(
            starts: starts, indices: indices,
            weights: [Float](repeating: 1, count: indices.count))
        guard value.isWhole else {
            return try apply(node, sum, [try real(node, 0)], shape: shape)
        }
        let number = try number(node, value)
        let sums = try apply(node, sum, [number.value], shape: shape)
        return number.isWhole
            ? try whole(node, sums, limit: number.limit.map { $0 * size }) : sums
    }

    /// Where a constant isn't zero: a row of places for each axis.
    mutating func nonZero(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1)
        let constant = try constant(node, 0)
        let found: [Int]
        switch constant.values {
        case .reals(let reals): found = reals.indices.filter { reals[$0] != 0 }
        case .integers(let integers): found = integers.indices.filter { integers[$0] != 0 }
        case .strings: throw node.refusal("strings")
        }
        try charge(found.count * max(1, constant.shape.count), node)
        let strides = IndexLists.strides(constant.shape)
        let places = zip(constant.shape, strides).flatMap { size, stride in
            found.map { Int64($0 / stride % size) }
        }
        return .constant(
            ImportedConstant(integers: places, shape: [constant.shape.count, found.count]))
    }

    /// Places of elements of a tensor of `shape`, one along an axis for each element of `places`.
    private func elements(
        _ node: ONNXNode, of shape: [Int], axis: Int, _ places: ImportedConstant,
        _ integers: [Int64]
    ) throws(ONNXError) -> [Int] {
        guard places.shape.count == shape.count,
            shape.indices.allSatisfy({ $0 == axis || places.shape[$0] <= shape[$0] })
        else { throw node.refusal("indices of sizes \(places.shape) for \(shape)") }
        let (strides, own) = (IndexLists.strides(shape), IndexLists.strides(places.shape))
        var elements: [Int] = []
        for (element, integer) in integers.enumerated() {
            var source = try place(integer, of: shape[axis], node) * strides[axis]
            for other in shape.indices where other != axis {
                source += element / own[other] % places.shape[other] * strides[other]
            }
            elements.append(source)
        }
        return elements
    }

    private func place(
        _ integer: Int64, of size: Int, _ node: ONNXNode
    ) throws(ONNXError) -> Int {
        guard integer >= -Int64(size), integer < Int64(size) else {
            throw node.refusal("index \(integer) of an axis of \(size)")
        }
        return Int(integer < 0 ? integer + Int64(size) : integer)
    }

    /// Elements of values laid end to end.
    private mutating func moved(
        _ node: ONNXNode, _ values: [ImportedValue], _ sources: [Int], shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        try assembled(node, values, sources, shape: shape)
    }
}
