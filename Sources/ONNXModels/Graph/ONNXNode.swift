// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// A node of an ONNX graph with its attributes decoded.
package struct ONNXNode: Sendable {
    package enum Attribute: Sendable {
        case float(Float)
        case integer(Int64)
        case string(String)
        case tensor(ONNXTensor)
        case floats([Float])
        case integers([Int64])
        case strings([String])
        case body(ONNXBody)
        /// A kind that no accepted operator has, by ONNX's number.
        case other(Int32)

        /// Numbers and strings in it.
        var count: Int {
            switch self {
            case .float, .integer, .string, .other: 1
            case .tensor(let tensor): tensor.count
            case .floats(let values): values.count
            case .integers(let values): values.count
            case .strings(let values): values.count
            case .body(let body): body.count
            }
        }
    }

    /// The node's name, or its place in the graph when it has none.
    package let name: String
    package let `operator`: String
    /// Names of values; empty for an optional input that is left out.
    package let inputs: [String]
    package let outputs: [String]
    package let attributes: [String: Attribute]

    /// Numbers stored in its attributes.
    var storedCount: Int { attributes.values.reduce(0) { $0 + $1.count } }

    var bodies: [ONNXBody] {
        attributes.values.compactMap { if case .body(let body) = $0 { body } else { nil } }
    }

    init(
        name: String, operator: String, inputs: [String], outputs: [String],
        attributes: [String: Attribute]
    ) {
        self.name = name
        self.operator = `operator`
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
    }

    init(_ proto: ONNXNodeProto, index: Int, operatorSet: Int) throws(ONNXError) {
        name = proto.name.isEmpty ? "#\(index)" : proto.name
        let isDefault = proto.domain.isEmpty || proto.domain == "ai.onnx"
        self.operator = isDefault ? proto.opType : "\(proto.domain).\(proto.opType)"
        inputs = proto.input
        outputs = proto.output
        var attributes: [String: Attribute] = [:]
        for attribute in proto.attribute {
            guard attribute.refAttrName.isEmpty else {
                throw .invalidGraph("node '\(name)' refers to an attribute of a function")
            }
            guard attributes[attribute.name] == nil else {
                throw .invalidGraph("node '\(name)' has the attribute '\(attribute.name)' twice")
            }
            attributes[attribute.name] = try Self.decode(
                attribute, node: name, operatorSet: operatorSet)
        }
        self.attributes = attributes
    }

    private static func decode(
        _ proto: ONNXAttributeProto, node: String, operatorSet: Int
    ) throws(ONNXError) -> Attribute {
        func text(_ bytes: some Collection<UInt8>) throws(ONNXError) -> String {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .invalidGraph("node '\(node)': '\(proto.name)' is not UTF-8")
            }
            return text
        }
        switch proto.type {
        case 1: return .float(proto.f)
        case 2: return .integer(proto.i)
        case 3: return .string(try text(proto.s))
        case 4: return .tensor(try ONNXTensor(proto.t, name: "\(node).\(proto.name)"))
        case 5: return .body(try ONNXBody(proto.g, operatorSet: operatorSet))
        case 6: return .floats(proto.floats)
        case 7: return .integers(proto.ints)
        case 8:
            return .strings(
                try proto.strings.map { (bytes) throws(ONNXError) in
                    try text(bytes)
                })
        default: return .other(proto.type)
        }
    }

    /// The error for a node that cannot be taken.
    package func refusal(_ reason: String) -> ONNXError {
        .unsupported(node: name, operator: self.operator, reason: reason)
    }

    /// Refuses attributes that the operator's handling does not look at, so that none is silently ignored.
    package func checkAttributes(_ known: Set<String>) throws(ONNXError) {
        for name in attributes.keys.sorted() where !known.contains(name) {
            let accepted = known.isEmpty ? "none" : known.sorted().joined(separator: ", ")
            throw refusal("attribute '\(name)'; accepted: \(accepted)")
        }
    }

    /// Refuses a wrong number of inputs; trailing empty names don't count.
    package func checkInputs(_ range: ClosedRange<Int>) throws(ONNXError) {
        let count = (inputs.lastIndex { !$0.isEmpty } ?? -1) + 1
        guard range.contains(count), outputs.count == 1 else {
            throw refusal(
                "\(count) inputs and \(outputs.count) outputs; \(range.lowerBound) to \(range.upperBound) inputs and one output are accepted"
            )
        }
    }

    /// Name of the input at this place, nil when left out.
    package func input(_ index: Int) -> String? {
        index < inputs.count && !inputs[index].isEmpty ? inputs[index] : nil
    }

    package func integer(_ name: String, default value: Int64) throws(ONNXError) -> Int64 {
        guard let attribute = attributes[name] else { return value }
        guard case .integer(let found) = attribute else {
            throw refusal("attribute '\(name)' must be an integer")
        }
        return found
    }

    package func float(_ name: String, default value: Float) throws(ONNXError) -> Float {
        guard let attribute = attributes[name] else { return value }
        guard case .float(let found) = attribute else {
            throw refusal("attribute '\(name)' must be a float")
        }
        return found
    }

    package func string(_ name: String, default value: String) throws(ONNXError) -> String {
        guard let attribute = attributes[name] else { return value }
        guard case .string(let found) = attribute else {
            throw refusal("attribute '\(name)' must be a string")
        }
        return found
    }

    /// The integers of an attribute, nil where it is absent.
    package func integers(_ name: String) throws(ONNXError) -> [Int64]? {
        guard let attribute = attributes[name] else { return nil }
        guard case .integers(let found) = attribute else {
            throw refusal("attribute '\(name)' must be integers")
        }
        return found
    }

    package func floats(_ name: String) throws(ONNXError) -> [Float]? {
        guard let attribute = attributes[name] else { return nil }
        // An empty list may come as a list of another kind.
        if case .integers(let none) = attribute, none.isEmpty { return [] }
        guard case .floats(let found) = attribute else {
            throw refusal("attribute '\(name)' must be floats")
        }
        return found
    }

    package func strings(_ name: String) throws(ONNXError) -> [String]? {
        guard let attribute = attributes[name] else { return nil }
        guard case .strings(let found) = attribute else {
            throw refusal("attribute '\(name)' must be strings")
        }
        return found
    }

    /// Sizes, each from 0 to the largest that a tensor may have.
    package func sizes(_ name: String, default value: [Int]) throws(ONNXError) -> [Int] {
        guard let attribute = attributes[name] else { return value }
        guard case .integers(let found) = attribute, found.count == value.count,
            found.allSatisfy({ $0 >= 0 && $0 <= Int64(IntegerNetwork.maximumElements) })
        else { throw refusal("attribute '\(name)' must be \(value.count) sizes") }
        return found.map { Int($0) }
    }
}
