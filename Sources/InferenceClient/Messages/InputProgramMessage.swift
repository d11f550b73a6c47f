// SPDX-License-Identifier: Apache-2.0

import TensorGraphs
import Wire

extension Blindsight_V6_InputProgramMessage {
    init(_ program: InputProgram) {
        self.init()
        columns = program.columns.map { column in
            var message = Blindsight_V6_InputColumnMessage()
            message.column = column.name
            message.elements = UInt32(column.count)
            switch column.kind {
            case .real: break
            case .integer: message.isWhole = true
            case .text(let texts): message.texts = texts
            }
            return message
        }
        self.program = .init(program.program)
    }

    /// - Parameter count: of the network's input.
    /// - Throws: `WireError` for what no client does.
    func program(input count: Int) throws -> InputProgram {
        var elements = 0
        let columns = try columns.map { message in
            guard message.texts.count <= PlanLimits.maximumOutputs,
                message.texts.isEmpty || !message.isWhole
            else { throw WireError.outOfRange("the texts of an input") }
            elements += Int(message.elements)
            let kind: InputColumn.Kind =
                message.isWhole ? .integer : message.texts.isEmpty ? .real : .text(message.texts)
            return InputColumn(name: message.column, count: Int(message.elements), kind: kind)
        }
        guard hasProgram, elements <= OutputProgram.maximumElements else {
            throw WireError.outOfRange("\(elements) values of inputs")
        }
        let program = try self.program.program(inputs: elements, "the prefix")
        do {
            let found = try InputProgram(columns: columns, program: program)
            guard found.program.outputs[0].shape == [count] else {
                throw ProgramError("its result is not what the network takes")
            }
            try found.checkTexts()
            return found
        } catch let error as ProgramError {
            throw WireError.outOfRange("the prefix: \(error)")
        }
    }
}

extension InputProgram {
    /// What terminals and tables show of it.
    func checkTexts() throws {
        try program.checkTexts()
        for column in columns {
            try PlanLimits.check(text: column.name, "an input's name")
            guard case .text(let texts) = column.kind else { continue }
            for text in texts { try PlanLimits.check(text: text, "a category") }
        }
    }
}
