// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// An output of a prediction as the model names it.
package struct NamedOutput: Sendable, Equatable {
    package let name: String
    /// Sizes, without the batch.
    package let shape: [Int]
    package let meaning: TensorGraph.Meaning
    /// Row-major: reals, whole numbers, or places in the list of labels.
    package let values: [Float]

    init(_ output: OutputProgram.Output, values: [Float]) {
        name = output.name
        shape = output.shape
        meaning = output.meaning
        self.values = values
    }

    /// In words: labels by their names.
    package var texts: [String] {
        values.map { value in
            switch meaning {
            case .real: "\(value)"
            case .integer: Int(exactly: value).map(String.init) ?? "\(value)"
            case .label(let names):
                Int(exactly: value).flatMap { names.indices.contains($0) ? names[$0] : nil }
                    ?? "\(value)"
            }
        }
    }
}
