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
    private let valuesCount: Int
    /// What the outputs must be divided by, modulo t.
    package let outputUnit: MessageUnit

    /// - Parameter levels: the level at each switch point, never rising.
    /// - Throws: whatever `interpreter` throws while it prepares.
    package init(
        _ circuit: Circuit<I.Family>, levels: [Int], maximumLevel: Int, on interpreter: I
    ) throws {
        var level = maximumLevel
        // Of every value.
        var valueLevels = [Int](repeating: level, count: circuit.inputsCount)
        var units = [MessageUnit](repeating: .one, count: circuit.inputsCount)
        let flow = circuit.flow
        instructions.reserveCapacity(2 * circuit.instructions.count)
        for (index, instruction) in circuit.instructions.enumerated() {
            let operands = instruction.operands
            if case .switchPoint(let point) = instruction.step {
                level = min(level, levels[point])
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
            var unit = units[operands[0]]
            let step: Step
            switch instruction.step {
            case .switchPoint: continue
            case .map(let map):
                let sources = operands.map { units[$0] }
                unit = map.unit(of: sources)
                step = .map(
                    try interpreter.prepare(
                        map, units: sources, unit: unit, level: level, isLast: index == flow.lastMap
                    ))
            case .own(let own):
                unit = own.unit(of: operands.map { units[$0] })
                step = .own(
                    try interpreter.prepare(
                        own, unit: unit, level: level,
                        followsLast: flow.lastMap.map { index > $0 } ?? false))
            case .square:
                step = .square
                unit = unit.times(unit, level: level)
            case .product:
                step = .product
                unit = unit.times(units[operands[1]], level: level)
            }
            instructions.append(
                Instruction(
                    step: step, operands: operands, result: valueLevels.count,
                    releases: flow.releases[index]))
            valueLevels.append(level)
            units.append(unit)
        }
        valuesCount = valueLevels.count
        outputUnit = units[units.count - 1]
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
        values.reserveCapacity(valuesCount)
        for (index, instruction) in instructions.enumerated() {
            let operands = instruction.operands.map { values[$0]! }
            for value in instruction.releases { values[value] = nil }
            if case .switchPoint(let point) = instruction.step {
                interpreter.pass(switchPoint: point, operands)
            } else {
                let result = try apply(instruction.step, to: operands, on: interpreter)
                if let place = instruction.result, place < values.count {
                    values[place] = result
                } else {
                    values.append(result)
                }
            }
            try progress(index + 1, instructions.count)
        }
        return try interpreter.finish(
            values[valuesCount - 1]!, c0Bits: c0Bits, c1Bits: c1Bits)
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
