import BFV

/// A circuit at definite levels, prepared for one evaluator: weights encoded, units tracked.
public struct Program<Slots: SlotEvaluator> {
    enum Step {
        case linear(Slots.Transform)
        case fold([SlotPermutation])
        case add(Slots.Constant)
        case square
        case product
        /// In place.
        case switchDown(Int)
        case mask
        case relinearize
        case store
    }

    struct Instruction {
        let step: Step
        let operands: [Int]
        /// The value that it makes.
        let result: Int
        /// Values that nothing reads later.
        var releases: [Int] = []
    }

    private var instructions: [Instruction] = []
    private let valuesCount: Int
    private let outputLayout: SlotLayout?
    /// What the outputs must be divided by, modulo t.
    let outputUnit: MessageUnit

    /// - Parameter levels: the level at each switch point, never rising.
    /// - Throws: whatever `slots` throws while encoding.
    public init(
        _ circuit: Circuit, levels: [Int], maximumLevel: Int, on slots: Slots
    ) throws {
        var level = maximumLevel
        // Of every value.
        var valueLevels = [Int](repeating: level, count: circuit.inputsCount)
        var units = [MessageUnit](repeating: .one, count: circuit.inputsCount)
        for instruction in circuit.instructions {
            let operands = instruction.operands
            if case .switchPoint(let point) = instruction.step {
                level = min(level, levels[point])
                continue
            }
            for operand in Set(operands).sorted() where valueLevels[operand] > level {
                instructions.append(
                    Instruction(step: .switchDown(level), operands: [operand], result: operand))
                valueLevels[operand] = level
            }
            var unit = units[operands[0]]
            let step: Step
            switch instruction.step {
            case .switchPoint: continue
            case .linear(let transform):
                step = .linear(
                    try slots.prepare(
                        transform, units: operands.map { units[$0] }, level: level))
                unit = .one
            case .fold(let permutations): step = .fold(permutations)
            case .add(let constant):
                step = .add(try slots.prepare(constant: constant, unit: unit, level: level))
            case .square:
                step = .square
                unit = unit.times(unit, level: level)
            case .product:
                step = .product
                unit = unit.times(units[operands[1]], level: level)
            case .mask: step = .mask
            case .map(let map):
                let sources = operands.map { units[$0] }
                unit = map.unit(of: sources)
                step = .linear(try slots.prepare(map, units: sources, unit: unit, level: level))
            case .relinearize: step = .relinearize
            case .store: step = .store
            }
            instructions.append(
                Instruction(step: step, operands: operands, result: valueLevels.count))
            valueLevels.append(level)
            units.append(unit)
        }
        valuesCount = valueLevels.count
        outputLayout = circuit.outputLayout
        outputUnit = units[units.count - 1]
        releaseValues()
    }

    private mutating func releaseValues() {
        var isRead = Set<Int>()
        for index in instructions.indices.reversed() {
            let instruction = instructions[index]
            instructions[index].releases = Set(instruction.operands).filter {
                $0 != instruction.result && isRead.insert($0).inserted
            }
        }
    }

    /// Runs it.
    ///
    /// - Parameters:
    ///   - inputs: as many as the circuit takes.
    ///   - progress: called with (steps done, steps in all).
    public func run(
        _ inputs: [Slots.Value], on slots: Slots, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> Slots.Value {
        var values = inputs.map(Optional.some)
        values.reserveCapacity(valuesCount)
        for (index, instruction) in instructions.enumerated() {
            var operands: [Slots.Value] = []
            for operand in instruction.operands { operands.append(values[operand]!) }
            for value in instruction.releases { values[value] = nil }
            let result = try apply(instruction.step, to: operands, on: slots)
            if instruction.result < values.count {
                values[instruction.result] = result
            } else {
                values.append(result)
            }
            progress(index + 1, instructions.count)
        }
        return values[valuesCount - 1]!
    }

    private func apply(
        _ step: Step, to operands: [Slots.Value], on slots: Slots
    ) throws -> Slots.Value {
        let value = operands[0]
        switch step {
        case .linear(let transform): return try slots.apply(transform, to: operands)
        case .fold(let permutations): return try slots.fold(value, permutations)
        case .add(let constant): return try slots.add(constant, to: value)
        case .square: return try slots.multiply(value, value)
        case .product: return try slots.multiply(value, operands[1])
        case .switchDown(let level): return try slots.switchDown(value, toLevel: level)
        case .mask: return try slots.mask(value, layout: outputLayout!)
        case .relinearize: return try slots.relinearize(value)
        case .store: return try slots.store(value)
        }
    }
}

extension Program: Sendable where Slots.Transform: Sendable, Slots.Constant: Sendable {}
extension Program.Step: Sendable where Slots.Transform: Sendable, Slots.Constant: Sendable {}
extension Program.Instruction: Sendable where Slots.Transform: Sendable, Slots.Constant: Sendable {}
