// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs
import Wire

extension Blindsight_V6_ProgramMessage {
    init(_ program: OutputProgram) {
        self.init()
        steps = program.steps.map { step in
            var message = Blindsight_V6_ProgramStepMessage()
            let parts = step.operation.parts
            message.step = parts.name
            message.reads = step.inputs.map(UInt32.init)
            message.integers = parts.integers
            message.reals = parts.reals
            return message
        }
        outputs = program.outputs.map { output in
            var message = Blindsight_V6_ProgramOutputMessage()
            message.name = output.name
            message.value = UInt32(output.value)
            message.outputShape = output.shape.map(UInt32.init)
            switch output.meaning {
            case .real: break
            case .integer: message.isInteger = true
            case .label(let names): message.names = names
            }
            return message
        }
    }

    /// - Parameters:
    ///   - count: of the values that it begins with.
    ///   - name: the section's.
    /// - Throws: `WireError` for what no client does.
    func program(inputs count: Int, _ name: String) throws -> OutputProgram {
        let steps = try steps.map { message in
            guard
                let operation = TensorOperation(
                    name: message.step, message.integers, message.reals)
            else { throw WireError.outOfRange("a step of \(name)") }
            return OutputProgram.Step(operation, inputs: message.reads.map(Int.init))
        }
        let outputs = try outputs.map { message in
            guard message.names.count <= PlanLimits.maximumOutputs,
                message.names.isEmpty || !message.isInteger
            else { throw WireError.outOfRange("the labels of an output") }
            let meaning: TensorGraph.Meaning =
                message.isInteger ? .integer : message.names.isEmpty ? .real : .label(message.names)
            return OutputProgram.Output(
                name: message.name, value: Int(message.value),
                shape: message.outputShape.map(Int.init), meaning: meaning)
        }
        do {
            return try OutputProgram(inputCount: count, steps: steps, outputs: outputs)
        } catch {
            throw WireError.outOfRange("\(name): \(error)")
        }
    }
}

extension OutputProgram {
    /// What terminals and tables show of it.
    func checkTexts() throws {
        for output in outputs {
            try PlanLimits.check(text: output.name, "an output's name")
            guard case .label(let names) = output.meaning else { continue }
            for name in names { try PlanLimits.check(text: name, "a label") }
        }
    }
}
