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

extension IntegerNetwork {
    /// Operations in the order of their depth, by the values that they make: the products that lead to each depth, then
    /// what is linear there.
    var stages: [(products: [Int], linear: [Int])] {
        let depths = depths
        return (0...depth).map { stage in
            let values = (1...operations.count).filter { depths[$0] == stage }
            func isProduct(_ value: Int) -> Bool { operations[value - 1].layer.isProduct }
            return (values.filter(isProduct), values.filter { !isProduct($0) })
        }
    }
}
