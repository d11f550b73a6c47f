import RLWE

/// A circuit at definite levels, prepared for one evaluator: weights encoded, units tracked.
public struct Program<Slots: SlotEvaluator> {
    enum Step {
        case linear(Slots.Transform)
        case fold([SlotPermutation])
        case add(Slots.Constant)
        case square
        case switchDown(Int)
        case mask
    }

    private let steps: [Step]
    private let outputLayout: SlotLayout
    /// What the outputs must be divided by, modulo t.
    let outputUnit: MessageUnit

    /// - Parameter levels: the level at each switch point, never rising.
    /// - Throws: whatever `slots` throws while encoding.
    public init(
        _ circuit: Circuit, levels: [Int], maximumLevel: Int, on slots: Slots
    ) throws {
        var unit = MessageUnit.one
        var level = maximumLevel
        var steps: [Step] = []
        for step in circuit.steps {
            switch step {
            case .linear(let transform):
                steps.append(
                    .linear(try slots.prepare(transform, unit: unit, level: level)))
                unit = .one
            case .fold(let permutations): steps.append(.fold(permutations))
            case .add(let constant):
                steps.append(
                    .add(try slots.prepare(constant: constant, unit: unit, level: level)))
            case .square:
                steps.append(.square)
                unit = unit.squared(level: level)
            case .switchPoint(let point):
                if levels[point] < level {
                    level = levels[point]
                    steps.append(.switchDown(level))
                }
            case .mask: steps.append(.mask)
            }
        }
        self.steps = steps
        outputLayout = circuit.outputLayout
        outputUnit = unit
    }

    /// Runs it.
    ///
    /// - Parameters:
    ///   - inputs: one or, where the first step is linear, as many as it takes.
    ///   - progress: called with (steps done, steps in all).
    public func run(
        _ inputs: [Slots.Value], on slots: Slots, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> Slots.Value {
        var value = inputs[0]
        for (index, step) in steps.enumerated() {
            switch step {
            case .linear(let transform):
                value = try slots.apply(transform, to: index == 0 ? inputs : [value])
            case .fold(let permutations): value = try slots.fold(value, permutations)
            case .add(let constant): value = try slots.add(constant, to: value)
            case .square: value = try slots.square(value)
            case .switchDown(let level): value = try slots.switchDown(value, toLevel: level)
            case .mask: value = try slots.mask(value, layout: outputLayout)
            }
            progress(index + 1, steps.count)
        }
        return value
    }
}

extension Program: Sendable where Slots.Transform: Sendable, Slots.Constant: Sendable {}
extension Program.Step: Sendable where Slots.Transform: Sendable, Slots.Constant: Sendable {}
