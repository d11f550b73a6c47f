// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Pad, in all its modes; negative pads leave elements out.
extension TensorGraphImporter {
    mutating func pad(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...4, attributes: ["mode"])
        let value = try value(node, 0)
        let shape = value.shape
        let pads = try integers(node, 1)
        let axes =
            try node.input(3) == nil
            ? Array(shape.indices) : axes(try integers(node, 3), rank: shape.count, node)
        guard pads.count == 2 * axes.count,
            pads.allSatisfy({ abs(Double($0)) <= Double(IntegerNetwork.maximumElements) })
        else { throw node.refusal("pads \(pads) for \(axes.count) axes") }
        let mode = try node.string("mode", default: "constant")
        var fill: Float = 0
        if node.input(2) != nil {
            guard let single = try constant(node, 2).single else {
                throw node.refusal("a constant_value that is not one number")
            }
            fill = Float(single)
        }
        var sizes = shape
        for (index, axis) in axes.enumerated() {
            sizes[axis] += Int(pads[index] + pads[index + axes.count])
            guard sizes[axis] >= 0 else { throw node.refusal("nothing is left of axis \(axis)") }
        }
        // Counted before the offsets of any axis are made.
        _ = try count(sizes, node)
        var offsets = IndexLists.identity(shape)
        for (index, axis) in axes.enumerated() {
            let first = -Int(pads[index])
            let old = offsets[axis]
            var moved: [Int] = []
            for place in first..<first + sizes[axis] {
                let source = try Self.source(place, size: old.count, mode: mode, node)
                moved.append(source.map { old[$0] } ?? -1)
            }
            offsets[axis] = moved
        }
        return try rearranged(node, value, offsets, shape: sizes, fill: fill)
    }

    /// The place that a place outside an axis takes its element from, nil for the fill.
    private static func source(
        _ place: Int, size: Int, mode: String, _ node: ONNXNode
    ) throws(ONNXError) -> Int? {
        if place >= 0, place < size { return place }
        guard size > 0 || mode == "constant" else { throw node.refusal("an empty axis") }
        switch mode {
        case "constant": return nil
        case "edge": return min(max(place, 0), size - 1)
        case "wrap": return ((place % size) + size) % size
        case "reflect":
            guard size > 1 else { return 0 }
            let period = 2 * (size - 1)
            let folded = ((place % period) + period) % period
            return min(folded, period - folded)
        default:
            throw node.refusal("mode '\(mode)'; constant, reflect, edge and wrap are accepted")
        }
    }
}
