// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Resize: each element is a weighted sum of at most two of each axis.
extension TensorGraphImporter {
    /// An element's sources on an axis.
    private typealias Taps = [(place: Int, weight: Float)]

    mutating func resize(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 2...4,
            attributes: [
                "antialias", "axes", "coordinate_transformation_mode", "cubic_coeff_a",
                "exclude_outside", "extrapolation_value", "keep_aspect_ratio_policy", "mode",
                "nearest_mode",
            ])
        let value = try real(node, 0)
        let shape = value.shape
        let mode = try node.string("mode", default: "nearest")
        guard mode == "nearest" || mode == "linear" || mode == "bilinear" else {
            throw node.refusal("mode '\(mode)'; nearest and linear are accepted")
        }
        guard try !flag(node, "antialias", default: false),
            try node.string("keep_aspect_ratio_policy", default: "stretch") == "stretch"
        else { throw node.refusal("antialias or an aspect ratio that is kept") }
        let axes =
            try node.integers("axes").map { (axes) throws(ONNXError) in
                try self.axes(axes, rank: shape.count, node)
            } ?? Array(shape.indices)
        var output = shape
        var scales = shape.map { _ in 1.0 }
        if node.input(3) != nil, try !integers(node, 3).isEmpty {
            let sizes = try sizes(try integers(node, 3), node)
            guard sizes.count == axes.count, sizes.allSatisfy({ $0 > 0 }) else {
                throw node.refusal("sizes \(sizes) for \(axes.count) axes")
            }
            for (axis, size) in zip(axes, sizes) {
                output[axis] = size
                scales[axis] = Double(size) / Double(max(1, shape[axis]))
            }
        } else {
            let given = try floats(node, 2)
            guard given.count == axes.count,
                given.allSatisfy({ $0.isFinite && $0 > 0 && $0 < 65536 })
            else { throw node.refusal("\(given.count) scales for \(axes.count) axes") }
            let mode = try node.string("coordinate_transformation_mode", default: "half_pixel")
            for (axis, scale) in zip(axes, given) {
                let size = Double(shape[axis]) * Double(scale)
                guard mode != "align_corners" || size == size.rounded() else {
                    throw node.refusal(
                        "align_corners with a scale of \(scale) for \(shape[axis]) elements, which runtimes read in two ways; give sizes"
                    )
                }
                scales[axis] = Double(scale)
                output[axis] = Int((Double(shape[axis]) * Double(scale)).rounded(.down))
            }
        }
        _ = try count(output, node)
        var taps: [[Taps]] = []
        for axis in shape.indices {
            taps.append(
                try self.taps(
                    node, from: shape[axis], to: output[axis], scale: scales[axis],
                    isLinear: mode != "nearest"))
        }
        if mode == "nearest" {
            let strides = IndexLists.strides(shape)
            return try rearranged(
                node, value,
                shape.indices.map { axis in taps[axis].map { $0[0].place * strides[axis] } },
                shape: output)
        }
        return try interpolated(node, value, taps, shape: output)
    }

    private func taps(
        _ node: ONNXNode, from: Int, to: Int, scale: Double, isLinear: Bool
    ) throws(ONNXError) -> [Taps] {
        if from == to, scale == 1 { return (0..<to).map { [(place: $0, weight: Float(1))] } }
        let coordinates = try node.string(
            "coordinate_transformation_mode", default: "half_pixel")
        let rounding = try node.string("nearest_mode", default: "round_prefer_floor")
        var result: [Taps] = []
        for index in 0..<to {
            let x: Double
            switch coordinates {
            case "asymmetric": x = Double(index) / scale
            case "half_pixel": x = (Double(index) + 0.5) / scale - 0.5
            case "pytorch_half_pixel": x = to > 1 ? (Double(index) + 0.5) / scale - 0.5 : 0
            case "align_corners":
                x = to > 1 ? Double(index) * Double(from - 1) / Double(to - 1) : 0
            default:
                throw node.refusal(
                    "coordinates '\(coordinates)'; asymmetric, half_pixel, pytorch_half_pixel and align_corners are accepted"
                )
            }
            func clamped(_ place: Double) -> Int { Int(min(max(place, 0), Double(from - 1))) }
            if isLinear {
                let inside = min(max(x, 0), Double(from - 1))
                let low = Int(inside.rounded(.down))
                let part = Float(inside - Double(low))
                let next: Taps = [(clamped(Double(low + 1)), part)]
                result.append([(place: low, weight: 1 - part)] + (part == 0 ? [] : next))
                continue
            }
            let place: Double
            switch rounding {
            case "floor": place = x.rounded(.down)
            case "ceil": place = x.rounded(.up)
            case "round_prefer_floor": place = (x - 0.5).rounded(.up)
            case "round_prefer_ceil": place = (x + 0.5).rounded(.down)
            default: throw node.refusal("nearest_mode '\(rounding)'")
            }
            result.append([(clamped(place), 1)])
        }
        return result
    }

    private mutating func interpolated(
        _ node: ONNXNode, _ value: ImportedValue, _ taps: [[Taps]], shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        let strides = IndexLists.strides(value.shape)
        var elements: [Taps] = [[(0, 1)]]
        for axis in shape.indices {
            var next: [Taps] = []
            try charge(elements.count * taps[axis].count * 2, node)
            for element in elements {
                for tap in taps[axis] {
                    next.append(
                        element.flatMap { base in
                            tap.map {
                                (base.place + $0.place * strides[axis], base.weight * $0.weight)
                            }
                        })
                }
            }
            elements = next
        }
        try charge(elements.reduce(0) { $0 + $1.count }, node)
        var starts = [0]
        for element in elements { starts.append(starts[starts.count - 1] + element.count) }
        return try apply(
            node,
            .weightedSum(
                starts: starts, indices: elements.flatMap { $0.map { Int32($0.place) } },
                weights: elements.flatMap { $0.map(\.weight) }), [value], shape: shape)
    }
}
