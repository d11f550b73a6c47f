// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

extension RealNetworkBuilder {
    mutating func add(_ node: TensorGraph.Node) throws(QuantizationError) {
        let source = node.inputs[0]
        switch node.operation {
        case .gather, .scale, .quotient, .matrix, .convolution, .weightedSum, .add, .subtract:
            try addLinear(node)
        case .multiply, .divide, .mask: try combine(node)
        case .matrixProduct(let batches, let rows, let inner, let columns):
            try addMatrixProduct(node, batches, rows, inner, columns)
        case .function(let function): try apply(function, node)
        case .normalize(let normalization, let count):
            guard source == 0, head.contains(0), count == graph.values[0].count,
                network.clip == nil, network.fixedInput == nil
            else {
                throw refusal(
                    node, "dividing by a norm is no polynomial",
                    "normalize the whole sample first of all, where the client does it")
            }
            network.normalization = normalization
            network.folded.append("\(node.name) (\(node.operator)): the client normalizes")
            try alias(node)
            if readers[node.output] == 1 { head.insert(node.output) }
        case .quantize(let grid): try quantize(node, grid)
        case .dequantize(let grid): try dequantize(node, grid)
        case .softmax, .logSoftmax:
            throw refusal(
                node, "a softmax inside a network is no polynomial",
                "as the last node it is taken: the client applies it; attention needs another form, such as scaled squares"
            )
        case .argMax, .vote, .equal, .lookUp, .top:
            throw refusal(node, "a comparison is no polynomial", "as the last node it is taken")
        case .conditions:
            throw refusal(
                node, "each node of a tree compares, which no polynomial does well",
                "leave the comparisons of features with thresholds to the client ('\(node.name)'); the trees and what their leaves are worth stay encrypted"
            )
        case .forest(let forest):
            let bits = try materialize(source)
            guard bits == 0, network.fixedInput?.range == 0...1, network.fixedInput?.scale == 1
            else {
                throw refusal(
                    node,
                    "beside its trees there is more that reads the model's inputs, or trees of another node",
                    "use one node of trees of all inputs, and nothing beside it; or leave all of the trees to the client but what their leaves are worth ('\(node.name)')"
                )
            }
            let value = graph.values[node.output]
            let leaves = try append(
                RealNetwork.Node(
                    name: node.name, folded: [], operation: .forest(forest),
                    sources: [bits], shape: Self.sampleShape(value.shape)))
            known[node.output] = .linear(.base(leaves, count: value.count))
            emitted[node.output] = leaves
        case .impute, .encode:
            throw refusal(
                node, "a table of values is no polynomial",
                "encode and impute the model's inputs, before any weights")
        case .maximum where node.operator == "ReduceLogSumExp":
            throw refusal(
                node, "exponentials and their logarithm inside a network are no polynomial",
                "at the end it is taken: the client does it")
        case .maximum:
            throw refusal(
                node, "a maximum is no polynomial",
                "use AveragePool of the same window, or a stride in the convolution, and retrain")
        }
    }

    /// Makes a node's output its input.
    private mutating func alias(_ node: TensorGraph.Node) throws(QuantizationError) {
        let (expression, argument) = scalar(node.inputs[0])
        try setScalar(node.output, expression, argument: argument, node: node)
    }

    private mutating func apply(
        _ function: ScalarFunction, _ node: TensorGraph.Node
    ) throws(QuantizationError) {
        let source = node.inputs[0]
        let (expression, argument) = scalar(source)
        // Integers are rounded in other ways.
        guard !function.isRounding else {
            if head.contains(source), readers[node.output] == 1 { head.insert(node.output) }
            return try setScalar(node.output, expression, argument: argument, node: node)
        }
        if head.contains(source), network.fixedInput == nil, network.normalization == nil,
            let (factor, term) = expression.affine, factor > 0, factor.isFinite, term.isFinite
        {
            // In units of the input.
            var range: ClosedRange<Double>?
            if case .clip(let low, let high) = function, low < high {
                range = (Double(low) - term) / factor...(Double(high) - term) / factor
            } else if case .relu = function {
                range = -term / factor...Double.greatestFiniteMagnitude
            }
            if let range {
                let old = network.clip ?? range
                let low = min(max(range.lowerBound, old.lowerBound), old.upperBound)
                let high = max(min(range.upperBound, old.upperBound), low)
                network.clip = low...high
                network.folded.append("\(node.name) (\(node.operator)): the box of inputs")
                try alias(node)
                if readers[node.output] == 1 { head.insert(node.output) }
                return
            }
        }
        try setScalar(
            node.output, .function(function, expression), argument: argument, node: node)
    }

