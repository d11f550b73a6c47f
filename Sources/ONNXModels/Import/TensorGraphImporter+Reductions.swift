// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Reductions over axes, and what is made of them.
extension TensorGraphImporter {
    enum Reduction {
        case sum, mean, maximum, product
    }

    mutating func globalPool(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1)
        let value = try real(node, 0)
        guard value.shape.count >= 3 else {
            throw node.refusal("sizes \(value.shape); batch and channels come first")
        }
        return try reduced(
            node, value, axes: Array(2..<value.shape.count), keepsAxes: true,
            by: node.operator == "GlobalMaxPool" ? .maximum : .mean)
    }

    mutating func reduction(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 1...2, attributes: ["axes", "keepdims", "noop_with_empty_axes"])
        let input = try value(node, 0)
        if case .constant(let constant) = input, let integers = constant.integers {
            let (axes, keepsAxes) = try reductionAxes(node, rank: constant.shape.count)
            return .constant(
                try reduced(node, constant, integers, axes: axes, keepsAxes: keepsAxes))
        }
        guard input.isWhole else { return try reduction(node, try real(node, 0)) }
        let number = try number(node, input)
        let result = try reduction(node, number.value)
        guard number.isWhole else { return result }
        switch node.operator {
        case "ReduceMax", "ReduceMin": return try whole(node, result, limit: number.limit)
        case "ReduceSum", "ReduceL1":
            let members = input.count / max(1, result.count)
            return try whole(node, result, limit: number.limit.map { $0 * members })
        default:
            throw node.refusal("integers; their sum, maximum and minimum are accepted")
        }
    }

    /// Axes that a reduction goes over, and whether they stay with a size of 1.
    private func reductionAxes(
        _ node: ONNXNode, rank: Int
    ) throws(ONNXError) -> (axes: [Int], keepsAxes: Bool) {
        let named = try integers(node, 1, or: "axes") ?? []
        var axes = named.isEmpty ? Array(0..<rank) : try axes(named, rank: rank, node)
        // Of no axes, what is done before and after the sum remains.
        if named.isEmpty, try flag(node, "noop_with_empty_axes", default: false) { axes = [] }
        return (axes, try flag(node, "keepdims", default: true))
    }

    private mutating func reduction(
        _ node: ONNXNode, _ value: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        let (axes, keepsAxes) = try reductionAxes(node, rank: value.shape.count)
        func reduced(
            _ value: ImportedValue, _ kind: Reduction, in importer: inout TensorGraphImporter
        ) throws(ONNXError) -> ImportedValue {
            try importer.reduced(node, value, axes: axes, keepsAxes: keepsAxes, by: kind)
        }
        switch node.operator {
        case "ReduceMean": return try reduced(value, .mean, in: &self)
        case "ReduceMax": return try reduced(value, .maximum, in: &self)
        case "ReduceProd": return try reduced(value, .product, in: &self)
        case "ReduceMin":
            let highest = try reduced(
                try function(.negative, of: value, node), .maximum, in: &self)
            return try function(.negative, of: highest, node)
        case "ReduceL1":
            return try reduced(try function(.absolute, of: value, node), .sum, in: &self)
        case "ReduceSumSquare", "ReduceL2":
            let square = try arithmetic(node, .multiply, value, value)
            let sum = try reduced(square, .sum, in: &self)
            return node.operator == "ReduceL2" ? try function(.squareRoot, of: sum, node) : sum
        case "ReduceLogSum":
            return try function(.logarithm, of: try reduced(value, .sum, in: &self), node)
        case "ReduceLogSumExp":
            // Less the highest, so that no power overflows.
            let highest = try self.reduced(
                node, value, axes: axes, keepsAxes: true, by: .maximum)
            let powers = try function(
                .exponential, of: try arithmetic(node, .subtract, value, highest), node)
            let sum = try function(.logarithm, of: try reduced(powers, .sum, in: &self), node)
            return try arithmetic(node, .add, sum, reshaped(highest, sum.shape))
        default: return try reduced(value, .sum, in: &self)
        }
    }

    mutating func function(
        _ function: ScalarFunction, of value: ImportedValue, _ node: ONNXNode
    ) throws(ONNXError) -> ImportedValue {
        try apply(node, .function(function), [value], shape: value.shape)
    }

    mutating func reduced(
        _ node: ONNXNode, _ value: ImportedValue, axes: [Int], keepsAxes: Bool, by kind: Reduction
    ) throws(ONNXError) -> ImportedValue {
        let shape = value.shape
        guard !axes.isEmpty else { return value }
        guard value.count > 0 else { throw node.refusal("nothing to reduce: sizes \(shape)") }
        try charge(value.count, node)
        let offsets = IndexLists.identity(shape)
        let bases = IndexLists.sums(shape.indices.map { axes.contains($0) ? [0] : offsets[$0] })
        let members = IndexLists.sums(axes.sorted().map { offsets[$0] })
        let output = shape.indices.compactMap { axis in
            axes.contains(axis) ? (keepsAxes ? 1 : nil) : shape[axis]
        }
        guard members.count > 1 else { return reshaped(value, output) }
        if kind == .product {
            return try product(node, value, bases: bases, members: members, shape: output)
        }
        var indices: [Int32] = []
        indices.reserveCapacity(value.count)
        for base in bases {
            for member in members { indices.append(base + member) }
        }
        let starts = (0...bases.count).map { $0 * members.count }
        if kind == .maximum {
            return try apply(
                node, .maximum(starts: starts, indices: indices), [value], shape: output)
        }
        let weight = kind == .mean ? 1 / Float(members.count) : 1
        return try apply(
            node,
            .weightedSum(
                starts: starts, indices: indices,
                weights: Array(repeating: weight, count: indices.count)), [value], shape: output)
    }

    /// Products as a tree, so that few of them follow each other.
    private mutating func product(
        _ node: ONNXNode, _ value: ImportedValue, bases: [Int32], members: [Int32], shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        guard members.count <= 64 else {
            throw node.refusal("products of \(members.count) elements; 64 are accepted")
        }
        var factors: [ImportedValue] = []
        for member in members {
            factors.append(
                try apply(
                    node, .gather(indices: bases.map { $0 + member }, fill: 0), [value],
                    shape: shape))
        }
        while factors.count > 1 {
            var next: [ImportedValue] = []
            for index in stride(from: 0, to: factors.count - 1, by: 2) {
                next.append(
                    try arithmetic(node, .multiply, factors[index], factors[index + 1]))
            }
            if factors.count % 2 == 1 { next.append(factors[factors.count - 1]) }
            factors = next
        }
        return factors[0]
    }

    mutating func layerNormalization(_ node: ONNXNode) throws(ONNXError) -> [ImportedValue?] {
        try check(
            node, inputs: 2...3, attributes: ["axis", "epsilon", "stash_type"], outputs: 3)
        let value = try real(node, 0)
        let rank = value.shape.count
        let first = try axis(try node.integer("axis", default: -1), rank: rank, node)
        let axes = Array(first..<rank)
        let mean = try reduced(node, value, axes: axes, keepsAxes: true, by: .mean)
        let difference = try arithmetic(node, .subtract, value, mean)
        let deviation = try rootMeanSquare(
            node, difference, axes: axes, plus: try node.float("epsilon", default: 1e-5))
        var result = try arithmetic(
            node, .multiply, try arithmetic(node, .divide, difference, deviation),
            try real(node, 1))
        if node.input(2) != nil { result = try arithmetic(node, .add, result, try real(node, 2)) }
        return [result, mean, try function(.reciprocal, of: deviation, node)]
    }

    mutating func normOfAxis(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["axis", "p"])
        let value = try real(node, 0)
        let order = try node.integer("p", default: 2)
        guard order == 1 || order == 2 else {
            throw node.refusal("p is \(order); 1 and 2 are accepted")
        }
        let axis = try axis(
            try node.integer("axis", default: -1), rank: value.shape.count, node)
        let sizes =
            order == 1
            ? try function(.absolute, of: value, node)
            : try arithmetic(node, .multiply, value, value)
        var norm = try reduced(node, sizes, axes: [axis], keepsAxes: true, by: .sum)
        if order == 2 { norm = try function(.squareRoot, of: norm, node) }
        // Zeros stay zeros.
        let positive = try function(.clip(.leastNormalMagnitude, .infinity), of: norm, node)
        return try arithmetic(node, .divide, value, positive)
    }

    /// Max and Min of any number of tensors.
    mutating func extremum(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...64)
        let isMaximum = node.operator == "Max"
        var best = try value(node, 0)
        for index in node.inputs.indices.dropFirst() {
            let other = try value(node, index)
            if best.isWhole || other.isWhole || best.isConstant && other.isConstant {
                best = try arithmetic(node, isMaximum ? .maximum : .minimum, best, other)
            } else {
                best = try extremum(node, best, other, isMaximum: isMaximum)
            }
        }
        return best
    }

    /// Of two values of reals, one at least of them no constant: a clip where one is a single constant.
    mutating func extremum(
        _ node: ONNXNode, _ a: ImportedValue, _ b: ImportedValue, isMaximum: Bool
    ) throws(ONNXError) -> ImportedValue {
        let (best, other) = a.isConstant ? (b, a) : (a, b)
        guard case .activation(_, _, .real) = best else {
            throw node.refusal("quantized values; DequantizeLinear takes them")
        }
        if case .constant(let constant) = other, let bound = constant.single {
            guard !bound.isNaN, constant.reals != nil else {
                throw node.refusal("a bound that is no real number")
            }
            let function = ScalarFunction.clip(
                isMaximum ? Float(bound) : -.infinity, isMaximum ? .infinity : Float(bound))
            let shape = IndexLists.broadcast(best.shape, other.shape) ?? best.shape
            return try self.function(function, of: try broadcast(node, best, to: shape), node)
        }
        // max(a, b) is b + relu(a - b), min(a, b) is b - relu(b - a).
        let (a, b) = isMaximum ? (best, other) : (other, best)
        let gap = try function(.relu, of: try arithmetic(node, .subtract, a, b), node)
        return try arithmetic(node, isMaximum ? .add : .subtract, other, gap)
    }

    /// Activations that are made of others.
    mutating func composed(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let attributes: [String: Set<String>] = [
            "Selu": ["alpha", "gamma"], "Celu": ["alpha"], "ThresholdedRelu": ["alpha"],
            "Shrink": ["bias", "lambd"],
        ]
        try check(node, inputs: 1...1, attributes: attributes[node.operator] ?? [])
        let value = try real(node, 0)
        switch node.operator {
        case "Selu":
            let alpha = try node.float("alpha", default: 1.67326319217681884765625)
            let gamma = try node.float("gamma", default: 1.05070102214813232421875)
            return try scaled(node, try function(.elu(alpha), of: value, node), by: gamma)
        case "Celu":
            let alpha = try node.float("alpha", default: 1)
            guard alpha != 0 else { throw node.refusal("alpha is 0") }
            let small = try scaled(node, value, by: 1 / alpha)
            return try scaled(node, try function(.elu(1), of: small, node), by: alpha)
        case "ThresholdedRelu":
            return try kept(node, value, above: try node.float("alpha", default: 1))
        case "Shrink":
            let bias = try node.float("bias", default: 0)
            let limit = try node.float("lambd", default: 0.5)
            let minus = try scaled(node, value, by: -1)
            return try arithmetic(
                node, .subtract, try kept(node, value, above: limit, plus: -bias),
                try kept(node, minus, above: limit, plus: -bias))
        case "Mish":
            let soft = try function(.softplus, of: value, node)
            return try arithmetic(
                node, .multiply, value, try function(.tanh, of: soft, node))
        default:
            // Softsign
            let size = try function(.absolute, of: value, node)
            return try arithmetic(
                node, .divide, value, try scaled(node, size, by: 1, plus: 1))
        }
    }
    /// A value plus a term where the value is above a bound, 0 elsewhere.
    private mutating func kept(
        _ node: ONNXNode, _ value: ImportedValue, above bound: Float, plus term: Float = 0
    ) throws(ONNXError) -> ImportedValue {
        let isAbove = try function(.step, of: try scaled(node, value, by: 1, plus: -bound), node)
        return try apply(
            node, .mask, [try scaled(node, value, by: 1, plus: term), isAbove],
            shape: value.shape)
    }

    /// PRelu: what is below zero times a constant slope, of all elements or of each channel.
    mutating func parametricRelu(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2)
        let value = try real(node, 0)
        let slopes = try weights(node, 1)
        guard let reals = slopes.reals?.map({ Float($0) }), let first = reals.first,
            IndexLists.broadcast(value.shape, slopes.shape) == value.shape
        else { throw node.refusal("slopes of sizes \(slopes.shape) for \(value.shape)") }
        guard reals.contains(where: { $0 != first }) else {
            return try function(.leakyRelu(first), of: value, node)
        }
        // s x + (1 - s) relu(x): one activation, whatever the slopes are.
        let rest = ImportedConstant(floats: reals.map { 1 - $0 }, shape: slopes.shape)
        let positive = try function(.relu, of: value, node)
        return try arithmetic(
            node, .add, try arithmetic(node, .multiply, value, .constant(slopes)),
            try arithmetic(node, .multiply, positive, .constant(rest)))
    }
}
