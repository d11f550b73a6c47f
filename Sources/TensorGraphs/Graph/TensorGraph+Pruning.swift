// SPDX-License-Identifier: Apache-2.0

extension TensorGraph {
    /// The graph without what neither outputs nor decisions need, values renumbered in the same order.
    package func pruned() -> TensorGraph {
        var isNeeded = [Bool](repeating: false, count: values.count)
        isNeeded[0] = true
        for value in outputs { isNeeded[value] = true }
        if let decisions { isNeeded[decisions.value] = true }
        for condition in conditions { isNeeded[condition.value] = true }
        for node in nodes.reversed() where isNeeded[node.output] {
            for input in node.inputs { isNeeded[input] = true }
        }
        var places = [Int](repeating: -1, count: values.count)
        var kept: [Value] = []
        for (index, value) in values.enumerated() where isNeeded[index] {
            places[index] = kept.count
            kept.append(value)
        }
        let rest = nodes.filter { isNeeded[$0.output] }.map { node in
            Node(
                name: node.name, operator: node.operator, operation: node.operation,
                inputs: node.inputs.map { places[$0] }, output: places[node.output])
        }
        var result = TensorGraph(
            values: kept, nodes: rest, outputs: outputs.map { places[$0] },
            outputNames: outputNames, outputShapes: outputShapes, meanings: meanings,
            labels: labels,
            decisions: decisions.map {
                Decisions(value: places[$0.value], classes: $0.classes)
            }, budget: budget)
        result.notes = notes
        result.columns = columns
        result.inputRanges = inputRanges
        result.clientNodes = clientNodes
        result.outputKind = outputKind
        result.conditions = conditions.map { Condition(value: places[$0.value], text: $0.text) }
        return result
    }
}
