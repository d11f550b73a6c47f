// SPDX-License-Identifier: Apache-2.0

/// Instructions of a table, which need many powers of a vector at once: run for one place of it after another, they need
/// those of one ciphertext.
struct CircuitBlock: Sendable, Equatable {
    let instructions: Range<Int>
    /// The one value from before that they read. The last of them makes the one that is read later.
    let input: Int

    /// Runs of elementwise instructions with a polynomial in them, that read and leave one value.
    static func blocks<Family: CircuitFamily>(
        of instructions: [Circuit<Family>.Instruction], inputsCount: Int
    ) -> [CircuitBlock] {
        // Of each instruction, the value that it makes; of a switch point none.
        var made: [Int?] = []
        var valuesCount = inputsCount
        var lastReader: [Int: Int] = [:]
        for (index, instruction) in instructions.enumerated() {
            if case .switchPoint = instruction.step {
                made.append(nil)
                continue
            }
            made.append(valuesCount)
            valuesCount += 1
            for operand in instruction.operands { lastReader[operand] = index }
        }
        var blocks: [CircuitBlock] = []
        var start = 0
        while start < instructions.count {
            guard instructions[start].isElementwise else {
                start += 1
                continue
            }
            var end = start
            while end < instructions.count, instructions[end].isElementwise { end += 1 }
            var range = start..<end
            // What keeps the vector that is read comes before; moduli may be dropped where it is read.
            while let first = range.first, !instructions[first].multiplies { range.removeFirst() }
            // Behind a switch point, which is the block's.
            if range.lowerBound > start, made[range.lowerBound - 1] == nil {
                range = range.lowerBound - 1..<range.upperBound
            }
            while let last = range.last, made[last] == nil { range.removeLast() }
            if let block = block(range, instructions, made: made, lastReader: lastReader) {
                blocks.append(block)
            }
            start = end
        }
        return blocks
    }

    private static func block<Family: CircuitFamily>(
        _ range: Range<Int>, _ instructions: [Circuit<Family>.Instruction], made: [Int?],
        lastReader: [Int: Int]
    ) -> CircuitBlock? {
        guard range.contains(where: { instructions[$0].isPolynomial }) else { return nil }
        let inside = Set(range.compactMap { made[$0] })
        let read = Set(range.flatMap { instructions[$0].operands }).subtracting(inside)
        guard read.count == 1, let input = read.first,
            lastReader[input]! < range.upperBound,
            inside.allSatisfy({ value in
                value == made[range.upperBound - 1]
                    || lastReader[value].map { $0 < range.upperBound } ?? true
            })
        else { return nil }
        return CircuitBlock(instructions: range, input: input)
    }
}

extension Circuit.Instruction {
    fileprivate var isElementwise: Bool {
        switch step {
        case .map(let map): map.isElementwise
        case .own(let step): step.isElementwise
        case .square, .product, .switchPoint: true
        }
    }

    fileprivate var multiplies: Bool {
        switch step {
        case .square, .product: true
        case .map, .own, .switchPoint: false
        }
    }

    fileprivate var isPolynomial: Bool {
        if case .map(let map) = step { map.hasFreeUnit } else { false }
    }
}
