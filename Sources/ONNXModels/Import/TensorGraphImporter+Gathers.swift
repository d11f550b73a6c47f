// SPDX-License-Identifier: Apache-2.0

/// Operators that move elements: each is a list of indices.
extension TensorGraphImporter {
    /// The value whose axes take the given offsets: those of the source's elements that an output axis adds, -1 for
    /// `fill`.
    ///
    /// - Parameters:
    ///   - shape: of the result; its size is the product of the axes' sizes.
    ///   - axis: what becomes of the axis of a constant's scales.
    mutating func rearranged(
        _ node: ONNXNode, _ value: ImportedValue, _ axes: [[Int]], shape: [Int], fill: Float = 0,
        axis: Int? = nil
    ) throws(ONNXError) -> ImportedValue {
        let count = try count(shape, node)
        let indices = count == 0 ? [] : IndexLists.sums(axes)
        if indices.count == value.count,
            indices.enumerated().allSatisfy({ $0.offset == Int($0.element) }), axis == nil
        {
            return reshaped(value, shape)
        }
        switch value {
        case .constant(let constant):
            return .constant(constant.rearranged(indices, shape: shape, fill: fill, axis: axis))
        case .activation(let index, _, let kind):
            return try append(
                node, .gather(indices: indices, fill: fill), [index], shape: shape, kind: kind)
        }
    }

    /// The value broadcast to a shape that it fits.
    mutating func broadcast(
        _ node: ONNXNode, _ value: ImportedValue, to shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        guard value.shape != shape else { return value }
        // Counted before the offsets of any axis are made.
        _ = try count(shape, node)
        let own = [Int](repeating: 1, count: shape.count - value.shape.count) + value.shape
        let strides = IndexLists.strides(own)
        let axes = shape.indices.map { axis in
            (0..<shape[axis]).map { own[axis] == 1 ? 0 : $0 * strides[axis] }
        }
        return try rearranged(node, value, axes, shape: shape)
    }

    mutating func transposed(
        _ node: ONNXNode, _ value: ImportedValue, _ order: [Int]
    ) throws(ONNXError) -> ImportedValue {
        let offsets = IndexLists.identity(value.shape)
        var axis: Int?
        if case .constant(let constant) = value, let quantization = constant.quantization {
            axis = order.firstIndex(of: quantization.axis)
        }
        return try rearranged(
            node, value, order.map { offsets[$0] }, shape: order.map { value.shape[$0] },
            axis: axis)
    }

