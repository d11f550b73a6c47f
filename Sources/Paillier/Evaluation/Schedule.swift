// SPDX-License-Identifier: Apache-2.0

/// A graph's products in steps of up to eight that are independent, and a slot for each value that is still needed.
struct Schedule: Sendable {
    struct Product: Sendable {
        let out: Int32
        let a: Int32
        let b: Int32
    }

    /// Slots 0 ..< inputs are the inputs, which nothing is written to. A product's result may lie in the slot of an
    /// operand of it, or of an earlier product.
    let inputs: Int
    let slots: Int
    let products: [Product]
    /// The end of each step in `products`.
    let steps: [Int]
    /// Where the outputs' values are.
    let outputs: [Int32]

    /// - Parameter outputs: values that are kept to the end.
    init(_ graph: ProductGraph, outputs: [Int]) {
        let inputs = graph.inputs
        let count = graph.operands.count
        // The longest way to the end: what is furthest from it goes first.
        var height = [Int](repeating: 0, count: inputs + count)
        var uses = [Int](repeating: 0, count: inputs + count)
        var users = [[Int32]](repeating: [], count: inputs + count)
        for i in (0..<count).reversed() {
            let (a, b) = graph.operands[i]
            let below = height[inputs + i] + 1
            for value in a == b ? [a] : [a, b] {
                height[value] = max(height[value], below)
                uses[value] += 1
                users[value].append(Int32(i))
            }
        }
        for value in outputs { uses[value] += 1 }

        var ready = [[Int]](repeating: [], count: (height.max() ?? 0) + 1)
        var missing = [Int](repeating: 0, count: count)
        for i in 0..<count {
            let (a, b) = graph.operands[i]
            missing[i] = (a >= inputs ? 1 : 0) + (b >= inputs && b != a ? 1 : 0)
            if missing[i] == 0 { ready[height[inputs + i]].append(i) }
        }
        var slot = Array(0..<inputs) + [Int](repeating: -1, count: count)
        var free: [Int] = []
        var slots = inputs
        var products: [Product] = []
        var steps: [Int] = []
        products.reserveCapacity(count)
        var top = ready.count - 1
        while products.count < count {
            var step: [Int] = []
            var h = top
            while step.count < 8 && h >= 0 {
                if let next = ready[h].popLast() { step.append(next) } else { h -= 1 }
            }
            // One after the other, so that a slot is free for this product and later ones only.
            for i in step {
                let (a, b) = graph.operands[i]
                let operands = (Int32(slot[a]), Int32(slot[b]))
                for value in a == b ? [a] : [a, b] {
                    uses[value] -= 1
                    if uses[value] == 0 && value >= inputs { free.append(slot[value]) }
                }
                let value = inputs + i
                if let reused = free.popLast() {
                    slot[value] = reused
                } else {
                    slot[value] = slots
                    slots += 1
                }
                products.append(
                    Product(out: Int32(slot[value]), a: operands.0, b: operands.1))
                for user in users[value] {
                    missing[Int(user)] -= 1
                    if missing[Int(user)] == 0 {
                        ready[height[inputs + Int(user)]].append(Int(user))
                        top = max(top, height[inputs + Int(user)])
                    }
                }
            }
            steps.append(products.count)
            while top > 0 && ready[top].isEmpty { top -= 1 }
        }
        self.inputs = inputs
        self.slots = slots
        self.products = products
        self.steps = steps
        self.outputs = outputs.map { Int32(slot[$0]) }
    }
}
