// SPDX-License-Identifier: Apache-2.0

/// Products of values, each of two earlier ones. Values 0 ..< inputs are given; product i is value inputs + i.
struct ProductGraph {
    let inputs: Int
    private(set) var operands: [(Int, Int)] = []
    private(set) var level: [Int]

    init(inputs: Int) {
        self.inputs = inputs
        level = [Int](repeating: 0, count: inputs)
    }

    var squarings: Int { operands.lazy.filter { $0.0 == $0.1 }.count }

    mutating func multiply(_ a: Int, _ b: Int) -> Int {
        operands.append((a, b))
        level.append(1 + max(level[a], level[b]))
        return level.count - 1
    }

    /// a b, where nil is 1.
    mutating func multiply(_ a: Int?, _ b: Int?) -> Int? {
        guard let a, let b else { return a ?? b }
        return multiply(a, b) as Int
    }

    /// The product of all, nil for none, as a tree.
    mutating func product(_ values: [Int]) -> Int? {
        var values = values
        while values.count > 1 {
            var next: [Int] = []
            for i in stride(from: 0, to: values.count - 1, by: 2) {
                next.append(multiply(values[i], values[i + 1]))
            }
            if values.count % 2 == 1 { next.append(values[values.count - 1]) }
            values = next
        }
        return values.first
    }
}

/// A value for the weights of each sign: the output is positive / negative; nil is 1.
struct SignedPair {
    var positive: Int?
    var negative: Int?
}
