// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Where a graph begins to be encrypted: what the client makes of its inputs first, and the rest.
///
/// The client's part is what no polynomial does well and no weights of layers come before: imputers, encoders of
/// categories, functions of inputs, norms, with all that lies before them. Of what a model was fitted to, a client then
/// sees what these and per-feature scales say, and no more. Without such an operation there is no client's part, but for
/// models of several inputs or of texts.
package struct InputSplit {
    /// nil where samples are encrypted as they are.
    package let program: InputProgram?
    /// What is computed of what the program makes, value 0.
    package let graph: TensorGraph
    /// Names of the nodes that the client does.
    package let clients: [String]
    /// Whether the client does something of trees: compares for them, or finds their leaves.
    package var hasTrees: Bool {
        program?.program.steps.contains(where: \.operation.isTrees) ?? false
    }

    /// - Throws: `QuantizationError` where the client's part is more than a client is asked to do, or nothing is left.
    package init(_ graph: TensorGraph) throws(QuantizationError) {
        let graph = graph.joiningTrees()
        let isLight = LightValues(graph).isLight
        var makers: [Int: Int] = [:]
        for (index, node) in graph.nodes.enumerated() { makers[node.output] = index }
        var isClients = [Bool](repeating: false, count: graph.nodes.count)
        func take(_ value: Int) {
            guard let maker = makers[value], !isClients[maker] else { return }
            isClients[maker] = true
            for input in graph.nodes[maker].inputs { take(input) }
        }
        for node in graph.nodes
        where isLight[node.output] && (graph.moves(node) || node.operation.isHard && !node.isUsual)
        {
            take(node.output)
        }
        for condition in graph.conditions {
            guard isLight[condition.value] else {
                throw .invalidNetwork(
                    "it refuses samples for what its weights make of them (\(condition.text)), which nobody can see of encrypted ones"
                )
            }
            take(condition.value)
        }
        guard !graph.columns.isEmpty || isClients.contains(true) else {
            (program, self.graph, clients) = (nil, graph, [])
            return
        }
        // What only chooses among inputs and results is the client's, too: what isn't chosen is not encrypted.
        for (index, node) in graph.nodes.enumerated() {
            guard case .gather(let indices, _) = node.operation, isLight[node.output],
                node.inputs.allSatisfy({ value in
                    value == 0 || makers[value].map { isClients[$0] } == true
                }), indices.count <= node.inputs.reduce(0, { $0 + graph.values[$1].count }),
                !indices.contains(-1)
            else { continue }
            isClients[index] = true
        }
        let split = try Self.parts(graph, isClients)
        program = split.program
        self.graph = split.isBits ? split.graph.takingBits : split.graph
        clients = graph.nodes.indices.filter {
            isClients[$0] && graph.nodes[$0].operator != "input"
        }.map { graph.clientsWords(graph.nodes[$0]) }
    }

    /// Values that one step lays end to end, and conditions of one output.
    private static let mostParts = 32

    private static func parts(
        _ graph: TensorGraph, _ isClients: [Bool]
    ) throws(QuantizationError) -> (program: InputProgram, graph: TensorGraph, isBits: Bool) {
        var steps: [OutputProgram.Step] = []
        var places = [0: 0]
        var ranges: [Int: [ClosedRange<Float>?]] = [:]
        for (index, node) in graph.nodes.enumerated() where isClients[index] {
            steps.append(
                OutputProgram.Step(node.operation, inputs: node.inputs.map { places[$0]! }))
            places[node.output] = steps.count
            ranges[node.output] = node.operation.ranges(
                node.inputs.map {
                    ranges[$0]
                        ?? [ClosedRange<Float>?](repeating: nil, count: graph.values[$0].count)
                }, count: graph.values[node.output].count)
        }
        let rest = graph.nodes.indices.filter { !isClients[$0] }.map { graph.nodes[$0] }
        var shown: [Int] = []
        for value in rest.flatMap(\.inputs) + graph.outputs
        where places[value] != nil && !shown.contains(value) {
            shown.append(value)
        }
        guard !rest.isEmpty else {
            throw .invalidNetwork(
                "nothing of it is left to hide: all that it does is done by the client before encryption"
            )
        }
        if let output = graph.outputs.indices.first(where: { places[graph.outputs[$0]] != nil }) {
            throw .invalidNetwork(
                "its output '\(graph.outputNames[output])' is made by the client before encryption: leave it out of the model"
            )
        }
        /// Values laid end to end: as many steps as it takes, since one reads few.
        func endToEnd(_ values: [Int]) -> Int {
            var parts = values.map { (value: places[$0]!, count: graph.values[$0].count) }
            while parts.count > 1 {
                parts = stride(from: 0, to: parts.count, by: Self.mostParts).map { first in
                    let group = parts[first..<min(first + Self.mostParts, parts.count)]
                    guard group.count > 1 else { return group[first] }
                    let count = group.reduce(0) { $0 + $1.count }
                    steps.append(
                        OutputProgram.Step(
                            .gather(indices: Array(0..<Int32(count)), fill: 0),
                            inputs: group.map(\.value)))
                    return (steps.count, count)
                }
            }
            return parts[0].value
        }
        // One value of all that is encrypted.
        let sizes = shown.map { graph.values[$0].count }
        let total = sizes.reduce(0, +)
        var first = places[shown[0]]!
        var shape = graph.values[shown[0]].shape
        if shown.count > 1 {
            first = endToEnd(shown)
            shape = [1, total]
        }
        var outputs = [
            OutputProgram.Output(name: "input", value: first, shape: [total], meaning: .real)
        ]
        // A program has few outputs: many conditions share one, whose text is the first's.
        let together = graph.conditions.count < Self.mostParts ? 1 : Self.mostParts
        for first in stride(from: 0, to: graph.conditions.count, by: together) {
            let group = graph.conditions[first..<min(first + together, graph.conditions.count)]
            let others = group.count > 1 ? ", or the same of one of \(group.count - 1) others" : ""
            outputs.append(
                OutputProgram.Output(
                    name: group[first].text + others, value: endToEnd(group.map(\.value)),
                    shape: [group.reduce(0) { $0 + graph.values[$1.value].count }],
                    meaning: .integer))
        }
        let input = graph.values[0]
        let columns =
            graph.columns.isEmpty
            ? [InputColumn(name: input.name, count: input.count, kind: .real)] : graph.columns
        let program: InputProgram
        do throws(ProgramError) {
            program = try InputProgram(
                columns: columns,
                program: OutputProgram(inputCount: input.count, steps: steps, outputs: outputs))
        } catch {
            throw .invalidNetwork(
                "what comes before its layers can't be left to the client: \(error)")
        }
        var remaining = Self.rest(graph, rest, shown: shown, sizes: sizes, shape: shape)
        let known = shown.flatMap {
            ranges[$0] ?? [ClosedRange<Float>?](repeating: nil, count: graph.values[$0].count)
        }
        if known.contains(where: { $0 != nil }) { remaining.inputRanges = known }
        let isBits = graph.nodes.filter { shown.contains($0.output) }.allSatisfy(
            \.operation.isTrees)
        return (program, remaining, isBits && !shown.contains(0))
    }

    /// The graph whose value 0 is what the client encrypts.
    private static func rest(
        _ graph: TensorGraph, _ nodes: [TensorGraph.Node], shown: [Int], sizes: [Int],
        shape: [Int]
    ) -> TensorGraph {
        var result = graph
        result.columns = []
        result.conditions = []
        result.values[0] = TensorGraph.Value(
            name: shown.count == 1 ? graph.values[shown[0]].name : "inputs", shape: shape)
        guard shown != [0] else {
            result.nodes = nodes
            return result.pruned()
        }
        var places: [Int: Int] = [:]
        var gathers: [TensorGraph.Node] = []
        var start = 0
        for (value, size) in zip(shown, sizes) {
            if shown.count == 1 {
                places[value] = 0
            } else {
                // Value 0 is another now.
                places[value] = value == 0 ? result.values.count : value
                if value == 0 { result.values.append(graph.values[0]) }
                gathers.append(
                    TensorGraph.Node(
                        name: graph.values[value].name, operator: "input",
                        operation: .gather(
                            indices: (0..<Int32(size)).map { Int32(start) + $0 }, fill: 0),
                        inputs: [0], output: places[value]!))
            }
            start += size
        }
        result.nodes =
            gathers
            + nodes.map { node in
                TensorGraph.Node(
                    name: node.name, operator: node.operator, operation: node.operation,
                    inputs: node.inputs.map { places[$0] ?? $0 }, output: node.output)
            }
        return result.pruned()
    }
}

