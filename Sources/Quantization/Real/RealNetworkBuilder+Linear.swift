// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

extension RealNetworkBuilder {
    mutating func addLinear(_ node: TensorGraph.Node) throws(QuantizationError) {
        switch node.operation.multiplied {
        case .gather(let indices, let fill): try addGather(node, indices, fill)
        case .scale(let factors, let terms): try addScale(node, factors, terms)
        case .matrix(let weights, let bias, let rows, let inner, let columns):
            let map = try matrix(node, weights.values, rows, inner, columns)
            let biases = (0..<rows * columns).map { Double(bias?[$0 % columns] ?? 0) }
            try set(
                node, try use(node.inputs[0], by: .matrix(map)), bias: biases,
                weights: inner * columns)
        case .convolution(let geometry, let weights, let bias):
            let map = try convolution(node, geometry, weights.values)
            let area = geometry.output.height * geometry.output.width
            let biases = (0..<geometry.batch * geometry.output.count).map {
                Double(bias?[$0 / area % geometry.output.channels] ?? 0)
            }
            try set(
                node, try use(node.inputs[0], by: map), bias: biases, weights: weights.values.count)
        case .weightedSum(let starts, let indices, let weights):
            try checkEntries(node.name, indices.count)
            var matrix = RealMatrix(columns: graph.values[node.inputs[0]].count)
            for row in 0..<starts.count - 1 {
                matrix.appendRow(
                    (starts[row]..<starts[row + 1]).map { (Int(indices[$0]), Double(weights[$0])) })
            }
            try set(node, try use(node.inputs[0], by: .matrix(matrix)))
        case .add: try addSum(node, sign: 1)
        case .subtract: try addSum(node, sign: -1)
        default: throw .invalidNetwork("\(node.operator) is not linear")
        }
    }

    private mutating func set(
        _ node: TensorGraph.Node, _ form: LinearForm, bias: [Double] = [], weights: Int = 0
    ) throws(QuantizationError) {
        var form = form
        guard form.bias.count == graph.values[node.output].count else {
            throw .invalidNetwork("sizes of '\(node.name)' contradict each other")
        }
        if !bias.isEmpty { form.bias = zip(form.bias, bias).map { $0 + $1 } }
        if !form.names.contains(where: { $0.name == node.name }) {
            form.names.append((node.name, weights))
        }
        known[node.output] = .linear(form)
    }

    /// An element each times a factor, plus a term.
    mutating func setLine(
        _ node: TensorGraph.Node, factors: [Double], terms: [Double]
    ) throws(QuantizationError) {
        try set(
            node, try use(node.inputs[0], by: .matrix(.diagonal(factors))), bias: terms)
    }

    private mutating func addScale(
        _ node: TensorGraph.Node, _ factors: [Float], _ terms: [Float]
    ) throws(QuantizationError) {
        let source = node.inputs[0]
        let isUniform =
            factors.allSatisfy { $0 == factors[0] } && terms.allSatisfy { $0 == terms[0] }
        let count = graph.values[node.output].count
        guard isUniform, !factors.isEmpty, !terms.isEmpty else {
            return try setLine(
                node, factors: (0..<count).map { Double(factors[$0 % factors.count]) },
                terms: (0..<count).map { Double(terms[$0 % terms.count]) })
        }
        let (expression, argument) = scalar(source)
        var result = expression
        if factors[0] != 1 { result = .product(.constant(Double(factors[0])), result) }
        if terms[0] != 0 { result = .sum(result, .constant(Double(terms[0]))) }
        try setScalar(node.output, result, argument: argument, node: node)
        if head.contains(source), readers[node.output] == 1 { head.insert(node.output) }
    }

    private mutating func addGather(
        _ node: TensorGraph.Node, _ indices: [Int32], _ fill: Float
    ) throws(QuantizationError) {
        let counts = node.inputs.map { graph.values[$0].count }
        if node.inputs.count == 1, indices.elementsEqual((0..<counts[0]).map { Int32($0) }) {
            let (expression, argument) = scalar(node.inputs[0])
            try setScalar(node.output, expression, argument: argument, node: node)
            if head.contains(node.inputs[0]), readers[node.output] == 1 { head.insert(node.output) }
            return
        }
        // Of each index the place of its value among those read, and its column there.
        var starts = [0]
        for count in counts { starts.append(starts[starts.count - 1] + count) }
        let values = Set(node.inputs).sorted()
        let places = node.inputs.map { input in values.firstIndex(of: input)! }
        var sources = [Int32](repeating: -1, count: indices.count)
        var columns = [Int32](repeating: 0, count: indices.count)
        var last = 0
        for (row, index) in indices.enumerated() where index >= 0 {
            // Neighbours mostly lie in one input.
            if Int(index) < starts[last] || Int(index) >= starts[last + 1] {
                last = Self.input(of: Int(index), starts)
            }
            sources[row] = Int32(places[last])
            columns[row] = index - Int32(starts[last])
        }
        var sum: LinearForm?
        for (place, value) in values.enumerated() {
            try checkEntries(node.name, 2 * indices.count)
            var matrix = RealMatrix(columns: graph.values[value].count)
            for row in indices.indices {
                if sources[row] == place { matrix.append(column: Int(columns[row]), weight: 1) }
                matrix.endRow()
            }
            guard matrix.entriesCount > 0 else { continue }
            let form = try use(value, by: .matrix(matrix))
            sum =
                try sum.map { (sum) throws(QuantizationError) in try self.sum(node, sum, form) }
                ?? form
        }
        let zeros = [Double](repeating: 0, count: indices.count)
        try set(
            node, sum ?? LinearForm(terms: [], bias: zeros),
            bias: indices.map { $0 < 0 ? Double(fill) : 0 })
    }

