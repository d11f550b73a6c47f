// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// If and Loop where they depend on constants: their nodes are written out.
extension TensorGraphImporter {
    private func body(_ node: ONNXNode, _ name: String) throws(ONNXError) -> ONNXBody {
        guard case .body(let body)? = node.attributes[name] else {
            throw node.refusal("attribute '\(name)' must be a graph")
        }
        return body
    }

    mutating func branch(_ node: ONNXNode) throws(ONNXError) -> [ImportedValue?] {
        try check(
            node, inputs: 1...1, attributes: ["then_branch", "else_branch"],
            outputs: node.outputs.count)
        guard case .constant(let condition) = try value(node, 0), let truth = condition.single
        else {
            throw node.refusal(
                "its condition depends on the sample; export the model for one case, or select with Where"
            )
        }
        let body = try body(node, truth != 0 ? "then_branch" : "else_branch")
        guard body.inputs.isEmpty, body.outputs.count == node.outputs.count else {
            throw .invalidGraph(
                "node '\(node.name)' has \(node.outputs.count) outputs and its branch \(body.outputs.count)"
            )
        }
        return try written(body, node, inputs: [])
    }

    mutating func loop(_ node: ONNXNode) throws(ONNXError) -> [ImportedValue?] {
        try check(node, inputs: 1...1024, attributes: ["body"], outputs: node.outputs.count)
        let body = try body(node, "body")
        let carried = max(0, node.inputs.count - 2)
        guard body.inputs.count == carried + 2, body.outputs.count == node.outputs.count + 1,
            node.outputs.count >= carried
        else { throw .invalidGraph("node '\(node.name)': its body has other inputs and outputs") }
        func constant(_ index: Int, _ what: String) throws(ONNXError) -> Double? {
            guard node.input(index) != nil else { return nil }
            guard case .constant(let constant) = try value(node, index),
                let single = constant.single
            else {
                throw node.refusal(
                    "\(what) depends on the sample; export the model for a fixed number of steps")
            }
            return single
        }
        let trips = try constant(0, "its number of steps")
        var continues = try constant(1, "its condition") ?? 1 != 0
        var values: [ImportedValue?] = []
        for index in 0..<carried { values.append(try value(node, index + 2)) }
        var scans: [[ImportedValue]] = Array(repeating: [], count: node.outputs.count - carried)
        var step = 0
        while continues, trips.map({ Double(step) < $0 }) ?? true {
            let state: [ImportedValue?] = [
                .constant(ImportedConstant(integers: [Int64(step)], shape: [])),
                .constant(ImportedConstant(shape: [], type: .bool, values: .integers([1]))),
            ]
            let results = try written(body, node, inputs: state + values)
            guard case .constant(let condition)? = results[0], let truth = condition.single else {
                throw node.refusal(
                    "its condition depends on the sample; export the model for a fixed number of steps"
                )
            }
            continues = truth != 0
            values = Array(results[1..<1 + carried])
            for index in scans.indices {
                guard let value = results[1 + carried + index] else {
                    throw node.refusal("an output of its body is not made")
                }
                scans[index].append(reshaped(value, [1] + value.shape))
            }
            step += 1
        }
        for parts in scans {
            guard !parts.isEmpty else {
                throw node.refusal("no step is done, so an output is empty")
            }
            values.append(try concatenated(node, parts, axis: 0))
        }
        return values
    }

    /// A body's outputs, its nodes done here. Names of its own end with it.
    private mutating func written(
        _ body: ONNXBody, _ node: ONNXNode, inputs: [ImportedValue?]
    ) throws(ONNXError) -> [ImportedValue?] {
        bodyNodes += body.nodes.count + 1
        guard bodyNodes <= ONNXGraph.maximumNodes else {
            throw node.refusal(
                "with its bodies written out the model has more than \(ONNXGraph.maximumNodes) nodes"
            )
        }
        let (outer, names) = (values, needed)
        defer {
            values = outer
            needed = names
        }
        needed = Self.needed(body.nodes, outputs: body.outputs)
        for (name, tensor) in body.constants where needed.contains(name) {
            values[name] = .constant(ImportedConstant(tensor))
        }
        for (name, value) in zip(body.inputs, inputs) { values[name] = value }
        try run(body.nodes)
        return body.outputs.map { values[$0] }
    }
}