    mutating func transpose(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["perm"])
        let value = try value(node, 0)
        let rank = value.shape.count
        let order = try node.integers("perm") ?? (0..<Int64(rank)).reversed()
        guard order.count == rank, Set(order) == Set(0..<Int64(rank)) else {
            throw node.refusal("perm \(order) for \(rank) dimensions")
        }
        return try transposed(node, value, order.map { Int($0) })
    }

    mutating func slice(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 3...5)
        let value = try value(node, 0)
        let shape = value.shape
        let starts = try integers(node, 1)
        let ends = try integers(node, 2)
        let named = try node.input(3) == nil ? starts.indices.map { Int64($0) } : integers(node, 3)
        let steps = try node.input(4) == nil ? starts.map { _ in 1 } : integers(node, 4)
        let axes = try self.axes(named, rank: shape.count, node)
        guard starts.count == axes.count, ends.count == axes.count, steps.count == axes.count,
            steps.allSatisfy({ $0 != 0 && $0 != .min })
        else { throw node.refusal("one start, end and step, not 0, for each axis are accepted") }
        var offsets = IndexLists.identity(shape)
        for (axis, (step, bounds)) in zip(axes, zip(steps, zip(starts, ends))) {
            let size = Int64(shape[axis])
            // Going down, the last place is 0 and the end that includes it is -1.
            let low: Int64 = step > 0 ? 0 : -1
            let high = step > 0 ? size : size - 1
            func place(_ bound: Int64) -> Int64 {
                min(max(bound < 0 ? bound &+ size : bound, low), high)
            }
            let first = place(bounds.0)
            offsets[axis] = stride(from: first, to: place(bounds.1), by: Int(step)).map {
                offsets[axis][Int($0)]
            }
        }
        return try rearranged(node, value, offsets, shape: offsets.map(\.count))
    }

    mutating func split(_ node: ONNXNode) throws(ONNXError) -> [ImportedValue?] {
        try check(
            node, inputs: 1...2, attributes: ["axis", "num_outputs", "split"],
            outputs: node.outputs.count)
        let value = try value(node, 0)
        let shape = value.shape
        let axis = try axis(try node.integer("axis", default: 0), rank: shape.count, node)
        let parts = node.outputs.count
        var sizes = try integers(node, 1, or: "split") ?? []
        if sizes.isEmpty {
            // As many equal parts as outputs; the last may be smaller.
            guard parts > 0, try node.integer("num_outputs", default: Int64(parts)) == parts else {
                throw node.refusal("num_outputs differs from \(parts) outputs")
            }
            let part = (shape[axis] + parts - 1) / parts
            sizes = (0..<parts).map { Int64(max(0, min(part, shape[axis] - $0 * part))) }
        }
        guard sizes.count == parts, sizes.allSatisfy({ $0 >= 0 && $0 <= Int64(shape[axis]) }),
            sizes.reduce(0, +) == shape[axis]
        else { throw node.refusal("parts of \(sizes) for \(parts) outputs of \(shape[axis])") }
        let offsets = IndexLists.identity(shape)
        var start = 0
        var results: [ImportedValue?] = []
        for (size, output) in zip(sizes, node.outputs) {
            var axes = offsets
            axes[axis] = Array(offsets[axis][start..<start + Int(size)])
            start += Int(size)
            results.append(
                needed.contains(output)
                    ? try rearranged(node, value, axes, shape: axes.map(\.count)) : nil)
        }
        return results
    }

    mutating func gather(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2, attributes: ["axis"])
        let value = try value(node, 0)
        let shape = value.shape
        let axis = try axis(try node.integer("axis", default: 0), rank: shape.count, node)
        if case .constant(let list) = value,
            case .activation(_, let sizes, let kind) = try self.value(node, 1)
        {
            // Of places that are known to be in a list it is names.
            if shape.count == 1 {
                guard case .index(let indices) = kind, indices.count == nil, list.reals != nil
                else {
                    return try lookedUp(node, list, try self.value(node, 1), shape: sizes)
                }
            }
            return try embedded(node, list, axis: axis)
        }
        let places = try constant(node, 1)
        return try gathered(
            node, value, axis: axis, places: try integers(node, 1), shape: places.shape)
    }

    /// Elements of an axis at `places`, which have a shape of their own.
    mutating func gathered(
        _ node: ONNXNode, _ value: ImportedValue, axis: Int, places: [Int64], shape inserted: [Int]
    ) throws(ONNXError) -> ImportedValue {
        let shape = value.shape
        let size = Int64(shape[axis])
        var offsets = IndexLists.identity(shape)
        var chosen: [Int] = []
        for place in places {
            guard place >= -size, place < size else {
                throw node.refusal("index \(place) of an axis of \(size)")
            }
            chosen.append(offsets[axis][Int(place < 0 ? place + size : place)])
        }
        offsets[axis] = chosen
        return try rearranged(
            node, value, offsets, shape: shape[..<axis] + inserted + shape[(axis + 1)...])
    }

    mutating func expand(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2)
        let value = try value(node, 0)
        let target = try sizes(try integers(node, 1), node)
        guard let shape = IndexLists.broadcast(value.shape, target) else {
            throw node.refusal("sizes \(value.shape) to \(target)")
        }
        return try broadcast(node, value, to: shape)
    }

    mutating func tile(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2)
        let value = try value(node, 0)
        let repeats = try sizes(try integers(node, 1), node)
        guard repeats.count == value.shape.count else {
            throw node.refusal("repeats \(repeats) of \(value.shape.count) dimensions")
        }
        let shape = zip(value.shape, repeats).map { $0.multipliedReportingOverflow(by: $1) }
            .map { $0.overflow ? Int.max : $0.partialValue }
        _ = try count(shape, node)
        let axes = zip(IndexLists.identity(value.shape), repeats).map { offsets, times in
            (0..<times).flatMap { _ in offsets }
        }
        return try rearranged(node, value, axes, shape: shape)
    }

    mutating func depthToSpace(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["blocksize", "mode"])
        let value = try value(node, 0)
        let shape = value.shape
        let block = try blockSize(node, shape)
        let depth = shape[1] / (block * block)
        guard shape[1] % (block * block) == 0 else {
            throw node.refusal("\(shape[1]) channels in blocks of \(block)")
        }
        let isColumnFirst = try node.string("mode", default: "DCR") == "CRD"
        let split =
            isColumnFirst
            ? [shape[0], depth, block, block, shape[2], shape[3]]
            : [shape[0], block, block, depth, shape[2], shape[3]]
        let order = isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
        return reshaped(
            try transposed(node, reshaped(value, split), order),
            [shape[0], depth, shape[2] * block, shape[3] * block])
    }

    mutating func spaceToDepth(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["blocksize", "mode"])
        let value = try value(node, 0)
        let shape = value.shape
        let block = try blockSize(node, shape)
        let (rows, columns) = (shape[2] / block, shape[3] / block)
        guard rows * block == shape[2], columns * block == shape[3] else {
            throw node.refusal("an image of \(shape) in blocks of \(block)")
        }
        let isColumnFirst = try node.string("mode", default: "DCR") == "CRD"
        let split = [shape[0], shape[1], rows, block, columns, block]
        return reshaped(
            try transposed(
                node, reshaped(value, split),
                isColumnFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]),
            [shape[0], shape[1] * block * block, rows, columns])
    }

    private func blockSize(_ node: ONNXNode, _ shape: [Int]) throws(ONNXError) -> Int {
        let block = try node.integer("blocksize", default: 0)
        guard shape.count == 4, (1...4096).contains(block) else {
            throw node.refusal("blocks of \(block) of sizes \(shape)")
        }
        return Int(block)
    }
}