    /// A product or a quotient of two values.
    private mutating func combine(_ node: TensorGraph.Node) throws(QuantizationError) {
        let (a, b) = (scalar(node.inputs[0]), scalar(node.inputs[1]))
        var isQuotient = false
        if case .divide = node.operation { isQuotient = true }
        if a.argument == b.argument {
            let expression: ScalarExpression =
                isQuotient
                ? .quotient(a.expression, b.expression) : .product(a.expression, b.expression)
            try setScalar(node.output, expression, argument: a.argument, node: node)
            return
        }
        guard !isQuotient else {
            throw refusal(
                node, "division by a value that depends on the sample is no polynomial",
                "divide by a constant, as BatchNormalization does by the deviation over training data, and retrain"
            )
        }
        let sources = [try materialize(node.inputs[0]), try materialize(node.inputs[1])]
        try set(product: sources, node)
    }

    private mutating func set(
        product sources: [Int], _ node: TensorGraph.Node
    ) throws(QuantizationError) {
        let value = graph.values[node.output]
        let product = try append(
            RealNetwork.Node(
                name: node.name, folded: [], operation: .product, sources: sources,
                shape: Self.sampleShape(value.shape)))
        known[node.output] = .linear(.base(product, count: value.count))
        emitted[node.output] = product
    }

    /// All products of elements, then their sums: one level.
    private mutating func addMatrixProduct(
        _ node: TensorGraph.Node, _ batches: Int, _ rows: Int, _ inner: Int, _ columns: Int
    ) throws(QuantizationError) {
        let count = graph.values[node.output].count
        guard count == batches * rows * columns, inner > 0, count <= (1 << 20) / inner else {
            throw .tooLarge(
                node: node.name, reason: "a product of two activations of more than 2^20 products")
        }
        // Both with their rows, and the sums.
        try checkEntries(node.name, 5 * count * inner)
        var left = RealMatrix(columns: graph.values[node.inputs[0]].count)
        var right = RealMatrix(columns: graph.values[node.inputs[1]].count)
        for output in 0..<count {
            let (batch, rest) = output.quotientAndRemainder(dividingBy: rows * columns)
            let (row, column) = rest.quotientAndRemainder(dividingBy: columns)
            for k in 0..<inner {
                left.appendRow([((batch * rows + row) * inner + k, 1)])
                right.appendRow([((batch * inner + k) * columns + column, 1)])
            }
        }
        var sources: [Int] = []
        let total = count * inner
        for (value, matrix) in zip(node.inputs, [left, right]) {
            let form = try use(value, by: .matrix(matrix))
            sources.append(
                try append(
                    RealNetwork.Node(
                        name: node.name, folded: form.names.map(\.name),
                        operation: .affine(
                            RealAffine(
                                maps: form.terms.map(\.map), bias: form.bias, shape: [total])),
                        sources: form.terms.map(\.base), shape: [total])))
        }
        let product = try append(
            RealNetwork.Node(
                name: node.name, folded: [], operation: .product, sources: sources, shape: [total])
        )
        var sums = RealMatrix(columns: total)
        for output in 0..<count {
            for k in 0..<inner { sums.append(column: output * inner + k, weight: 1) }
            sums.endRow()
        }
        known[node.output] = .linear(
            LinearForm(
                terms: [(product, .matrix(sums))],
                bias: [Double](repeating: 0, count: count), names: [(node.name, total)]))
    }
}
