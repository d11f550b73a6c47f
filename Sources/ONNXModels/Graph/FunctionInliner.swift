// SPDX-License-Identifier: Apache-2.0

/// Puts the nodes of a model's own functions in place of the nodes that call them.
struct FunctionInliner {
    private static let deepest = 32

    private let functions: [String: ONNXFunctionProto]
    private let operatorSet: Int64
    private var calls = 0
    private var nodes = 0
    /// Of the tensors in all nodes: a function's are there once for each call.
    private var bytes = 0

    /// The graph without calls.
    static func inlined(
        _ model: ONNXModelProto, operatorSet: Int64
    ) throws(ONNXError) -> ONNXGraphProto {
        guard !model.functions.isEmpty else { return model.graph }
        var inliner = FunctionInliner(model.functions, operatorSet)
        var graph = model.graph
        graph.node = try inliner.inlined(graph.node, depth: 0)
        return graph
    }

    private init(_ list: [ONNXFunctionProto], _ operatorSet: Int64) {
        var functions: [String: ONNXFunctionProto] = [:]
        for function in list {
            functions[Self.key(function.domain, function.name, function.overload)] = function
        }
        self.functions = functions
        self.operatorSet = operatorSet
    }

    private static func key(_ domain: String, _ name: String, _ overload: String) -> String {
        "\(domain == "ai.onnx" ? "" : domain)\u{0}\(name)\u{0}\(overload)"
    }

    private mutating func inlined(
        _ list: [ONNXNodeProto], depth: Int
    ) throws(ONNXError) -> [ONNXNodeProto] {
        var result: [ONNXNodeProto] = []
        for node in list {
            let key = Self.key(node.domain, node.opType, node.overload)
            guard let function = functions[key] else {
                var node = node
                for index in node.attribute.indices where node.attribute[index].hasG {
                    node.attribute[index].g.node = try inlined(
                        node.attribute[index].g.node, depth: depth)
                }
                nodes += 1
                bytes += node.attribute.reduce(0) { $0 + $1.t.storedBytes }
                try checkSize()
                result.append(node)
                continue
            }
            guard depth < Self.deepest else {
                throw .invalidGraph(
                    "function '\(function.name)' calls itself, or \(Self.deepest) others in a row")
            }
            result += try inlined(try expanded(function, node), depth: depth + 1)
        }
        return result
    }

    private func checkSize() throws(ONNXError) {
        guard nodes + calls <= ONNXGraph.maximumNodes, bytes <= ONNXModel.maximumBytes else {
            throw .unsupportedModel(
                "with its functions written out the model has more than \(ONNXGraph.maximumNodes) nodes, or constants of more than \(ONNXModel.maximumBytes) bytes"
            )
        }
    }

    /// The function's nodes with the caller's values and attributes.
    private mutating func expanded(
        _ function: ONNXFunctionProto, _ call: ONNXNodeProto
    ) throws(ONNXError) -> [ONNXNodeProto] {
        let own = function.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }
        guard own.map({ $0.version == operatorSet }) ?? true else {
            throw .unsupportedModel(
                "function '\(function.name)' is written in operator set \(own?.version ?? 0) and the model in \(operatorSet); export them in one"
            )
        }
        guard call.input.count <= function.input.count, call.output.count <= function.output.count
        else {
            throw .invalidGraph(
                "node '\(call.name)' gives function '\(function.name)' \(call.input.count) inputs and \(call.output.count) outputs; it has \(function.input.count) and \(function.output.count)"
            )
        }
        calls += 1
        try checkSize()
        let caller = call.name.isEmpty ? "\(function.name)#\(calls)" : call.name
        var scope = Scope(prefix: "\(caller)/\(calls)/")
        for (index, name) in function.input.enumerated() {
            scope.names[name] = index < call.input.count ? call.input[index] : ""
        }
        for (index, name) in function.output.enumerated()
        where index < call.output.count && !call.output[index].isEmpty {
            scope.names[name] = call.output[index]
        }
        for attribute in function.attributeProto { scope.attributes[attribute.name] = attribute }
        for attribute in call.attribute { scope.attributes[attribute.name] = attribute }
        // An output that is an input: a node of its own, so that no name is made twice.
        var nodes: [ONNXNodeProto] = []
        for (index, name) in function.output.enumerated()
        where function.input.contains(name) && index < call.output.count {
            var identity = ONNXNodeProto()
            identity.opType = "Identity"
            identity.name = caller
            let source = function.input.firstIndex(of: name)!
            identity.input = [source < call.input.count ? call.input[source] : ""]
            identity.output = [call.output[index]]
            scope.names[name] = identity.input[0]
            nodes.append(identity)
        }
        return nodes + function.node.map { scope.renamed($0) }
    }

    private struct Scope {
        let prefix: String
        var names: [String: String] = [:]
        var attributes: [String: ONNXAttributeProto] = [:]

        func renamed(_ name: String) -> String {
            name.isEmpty ? "" : names[name] ?? prefix + name
        }

        func renamed(_ node: ONNXNodeProto) -> ONNXNodeProto {
            var node = node
            node.name = prefix + (node.name.isEmpty ? node.opType : node.name)
            node.input = node.input.map(renamed)
            node.output = node.output.map(renamed)
            node.attribute = node.attribute.compactMap { attribute in
                var result = attribute
                if !attribute.refAttrName.isEmpty {
                    // One that the caller leaves out has the operator's own default.
                    guard let given = attributes[attribute.refAttrName] else { return nil }
                    result = given
                    result.name = attribute.name
                }
                if result.hasG { result.g = renamed(result.g) }
                return result
            }
            return node
        }

        func renamed(_ graph: ONNXGraphProto) -> ONNXGraphProto {
            var graph = graph
            graph.node = graph.node.map { renamed($0) }
            for index in graph.initializer.indices {
                graph.initializer[index].name = renamed(graph.initializer[index].name)
            }
            for index in graph.input.indices {
                graph.input[index].name = renamed(graph.input[index].name)
            }
            for index in graph.output.indices {
                graph.output[index].name = renamed(graph.output[index].name)
            }
            return graph
        }
    }
}

extension ONNXTensorProto {
    fileprivate var storedBytes: Int {
        rawData.count + 4 * (floatData.count + int32Data.count)
            + 8 * (int64Data.count + doubleData.count + uint64Data.count)
            + stringData.reduce(0) { $0 + $1.count }
    }
}
