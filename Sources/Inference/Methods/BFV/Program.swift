// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice

/// A circuit at definite levels, prepared for one kind of interpreter: weights encoded, units tracked.
package struct Program<I: Interpreter> {
    enum Step {
        case map(I.PreparedMap)
        case own(I.PreparedStep)
        case square
        case product
        /// In place.
        case switchDown(Int)
        /// Makes no value.
        case switchPoint(Int)
    }

    struct Instruction {
        let step: Step
        let operands: [Int]
        /// The value that it makes; nil: none.
        let result: Int?
        /// Values that nothing reads later.
        var releases: [Int] = []
    }

    private var instructions: [Instruction] = []
    /// Of each instruction that begins a block, that block.
    private var blocks: [Int: Block] = [:]
    /// Of each instruction that begins some that are applied at once, these.
    private var joined: [Int: Range<Int>] = [:]
    private let valuesCount: Int

    /// See `CircuitBlock`.
    private struct Block {
        let instructions: Range<Int>
        let input: Int
    }

    /// What the outputs must be divided by, modulo t.
    package let outputUnit: MessageUnit

    /// - Parameters:
    ///   - levels: the level at each switch point, never rising.
    ///   - isOne: whether products at a level bring no unit.
    /// - Throws: whatever `interpreter` throws while it prepares.
    package init(
        _ circuit: Circuit<I.Family>, levels: [Int], maximumLevel: Int,
        isOne: (_ level: Int) -> Bool, on interpreter: I
    ) throws {
        var level = maximumLevel
        // Of every value.
        var valueLevels = [Int](repeating: level, count: circuit.inputsCount)
        let units = CircuitUnits(
            circuit, levels: levels, maximumLevel: maximumLevel, isOne: isOne
        ).units
        var passed: Set<Int> = []
        let flow = circuit.flow
        instructions.reserveCapacity(2 * circuit.instructions.count)
        var starts = [Int](repeating: 0, count: circuit.instructions.count)
        for (index, instruction) in circuit.instructions.enumerated() {
            starts[index] = instructions.count
            let operands = instruction.operands
            if case .switchPoint(let point) = instruction.step {
                level = levels[point]
                // Parts are alike: what is told of the first stands for all.
                guard passed.insert(point).inserted else { continue }
                instructions.append(
                    Instruction(
                        step: .switchPoint(point), operands: flow.reads[index], result: nil,
                        releases: flow.releases[index]))
                continue
            }
            for operand in operands where valueLevels[operand] > level {
                instructions.append(
                    Instruction(step: .switchDown(level), operands: [operand], result: operand))
                valueLevels[operand] = level
            }
            let unit = units[valueLevels.count]
            let step: Step
            switch instruction.step {
            case .switchPoint: continue
            case .map(let map):
                let sources = operands.map { units[$0] }
                step = .map(
                    try interpreter.prepare(
                        map, units: sources, unit: unit, level: level, isLast: index == flow.lastMap
                    ))
            case .own(let own):
                step = .own(
                    try interpreter.prepare(
                        own, units: operands.map { units[$0] }, unit: unit, level: level,
                        followsLast: flow.lastMap.map { index > $0 } ?? false))
            case .square:
                step = .square
            case .product:
                step = .product
            }
            instructions.append(
                Instruction(
                    step: step, operands: operands, result: valueLevels.count,
                    releases: flow.releases[index]))
            valueLevels.append(level)
        }
        valuesCount = valueLevels.count
        starts.append(instructions.count)
        for block in circuit.blocks {
            let range =
                starts[block.instructions.lowerBound]..<starts[block.instructions.upperBound]
            blocks[range.lowerBound] = Block(instructions: range, input: block.input)
        }
        outputUnit = units[units.count - 1]
        joined = joinedRanges(on: interpreter)
    }

    /// Runs of steps that the interpreter joins, of which none reads another's result.
    private func joinedRanges(on interpreter: I) -> [Int: Range<Int>] {
        var ranges: [Int: Range<Int>] = [:]
        var start = 0
        while start < instructions.count {
            var made: Set<Int> = []
            var end = start
            while end < instructions.count, case .own(let step) = instructions[end].step,
                interpreter.joins(step), made.isDisjoint(with: instructions[end].operands)
            {
                made.insert(instructions[end].result!)
                end += 1
            }
            if end > start + 1 { ranges[start] = start..<end }
            start = max(end, start + 1)
        }
        return ranges
    }

    /// Steps that `run` tells progress of.
    package var stepCount: Int { instructions.count }

    /// Runs it to the outputs.
    ///
    /// - Parameters:
    ///   - c0Bits: of each residue of c_0 in the reply.
    ///   - c1Bits: the same of c_1.
    ///   - progress: called with (steps done, steps in all); an error that it throws ends the run.
    package func run(
        _ input: I.Input, on interpreter: I, c0Bits: Int = 0, c1Bits: Int = 0,
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> I.Output {
        var values = try interpreter.values(of: input).map(Optional.some)
        values += Array(repeating: nil, count: valuesCount - values.count)
        var index = 0
        while index < instructions.count {
            guard let block = blocks[index] else {
                if let range = joined[index] {
                    try run(instructions[range], &values, on: interpreter)
                    index = range.upperBound
                } else {
                    try run(instructions[index], &values, on: interpreter)
                    index += 1
                }
                try progress(index, instructions.count)
                continue
            }
            let result = instructions[block.instructions.upperBound - 1].result!
            let whole = values[block.input]!
            values[block.input] = nil
            values[result] = try interpreter.each(of: whole) { place, done in
                var values = [I.Value?](repeating: nil, count: valuesCount)
                values[block.input] = place
                for index in block.instructions {
                    try run(instructions[index], &values, on: interpreter)
                }
                try progress(
                    index + Int(done * Double(block.instructions.count)), instructions.count)
                return values[result]!
            }
            index = block.instructions.upperBound
        }
        return try interpreter.finish(
            values[valuesCount - 1]!, c0Bits: c0Bits, c1Bits: c1Bits)
    }

    private func run(
        _ instruction: Instruction, _ values: inout [I.Value?], on interpreter: I
    ) throws {
        let operands = instruction.operands.map { values[$0]! }
        for value in instruction.releases { values[value] = nil }
        if case .switchPoint(let point) = instruction.step {
            interpreter.pass(switchPoint: point, operands)
        } else {
            values[instruction.result!] = try apply(instruction.step, to: operands, on: interpreter)
        }
    }

    /// Those that are applied at once.
    private func run(
        _ instructions: ArraySlice<Instruction>, _ values: inout [I.Value?], on interpreter: I
    ) throws {
        let steps = instructions.map { instruction in
            guard case .own(let step) = instruction.step else {
                preconditionFailure("only a family's own steps are joined")
            }
            return step
        }
        let made = try interpreter.apply(
            steps, to: instructions.map { $0.operands.map { values[$0]! } })
        for (instruction, value) in zip(instructions, made) {
            values[instruction.result!] = value
            for released in instruction.releases { values[released] = nil }
        }
    }

    private func apply(
        _ step: Step, to operands: [I.Value], on interpreter: I
    ) throws -> I.Value {
        let value = operands[0]
        switch step {
        case .map(let map): return try interpreter.apply(map, to: operands)
        case .own(let own): return try interpreter.apply(own, to: operands)
        case .square: return try interpreter.multiply(value, value)
        case .product: return try interpreter.multiply(value, operands[1])
        case .switchDown(let level): return try interpreter.switchDown(value, toLevel: level)
        case .switchPoint: preconditionFailure("a switch point makes no value")
        }
    }
}

extension Program: Sendable where I.PreparedMap: Sendable, I.PreparedStep: Sendable {}
extension Program.Step: Sendable where I.PreparedMap: Sendable, I.PreparedStep: Sendable {}
extension Program.Instruction: Sendable where I.PreparedMap: Sendable, I.PreparedStep: Sendable {}
