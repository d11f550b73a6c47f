// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import InferenceClient

/// The outputs of a prediction by the names that its model gives them.
package enum NamedOutputs {
    /// Members of a JSON object; none where scores and a label are all.
    static func members(_ prediction: Prediction) -> [(String, JSON)] {
        guard !prediction.outputs.isEmpty else { return [] }
        return [("outputs", .object(prediction.outputs.map { ($0.name, value($0)) }))]
    }

    /// The same object on one line; nil where there is none.
    static func line(_ prediction: Prediction) -> String? {
        guard !prediction.outputs.isEmpty else { return nil }
        let members = prediction.outputs.map {
            "\(JSON.string($0.name).text): \(value($0).text)"
        }
        return "{" + members.joined(separator: ", ") + "}"
    }

    /// Row-major; the only element alone where an output has no sizes.
    private static func value(_ output: NamedOutput) -> JSON {
        let elements: [JSON] =
            output.meaning == .real
            ? output.values.map { .number(Double($0)) } : output.texts.map { .string($0) }
        return output.shape.isEmpty && elements.count == 1 ? elements[0] : .array(elements)
    }

    /// A line an output.
    static func table(_ prediction: Prediction) -> Table {
        var table = Table(.left, .left)
        for output in prediction.outputs {
            let shown = output.texts.prefix(10).map { $0.printable(limit: 60) }
            let rest = output.values.count - shown.count
            table.add(
                output.name.printable(limit: 60),
                shown.joined(separator: " ") + (rest > 0 ? " ... (\(rest) more)" : ""))
        }
        return table
    }

    /// Column names of a table of predictions, which no spreadsheet takes for formulas.
    package static func columns(_ program: [(name: String, count: Int)]) -> [String] {
        program.flatMap { name, count in
            let name = PredictionFile.printed(name)
            return count == 1 ? [name] : (0..<count).map { "\(name)_\($0)" }
        }
    }
}
