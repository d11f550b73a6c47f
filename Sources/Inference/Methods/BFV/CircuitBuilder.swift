// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Instructions of a circuit as they are appended, and how many values there are so far.
struct CircuitBuilder<Family: CircuitFamily> {
    private(set) var instructions: [Circuit<Family>.Instruction] = []
    private var valuesCount: Int

    init(inputsCount: Int) { valuesCount = inputsCount }

    /// - Returns: the value that it makes.
    mutating func append(_ step: Circuit<Family>.Step, _ operands: [Int]) -> Int {
        instructions.append(.init(step: step, operands: operands))
        valuesCount += 1
        return valuesCount - 1
    }

    /// Of one value or two.
    mutating func appendProduct(_ operands: [Int]) -> Int {
        Set(operands).count == 1
            ? append(.square, [operands[0]]) : append(.product, operands)
    }

    mutating func appendSwitchPoint(_ point: Int) {
        instructions.append(.init(step: .switchPoint(point), operands: []))
    }
}

/// What is made at one depth of a network.
struct Stage {
    /// Products that lead to it.
    var products: [Int] = []
    var linear: [Int] = []

    func filter(_ isWanted: (Int) -> Bool) -> Stage {
        Stage(products: products.filter(isWanted), linear: linear.filter(isWanted))
    }

    /// - Parameter depths: of every value, the input, number 0, first; of what it makes nothing is told.
    static func all(depths: [Int], isProduct: (Int) -> Bool) -> [Stage] {
        var stages = [Stage](repeating: Stage(), count: (depths.max() ?? 0) + 1)
        for (value, depth) in depths.enumerated().dropFirst() {
            if isProduct(value) {
                stages[depth].products.append(value)
            } else {
                stages[depth].linear.append(value)
            }
        }
        return stages
    }
}

extension IntegerNetwork {
    /// Operations in the order of their depth, by the values that they make: the products that lead to each depth, then
    /// what is linear there.
    var stages: [Stage] { Stage.all(depths: depths) { operations[$0 - 1].layer.isProduct } }
}
