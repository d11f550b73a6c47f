// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// QuantizeLinear and DequantizeLinear of activations. Of the input they are its integers. Elsewhere the rounding is not
/// reproduced, but the saturation is a function like any other: quantizers fold Relu and Clip into it.
extension RealNetworkBuilder {
    mutating func quantize(
        _ node: TensorGraph.Node, _ grid: QuantizationGrid
    ) throws(QuantizationError) {
        codes[node.output] = grid
        if try takeInput(node, grid) { return }
        let (expression, argument) = scalar(node.inputs[0])
        if saturation.isIdle(node.output) || isBounded(expression, by: grid) {
            network.dropped.append(
                "\(node.name) (\(node.operator)): accumulators are never rescaled; its saturation changes less than its rounding"
            )
            return try setScalar(node.output, expression, argument: argument, node: node)
        }
        let range = grid.reals(0)
        guard grid.scales.indices.allSatisfy({ grid.reals($0) == range }) else {
            throw refusal(
                node, "it saturates values, each channel in a range of its own",
                "quantize activations with one scale for the whole tensor, or with ranges that no value leaves"
            )
        }
        network.folded.append(
            "\(node.name) (\(node.operator)): it saturates, which is a clip to \(Float(range.lowerBound))...\(Float(range.upperBound)); its rounding is not reproduced"
        )
        try setScalar(
            node.output,
            .function(.clip(Float(range.lowerBound), Float(range.upperBound)), expression),
            argument: argument, node: node)
    }

    /// Whether a function of anything stays where the codes are, up to half a step.
    private func isBounded(_ expression: ScalarExpression, by grid: QuantizationGrid) -> Bool {
        guard let values = expression.bounds else { return false }
        return grid.scales.indices.allSatisfy { place in
            let (range, half) = (grid.reals(place), Double(grid.scales[place]) / 2)
            return values.lowerBound >= range.lowerBound - half
                && values.upperBound <= range.upperBound + half
        }
    }

    mutating func dequantize(
        _ node: TensorGraph.Node, _ grid: QuantizationGrid
    ) throws(QuantizationError) {
        let source = node.inputs[0]
        guard let original = codes[source] else {
            throw refusal(
                node, "it reads no codes of a QuantizeLinear", "remove it or its counterpart")
        }
        let count = graph.values[node.output].count
        // code - zero point is value / scale, plus what the zero points differ by.
        func line(_ index: Int) -> (factor: Double, term: Double) {
            let (from, to) = (original.place(index), grid.place(index))
            let scale = Double(grid.scales[to])
            return (
                scale / Double(original.scales[from]),
                scale * (Double(original.zeroPoints[from]) - Double(grid.zeroPoints[to]))
            )
        }
        let (expression, argument) = scalar(source)
        guard original.scales.count > 1 || grid.scales.count > 1 else {
            let (factor, term) = line(0)
            var result = expression
            if factor != 1 { result = .product(.constant(factor), result) }
            if term != 0 { result = .sum(result, .constant(term)) }
            return try setScalar(node.output, result, argument: argument, node: node)
        }
        let lines = (0..<count).map { line($0) }
        guard lines.contains(where: { $0 != (1, 0) }) else {
            return try setScalar(node.output, expression, argument: argument, node: node)
        }
        try setLine(node, factors: lines.map(\.factor), terms: lines.map(\.term))
    }

    /// A node that moves codes of one scale, as one that moves the reals that they stand for; nil of others.
    mutating func movedCodes(_ node: TensorGraph.Node) -> TensorGraph.Node? {
        guard case .gather(let indices, let fill) = node.operation,
            let grid = node.inputs.first.flatMap({ codes[$0] }), grid.scales.count == 1,
            node.inputs.allSatisfy({ codes[$0] == grid })
        else { return nil }
        codes[node.output] = grid
        return TensorGraph.Node(
            name: node.name, operator: node.operator,
            operation: .gather(indices: indices, fill: grid.values([fill])[0]),
            inputs: node.inputs, output: node.output)
    }

    /// The input's own quantization, where the node is one.
    private mutating func takeInput(
        _ node: TensorGraph.Node, _ grid: QuantizationGrid
    ) throws(QuantizationError) -> Bool {
        let source = node.inputs[0]
        guard head.contains(source), network.fixedInput == nil, grid.scales.count == 1,
            let (factor, term) = scalar(source).expression.affine, factor > 0, term == 0,
            factor.isFinite
        else { return false }
        let (scale, zeroPoint) = (grid.scales[0], grid.zeroPoints[0])
        let limit = Float(InputSpecification.maximumMagnitude)
        guard abs(zeroPoint) <= limit, abs(grid.low) <= limit, abs(grid.high) <= limit,
            grid.low < grid.high
        else {
            throw refusal(
                node, "codes beyond \(InputSpecification.maximumMagnitude)", "use fewer bits")
        }
        var range = Int(grid.low) - Int(zeroPoint)...Int(grid.high) - Int(zeroPoint)
        if let clip = network.clip {
            // The codes that the clip's ends get.
            let step = Double(scale) / factor
            let (bottom, top) = (clip.lowerBound / step, clip.upperBound / step)
            let first = min(
                max(bottom.rounded(.toNearestOrEven), Double(range.lowerBound)),
                Double(range.upperBound))
            let last = min(max(top.rounded(.toNearestOrEven), first), Double(range.upperBound))
            range = Int(first)...Int(last)
        }
        network.fixedInput = RealNetwork.FixedInput(
            scale: Float(Double(scale) / factor), zeroPoint: Int(zeroPoint), range: range)
        network.folded.append("\(node.name) (\(node.operator)): the input's integers")
        let (expression, argument) = scalar(source)
        try setScalar(node.output, expression, argument: argument, node: node)
        return true
    }
}
