// SPDX-License-Identifier: Apache-2.0

/// How values flow through a circuit, whatever its levels: found once, since a search runs a circuit thousands of times.
struct CircuitFlow: Sendable {
    /// See `Circuit.lastMap`.
    let lastMap: Int?
    /// Of each instruction, the values that it reads. Of a switch point those that an interpreter is told of: operands
    /// of the products behind an even one (through maps that stand between), results of those before an odd one.
    let reads: [[Int]]
    /// Of each instruction, the values that nothing reads later.
    let releases: [[Int]]
    /// How many values there are at once, at most.
    let mostValues: Int

    init<Family: CircuitFamily>(
        _ instructions: [Circuit<Family>.Instruction], inputsCount: Int
    ) {
        var reads: [[Int]] = []
        reads.reserveCapacity(instructions.count)
        var valuesCount = inputsCount
        var passed: Set<Int> = []
        for (index, instruction) in instructions.enumerated() {
            if case .switchPoint(let point) = instruction.step {
                if !passed.insert(point).inserted {
                    reads.append([])
                } else if point % 2 == 0 {
                    reads.append(Self.operands(behind: index, instructions, valuesCount))
                } else {
                    let count = instructions[..<index].reversed().prefix(while: \.isProduct).count
                    reads.append(Array(valuesCount - count..<valuesCount))
                }
            } else {
                reads.append(instruction.operands)
                valuesCount += 1
            }
        }
        var isRead: Set = [valuesCount - 1]
        releases = reads.reversed().map { Set($0).filter { isRead.insert($0).inserted } }.reversed()
        self.reads = reads
        var (values, most) = (inputsCount, inputsCount)
        for (instruction, released) in zip(instructions, releases) {
            if case .switchPoint = instruction.step { continue }
            values += 1
            most = max(most, values)
            values -= released.count
        }
        mostValues = most
        lastMap = Self.lastMap(instructions, inputsCount: inputsCount)
    }

    /// Operands of the products behind a switch point; of maps that stand between, theirs.
    private static func operands<Family: CircuitFamily>(
        behind index: Int, _ instructions: [Circuit<Family>.Instruction], _ valuesCount: Int
    ) -> [Int] {
        var maps: [[Int]] = []
        var operands: [Int] = []
        for instruction in instructions[(index + 1)...] {
            if case .map = instruction.step, operands.isEmpty {
                maps.append(instruction.operands)
            } else if instruction.isProduct {
                operands += instruction.operands
            } else {
                break
            }
        }
        return operands.flatMap { $0 < valuesCount ? [$0] : maps[$0 - valuesCount] }
    }

    private static func lastMap<Family: CircuitFamily>(
        _ instructions: [Circuit<Family>.Instruction], inputsCount: Int
    ) -> Int? {
        // Of every value that isn't an input, what makes it.
        let makers = instructions.indices.filter {
            if case .switchPoint = instructions[$0].step { false } else { true }
        }
        var value = inputsCount + makers.count - 1
        while value >= inputsCount {
            let index = makers[value - inputsCount]
            switch instructions[index].step {
            case .map: return index
            case .own(let step) where step.keepsNoise: value = instructions[index].operands[0]
            case .own, .square, .product, .switchPoint: return nil
            }
        }
        return nil
    }
}
