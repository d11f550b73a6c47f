// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// Operators along an axis, and normalizations.
extension TensorGraphImporter {
    mutating func batchNormalization(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 5...5, attributes: ["epsilon", "momentum", "spatial", "training_mode"])
        guard try !flag(node, "training_mode", default: false),
            try flag(node, "spatial", default: true)
        else { throw node.refusal("training mode; inference is accepted") }
        let value = try real(node, 0)
        let shape = value.shape
        let epsilon = Double(try node.float("epsilon", default: 1e-5))
        guard shape.count >= 2 else { throw node.refusal("sizes \(shape); channels come second") }
        var parameters: [[Double]] = []
        for index in 1...4 {
            let reals = try weights(node, index).reals ?? []
            guard reals.count == shape[1] else {
                throw node.refusal("\(reals.count) values for \(shape[1]) channels")
            }
            parameters.append(reals)
        }
        let factors = zip(parameters[0], parameters[3]).map { $0 / ($1 + epsilon).squareRoot() }
        let terms =
            shape[1] == 0
            ? []
            : (0..<shape[1]).map {
                parameters[1][$0] - parameters[2][$0] * factors[$0]
            }
        let inner = shape.dropFirst(2).reduce(1, *)
        let count = try count(shape, node)
        let channels = (0..<count).map { $0 / inner % shape[1] }
        return try scaled(
            node, value, factors: channels.map { Float(factors[$0]) },
            terms: channels.map { Float(terms[$0]) }, shape)
    }

    mutating func softmax(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["axis"])
        let value = try real(node, 0)
        let shape = value.shape
        // Older operator sets flatten all from the axis on.
        let flattens = operatorSet < 13
        let axis = try axis(
            try node.integer("axis", default: flattens ? 1 : -1), rank: shape.count, node)
        let outer = shape.prefix(axis).reduce(1, *)
        let rest = shape.dropFirst(axis + 1).reduce(1, *)
        let count = flattens ? shape[axis] * rest : shape[axis]
        let inner = flattens ? 1 : rest
        return try apply(
            node,
            node.operator == "Softmax"
                ? .softmax(outer: outer, count: count, inner: inner)
                : .logSoftmax(outer: outer, count: count, inner: inner), [value], shape: shape)
    }

    /// ai.onnx.ml: (x - offset) * scale, for each feature.
    mutating func scaler(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["offset", "scale"])
        let value = try real(node, 0)
        let features = value.shape.last ?? 1
        func parameter(_ name: String, _ absent: Float) throws(ONNXError) -> [Float] {
            let found = try node.floats(name) ?? [absent]
            guard found.count == 1 || found.count == features else {
                throw node.refusal("'\(name)' of \(found.count) values for \(features) features")
            }
            return found.count == features ? found : Array(repeating: found[0], count: features)
        }
        let scales = try parameter("scale", 1)
        let offsets = try parameter("offset", 0).map { -$0 }
        let rows = try count(value.shape, node) / max(1, features)
        // In two steps, as runtimes do: where a comparison follows, the last bit counts.
        let moved = try scaled(
            node, value, factors: [Float](repeating: 1, count: rows * features),
            terms: (0..<rows).flatMap { _ in offsets }, value.shape)
        return try scaled(
            node, moved, factors: (0..<rows).flatMap { _ in scales },
            terms: [Float](repeating: 0, count: rows * features), value.shape)
    }

    mutating func normalizer(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["norm"])
        let value = try real(node, 0)
        let name = try node.string("norm", default: "MAX")
        guard let kind = Normalization(rawValue: name), let count = value.shape.last, count > 0
        else { throw node.refusal("'\(name)'; MAX, L1 and L2 of rows are accepted") }
        return try apply(
            node, .normalize(kind, count: count), [value], shape: value.shape)
    }

    /// ArrayFeatureExtractor: constant indices of the last axis.
    mutating func features(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2)
        var value = try value(node, 0)
        if case .constant(let list) = value, case .activation = try self.value(node, 1) {
            return try extracted(node, list)
        }
        let places = try integers(node, 1)
        if value.shape.count == 1 { value = reshaped(value, [1] + value.shape) }
        guard let axis = value.shape.indices.last else { throw node.refusal("a scalar") }
        return try gathered(node, value, axis: axis, places: places, shape: [places.count])
    }

    mutating func zipMap(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 1...1, attributes: ["classlabels_int64s", "classlabels_strings"])
        try noteClassLabels(node)
        return try value(node, 0)
    }
}