    /// The input that an element of all inputs laid end to end is of.
    private static func input(of index: Int, _ starts: [Int]) -> Int {
        var (low, high) = (0, starts.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= index { low = middle } else { high = middle }
        }
        return low
    }

    private func sum(
        _ node: TensorGraph.Node, _ a: LinearForm, _ b: LinearForm
    ) throws(QuantizationError) -> LinearForm {
        guard let sum = a.adding(b) else {
            throw .tooLarge(node: node.name, reason: "the sum of its linear maps is too large")
        }
        return sum
    }

    private mutating func addSum(
        _ node: TensorGraph.Node, sign: Double
    ) throws(QuantizationError) {
        let (a, b) = (scalar(node.inputs[0]), scalar(node.inputs[1]))
        if a.argument == b.argument {
            let expression: ScalarExpression =
                sign > 0
                ? .sum(a.expression, b.expression) : .difference(a.expression, b.expression)
            try setScalar(node.output, expression, argument: a.argument, node: node)
            return
        }
        let count = graph.values[node.output].count
        let left = try use(node.inputs[0], by: .identity(count))
        let map: LinearMap =
            sign > 0
            ? .identity(count) : .matrix(.diagonal([Double](repeating: sign, count: count)))
        let right = try use(node.inputs[1], by: map)
        try set(node, try sum(node, left, right))
    }

    private func matrix(
        _ node: TensorGraph.Node, _ weights: [Float], _ rows: Int, _ inner: Int, _ columns: Int
    ) throws(QuantizationError) -> RealMatrix {
        try checkEntries(node.name, weights.count)
        try checkEntries(node.name, weights.count * rows)
        var matrix = RealMatrix(columns: rows * inner)
        for row in 0..<rows {
            for column in 0..<columns {
                for k in 0..<inner {
                    let weight = weights[k * columns + column]
                    if weight != 0 {
                        matrix.append(column: row * inner + k, weight: Double(weight))
                    }
                }
                matrix.endRow()
            }
        }
        return matrix
    }

    private func convolution(
        _ node: TensorGraph.Node, _ geometry: TensorConvolution, _ weights: [Float]
    ) throws(QuantizationError) -> LinearMap {
        // Layers have no window that lies wholly in the padding; as a matrix it is a row of zeros.
        let pads = geometry.padding
        let isNarrow =
            max(pads.top, pads.bottom) < geometry.kernel.height
            && max(pads.left, pads.right) < geometry.kernel.width
        let isPlain =
            isNarrow && geometry.batch == 1 && geometry.groups == 1
            && geometry.dilations == Extent(height: 1, width: 1)
        if isPlain {
            return .convolution(
                RealConvolution(
                    weights: weights.map(Double.init), input: geometry.input,
                    output: geometry.output, kernel: geometry.kernel, strides: geometry.strides,
                    padding: geometry.padding))
        }
        let (input, output) = (geometry.input, geometry.output)
        let channels = input.channels / geometry.groups
        let taps = channels * geometry.kernel.height * geometry.kernel.width
        try checkEntries(node.name, geometry.batch * output.count)
        try checkEntries(node.name, geometry.batch * output.count * taps)
        var matrix = RealMatrix(columns: geometry.batch * input.count)
        let mapsPerGroup = output.channels / geometry.groups
        for row in 0..<geometry.batch * output.count {
            let (batch, element) = row.quotientAndRemainder(dividingBy: output.count)
            let (map, position) = element.quotientAndRemainder(
                dividingBy: output.height * output.width)
            let (oy, ox) = position.quotientAndRemainder(dividingBy: output.width)
            for tap in 0..<taps {
                let (c, inKernel) = tap.quotientAndRemainder(
                    dividingBy: geometry.kernel.height * geometry.kernel.width)
                let (ky, kx) = inKernel.quotientAndRemainder(dividingBy: geometry.kernel.width)
                let y =
                    oy * geometry.strides.height + ky * geometry.dilations.height
                    - geometry.padding.top
                let x =
                    ox * geometry.strides.width + kx * geometry.dilations.width
                    - geometry.padding.left
                let weight = weights[map * taps + tap]
                guard weight != 0, y >= 0, y < input.height, x >= 0, x < input.width else {
                    continue
                }
                let channel = map / mapsPerGroup * channels + c
                matrix.append(
                    column: ((batch * input.channels + channel) * input.height + y) * input.width
                        + x,
                    weight: Double(weight))
            }
            matrix.endRow()
        }
        return .matrix(matrix)
    }
}