extension TensorGraph {
    /// The same, its input stated to be bits: whatever calibration samples come to.
    fileprivate var takingBits: TensorGraph {
        var result = self
        let grid = QuantizationGrid(scale: 1, zeroPoint: 0, low: 0, high: 1)
        let (codes, bits) = (values.count, values.count + 1)
        result.values += [values[0], values[0]]
        func node(_ operation: TensorOperation, _ input: Int, _ output: Int) -> Node {
            Node(
                name: values[0].name, operator: "input", operation: operation, inputs: [input],
                output: output)
        }
        result.nodes =
            [node(.quantize(grid), 0, codes), node(.dequantize(grid), codes, bits)]
            + nodes.map { old in
                Node(
                    name: old.name, operator: old.operator, operation: old.operation,
                    inputs: old.inputs.map { $0 == 0 ? bits : $0 }, output: old.output)
            }
        return result
    }

    /// Whether a node is to be left to the client, and can be.
    func moves(_ node: Node) -> Bool {
        if clientNodes.contains(node.name) { return node.operation.mayBeMoved }
        // Who does trees compares for them.
        guard case .conditions = node.operation else { return false }
        return nodes.contains {
            $0.inputs.contains(node.output) && clientNodes.contains($0.name)
                && $0.operation.isTrees
        }
    }

