// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// What depends on constants and static shapes alone, of which exporters make shapes, axes and counts: integers
/// exactly, everything else by the float reference.
extension TensorGraphImporter {
    /// Mod, of constants: integers with the divisor's sign or, by `fmod`, the dividend's; reals by `fmod` alone.
    mutating func remainder(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2, attributes: ["fmod"])
        let takesDividend = try flag(node, "fmod", default: false)
        let (a, b, shape) = try aligned(node, try value(node, 0), try value(node, 1))
        guard case .constant(let first) = a, case .constant(let second) = b else {
            throw node.refusal(
                "a remainder of what depends on the sample; one of constants is accepted")
        }
        guard first.type == second.type else {
            throw node.refusal("constants of \(first.type) and of \(second.type)")
        }
        if let x = first.integers, let y = second.integers {
            guard !y.contains(0) else { throw node.refusal("a remainder of a division by zero") }
            let results = zip(x, y).map { dividend, divisor in
                // The least integer by -1 overflows, and has no remainder.
                let rest = divisor == -1 ? 0 : dividend % divisor
                return takesDividend || rest == 0 || (rest < 0) == (divisor < 0)
                    ? rest : rest + divisor
            }
            return .constant(
                ImportedConstant(shape: shape, type: first.type, values: .integers(results)))
        }
        guard takesDividend, let x = first.reals, let y = second.reals else {
            throw node.refusal("reals without fmod, or constants of \(first.type)")
        }
        let results = zip(x, y).map { first.type.rounded($0.truncatingRemainder(dividingBy: $1)) }
        return .constant(ImportedConstant(shape: shape, type: first.type, values: .reals(results)))
    }

    /// A reduction of constant integers, exactly. A mean is divided as integers are, towards zero.
    mutating func reduced(
        _ node: ONNXNode, _ constant: ImportedConstant, _ integers: [Int64], axes: [Int],
        keepsAxes: Bool
    ) throws(ONNXError) -> ImportedConstant {
        let shape = constant.shape
        try charge(integers.count, node)
        let offsets = IndexLists.identity(shape)
        let bases = IndexLists.sums(shape.indices.map { axes.contains($0) ? [0] : offsets[$0] })
        let members = IndexLists.sums(axes.sorted().map { offsets[$0] })
        let output = shape.indices.compactMap { axis in
            axes.contains(axis) ? (keepsAxes ? 1 : nil) : shape[axis]
        }
        guard !members.isEmpty || ["ReduceSum", "ReduceProd"].contains(node.operator) else {
            throw node.refusal("nothing to reduce: sizes \(shape)")
        }
        var results: [Int64] = []
        for base in bases {
            let elements = members.map { integers[Int(base + $0)] }
            guard let result = Self.reduced(elements, node.operator) else {
                throw node.refusal(
                    "integers beyond 64 bits, or a reduction to reals; sums, means, products, maxima and minima of integers are accepted"
                )
            }
            results.append(result)
        }
        return try fitting(
            node,
            ImportedConstant(shape: output, type: constant.type, values: .integers(results)))
    }

    /// nil where it overflows, or has no integer for a result.
    private static func reduced(_ integers: [Int64], _ name: String) -> Int64? {
        func folded(
            _ start: Int64, _ next: (Int64, Int64) -> (partialValue: Int64, overflow: Bool)
        ) -> Int64? {
            integers.reduce(Optional(start)) { result, integer in
                guard let (value, overflow) = result.map({ next($0, integer) }) else { return nil }
                return overflow ? nil : value
            }
        }
        switch name {
        case "ReduceSum": return folded(0) { $0.addingReportingOverflow($1) }
        case "ReduceProd": return folded(1) { $0.multipliedReportingOverflow(by: $1) }
        case "ReduceMax": return integers.max()
        case "ReduceMin": return integers.min()
        case "ReduceMean":
            return folded(0) { $0.addingReportingOverflow($1) }.map { $0 / Int64(integers.count) }
        case "ReduceL1":
            return folded(0) { sum, integer in
                integer == .min ? (0, true) : sum.addingReportingOverflow(abs(integer))
            }
        case "ReduceSumSquare":
            return folded(0) { sum, integer in
                let (square, overflow) = integer.multipliedReportingOverflow(by: integer)
                return overflow ? (0, true) : sum.addingReportingOverflow(square)
            }
        default: return nil
        }
    }

    /// Refuses integers that the constant's type doesn't hold: runtimes wrap them around.
    func fitting(
        _ node: ONNXNode, _ constant: ImportedConstant
    ) throws(ONNXError) -> ImportedConstant {
        guard let range = constant.type.integerRange, let integers = constant.integers else {
            return constant
        }
        guard integers.allSatisfy(range.contains) else {
            throw node.refusal("integers beyond those of \(constant.type)")
        }
        return constant
    }

    /// A node whose inputs all are constants, of an operator that is otherwise of activations: evaluated by the float
    /// reference, as it evaluates the operator of a sample. nil where that has no exact or no single meaning.
    mutating func evaluated(_ node: ONNXNode) -> [ImportedValue?]? {
        guard node.bodies.isEmpty, let name = node.input(0),
            case .constant(let constant)? = values[name], constant.count > 0,
            node.inputs.allSatisfy({ $0.isEmpty || values[$0]?.isConstant == true })
        else { return nil }
        let kind: ImportedValue.Kind
        var elements: [Float]
        switch constant.values {
        case .reals(let reals):
            guard constant.type != .double else { return nil }
            (kind, elements) = (.real, reals.map { Float($0) })
        case .integers(let integers):
            let limit = integers.map(\.magnitude).max() ?? 0
            guard limit < 1 << 24 else { return nil }
            elements = integers.map { Float($0) }
            kind = .index(
                constant.type == .bool ? .truths : ImportedValue.Indices(magnitude: Int(limit)))
        case .strings: return nil
        }
        // The node alone, of an input that is the constant.
        var alone = self
        alone.tensors = TensorGraph(
            values: [TensorGraph.Value(name: name, shape: constant.shape)], nodes: [], outputs: [],
            budget: tensors.budget)
        alone.values[name] = .activation(0, shape: constant.shape, kind: kind)
        guard let results = try? alone.operation(node), alone.tensors.conditions.isEmpty else {
            return nil
        }
        var made = [0: elements]
        for step in alone.tensors.nodes {
            made[step.output] = step.operation.evaluate(step.inputs.map { made[$0]! })
        }
        takeCharges(of: alone)
        var folded: [ImportedValue?] = []
        for result in results {
            guard case .activation(let index, let shape, let kind)? = result else {
                folded.append(result)
                continue
            }
            elements = made[index]!
            switch kind {
            case .real:
                let type = constant.type.isReal ? constant.type : .float
                folded.append(
                    .constant(
                        ImportedConstant(
                            shape: shape, type: type,
                            values: .reals(elements.map { type.rounded(Double($0)) }))))
            case .index(let indices) where indices.names == nil:
                let type: ONNXElementType =
                    indices == .truths && Self.givesTruths.contains(node.operator)
                    ? .bool : constant.type.isReal ? .int64 : constant.type
                folded.append(
                    .constant(
                        ImportedConstant(
                            shape: shape, type: type, values: .integers(elements.map { Int64($0) })
                        )))
            default: return nil
            }
        }
        return folded
    }

    private static let givesTruths: Set<String> = [
        "And", "Equal", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual", "Not",
        "Or", "Xor",
    ]
}
