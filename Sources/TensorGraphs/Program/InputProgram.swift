// SPDX-License-Identifier: Apache-2.0

/// A part of a sample as a person has it: a column of a table, or a tensor.
package struct InputColumn: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// NaN where it is missing.
        case real
        /// A whole number below 2^24 in size, which Float holds, or NaN.
        case integer
        /// Places in this list; -1 for what is not in it.
        case text([String])
    }

    /// As the model calls its input.
    package let name: String
    /// Elements.
    package let count: Int
    package let kind: Kind

    package init(name: String, count: Int, kind: Kind) {
        self.name = name
        self.count = count
        self.kind = kind
    }
}

/// What a client makes of a sample before it is quantized, in the clear: the beginning of a model, from its inputs to
/// what is encrypted. Imputers, encoders of categories, scalers and functions of single values; no weights of layers.
package struct InputProgram: Sendable, Equatable {
    package let columns: [InputColumn]
    /// Its first output is what is encrypted. Of the others no element may be zero, or the sample is refused for what
    /// the output's name says.
    package let program: OutputProgram

    /// - Throws: `ProgramError` where columns and program don't fit.
    package init(columns: [InputColumn], program: OutputProgram) throws(ProgramError) {
        guard (1...Self.maximumColumns).contains(columns.count) else {
            throw ProgramError("\(columns.count) inputs; 1 to \(Self.maximumColumns) are taken")
        }
        var count = 0
        for column in columns {
            guard (1...OutputProgram.maximumElements).contains(column.count) else {
                throw ProgramError("\(column.count) elements of the input '\(column.name)'")
            }
            count += column.count
        }
        guard count == program.inputCount, program.outputs[0].meaning == .real else {
            throw ProgramError("\(count) values of inputs for \(program.inputCount)")
        }
        self.columns = columns
        self.program = program
    }

    package static let maximumColumns = 4096

    /// Values of a sample as it is read.
    package var inputCount: Int { program.inputCount }

    /// What is encrypted.
    /// - Parameter sample: `inputCount` values, of texts their places.
    /// - Throws: `ProgramError` for a sample that the model refuses.
    package func evaluate(_ sample: [Float]) throws(ProgramError) -> [Float] {
        guard sample.count == inputCount else {
            throw ProgramError("\(sample.count) values; \(inputCount) are taken")
        }
        var place = 0
        for column in columns {
            let values = sample[place..<place + column.count]
            if column.kind == .integer,
                let value = values.first(where: {
                    !$0.isNaN && ($0.rounded() != $0 || abs($0) >= 0x1p24)
                })
            {
                throw ProgramError(
                    "\(value) in '\(column.name)', which takes whole numbers below 2^24")
            }
            place += column.count
        }
        let results = program.evaluate(sample)
        for (output, result) in zip(program.outputs, results).dropFirst()
        where result.contains(where: { $0 == 0 || $0.isNaN }) {
            throw ProgramError(output.name)
        }
        return results[0]
    }
}