    /// How a report calls what the client does.
    func clientsWords(_ node: Node) -> String {
        "\(node.name) (\(node.operator))"
            + (node.operation.isForClients
                ? ""
                : ", \(node.whatIsTold)")
    }
}

extension TensorGraph.Node {
    /// What a client sees of it.
    fileprivate var whatIsTold: String {
        switch operation {
        case .conditions where name.hasSuffix(TensorGraph.gridSuffix):
            "a grid that says nothing of its trees"
        case .conditions: "its trees' thresholds"
        case .forest: "its trees' shape"
        default: "its weights and all"
        }
    }

    /// A norm of the input itself, or a box that it is clipped to: what every network's input may state.
    fileprivate var isUsual: Bool {
        switch operation {
        case .normalize, .function(.clip): inputs == [0]
        default: false
        }
    }
}

extension TensorOperation {
    fileprivate var isTrees: Bool {
        switch self {
        case .conditions, .forest: true
        default: false
        }
    }

    /// What elements of the result can be at all, whatever samples have; nil where that isn't known.
    fileprivate func ranges(
        _ inputs: [[ClosedRange<Float>?]], count: Int
    ) -> [ClosedRange<Float>?] {
        let known: ClosedRange<Float>?
        switch self {
        case .gather(let indices, let fill):
            let all = inputs.flatMap { $0 }
            return indices.map { $0 < 0 ? fill...fill : all[Int($0)] }
        case .encode(_, let values, let otherwise):
            known = values.reduce(otherwise, min)...values.reduce(otherwise, max)
        case .lookUp(let values): known = (values.min() ?? 0)...(values.max() ?? 0)
        case .function(.step), .function(.isZero), .equal, .conditions, .forest: known = 0...1
        case .argMax(_, let size, _, _): known = 0...Float(size - 1)
        default: known = nil
        }
        return [ClosedRange<Float>?](repeating: known, count: count)
    }

    /// What polynomials don't do, or not well.
    fileprivate var isHard: Bool {
        switch self {
        case .function(.negative): false
        case .function(let function) where function.isRounding: false
        case .function(.power(let exponent)): exponent < 1 || exponent.rounded() != exponent
        case .divide, .mask, .equal, .function, .impute, .encode, .lookUp, .normalize, .argMax: true
        default: false
        }
    }
}
