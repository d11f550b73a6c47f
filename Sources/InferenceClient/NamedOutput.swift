// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// An output of a prediction as the model names it.
package struct NamedOutput: Sendable, Equatable {
    private let output: OutputProgram.Output
    /// Row-major: reals, whole numbers, or places in the list of labels.
    package let values: [Float]

    init(_ output: OutputProgram.Output, values: [Float]) {
        self.output = output
        self.values = values
    }

    package var name: String { output.name }
    /// Sizes, without the batch.
    package var shape: [Int] { output.shape }
    package var meaning: TensorGraph.Meaning { output.meaning }
    /// In words: labels by their names.
    package var texts: [String] { values.map(output.text) }
}
