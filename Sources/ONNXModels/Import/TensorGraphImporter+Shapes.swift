// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Operators that change or tell shapes and leave elements as they are.
extension TensorGraphImporter {
    func reshaped(_ value: ImportedValue, _ shape: [Int]) -> ImportedValue {
        switch value {
        case .constant(let constant): .constant(constant.reshaped(shape))
        case .activation(let index, _, let kind): .activation(index, shape: shape, kind: kind)
        }
    }

    func identity(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1)
        return try value(node, 0)
    }

    mutating func dropout(_ node: ONNXNode) throws(ONNXError) -> [ImportedValue?] {
        try check(node, inputs: 1...3, attributes: ["ratio", "seed"], outputs: 2)
        let value = try value(node, 0)
        if node.input(2) != nil, try constant(node, 2).single != 0 {
            throw node.refusal("training mode; inference is accepted")
        }
        guard let mask = node.outputs.dropFirst().first, needed.contains(mask) else {
            return [value]
        }
        let count = try count(value.shape, node)
        let kept = ImportedConstant(
            shape: value.shape, type: .bool, values: .integers(Array(repeating: 1, count: count)))
        return [value, .constant(kept)]
    }

    func flatten(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["axis"])
        let value = try value(node, 0)
        let shape = value.shape
        let given = try node.integer("axis", default: 1)
        // Unlike elsewhere, the axis may be the number of dimensions.
        let first = given == shape.count ? shape.count : try axis(given, rank: shape.count, node)
        return reshaped(
            value, [shape.prefix(first).reduce(1, *), shape.dropFirst(first).reduce(1, *)])
    }

    func reshape(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2, attributes: ["allowzero"])
        let value = try value(node, 0)
        let old = value.shape
        var target = try integers(node, 1)
        let copiesZeros = try !flag(node, "allowzero", default: false)
        guard target.count <= 16 else { throw node.refusal("\(target.count) dimensions") }
        // A shape written for all samples of a batch, of which one is here.
        if fixedBatch > 1, target.first == Int64(fixedBatch), old.first != fixedBatch {
            target[0] = 1
        }
        let mismatch = node.refusal("the shape \(target) for sizes \(old)")
        var shape: [Int] = []
        var unknown: Int?
        for (index, size) in target.enumerated() {
            switch size {
            case -1 where unknown == nil:
                unknown = index
                shape.append(1)
            case 0 where copiesZeros:
                guard index < old.count else { throw mismatch }
                shape.append(old[index])
            case 0...Int64(IntegerNetwork.maximumElements): shape.append(Int(size))
            default: throw mismatch
            }
        }
        guard (try? checkedCount(shape.map { max(1, $0) }, of: "the shape")) != nil else {
            throw mismatch
        }
        let product = shape.reduce(1, *)
        if let unknown {
            guard product > 0, value.count % product == 0 else { throw mismatch }
            shape[unknown] = value.count / product
        } else if product != value.count {
            throw mismatch
        }
        return reshaped(value, shape)
    }

    func squeeze(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...2, attributes: ["axes"])
        let value = try value(node, 0)
        let shape = value.shape
        let named = try integers(node, 1, or: "axes")
        let axes =
            try named.map { (axes) throws(ONNXError) in
                try self.axes(axes, rank: shape.count, node)
            } ?? shape.indices.filter { shape[$0] == 1 }
        guard axes.allSatisfy({ shape[$0] == 1 }) else {
            throw node.refusal("axes \(axes) of sizes \(shape); those of size 1 are accepted")
        }
        return reshaped(value, shape.indices.filter { !axes.contains($0) }.map { shape[$0] })
    }

    func unsqueeze(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...2, attributes: ["axes"])
        let value = try value(node, 0)
        guard let named = try integers(node, 1, or: "axes") else {
            throw node.refusal("no axes")
        }
        let rank = value.shape.count + named.count
        guard rank <= 16 else { throw node.refusal("\(rank) dimensions") }
        let axes = try self.axes(named, rank: rank, node)
        var rest = value.shape[...]
        return reshaped(value, (0..<rank).map { axes.contains($0) ? 1 : rest.popFirst() ?? 1 })
    }

    func shape(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["start", "end"])
        let value = try value(node, 0)
        if node.operator == "Size" {
            return .constant(ImportedConstant(integers: [Int64(value.count)], shape: []))
        }
        let rank = Int64(value.shape.count)
        func place(_ name: String, _ absent: Int64) throws(ONNXError) -> Int {
            let place = try node.integer(name, default: absent)
            return Int(min(max(place < 0 ? place &+ rank : place, 0), rank))
        }
        let first = try place("start", 0)
        let last = try place("end", rank)
        let sizes = first < last ? value.shape[first..<last].map { Int64($0) } : []
        return .constant(ImportedConstant(integers: sizes))
    }

    mutating func constantOfShape(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["value"])
        let shape = try sizes(try integers(node, 0), node)
        var element = ImportedConstant(floats: [0], shape: [1])
        if let attribute = node.attributes["value"] {
            guard case .tensor(let tensor) = attribute, tensor.count == 1 else {
                throw node.refusal("attribute 'value' must be one element")
            }
            element = ImportedConstant(tensor)
        }
        let count = try count(shape, node)
        return .constant(
            element.rearranged(Array(repeating: 0, count: count), shape: shape, fill: 0))
    }

    mutating func range(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 3...3)
        let parts = [try constant(node, 0), try constant(node, 1), try constant(node, 2)]
        let numbers = parts.compactMap(\.single)
        guard numbers.count == 3, numbers.allSatisfy(\.isFinite), numbers[2] != 0,
            parts.allSatisfy({ $0.type == parts[0].type })
        else {
            throw node.refusal("three single numbers of one type, the step not 0, are accepted")
        }
        let length = max(0, ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up))
        guard length <= Double(IntegerNetwork.maximumElements) else {
            throw node.refusal("a range of \(length) elements")
        }
        try charge(Int(length), node)
        let reals = (0..<Int(length)).map { numbers[0] + Double($0) * numbers[2] }
        let values: ONNXTensor.Values
        if parts[0].integers == nil {
            values = .reals(reals)
        } else {
            let integers = reals.compactMap { Int64(exactly: $0) }
            guard integers.count == reals.count else {
                throw node.refusal("integers beyond 2^53")
            }
            values = .integers(integers)
        }
        return .constant(
            ImportedConstant(shape: [reals.count], type: parts[0].type, values: values))
    }
}
