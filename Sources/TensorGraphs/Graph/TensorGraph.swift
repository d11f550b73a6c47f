// SPDX-License-Identifier: Apache-2.0

/// A model as operations on tensors: names resolved, shapes inferred, constants folded. What the float reference
/// evaluates and what networks are lowered from.
///
/// Shapes include the batch, which comes first and is 1 in models that are served. Elements are row-major, so a reshape
/// is no operation: what it gives is the same value.
package struct TensorGraph: Sendable, Equatable {
    /// What is known of a value; value 0 is the model's input.
    package struct Value: Sendable, Equatable {
        /// The ONNX value's name; of values between, that name and a number.
        package let name: String
        package let shape: [Int]

        package init(name: String, shape: [Int]) {
            self.name = name
            self.shape = shape
        }

        package var count: Int { shape.reduce(1, *) }
    }

    /// The decisions between pairs of classes of a support vector classifier: (0, 1), (0, 2) ... (1, 2) ..., the first
    /// class where positive.
    package struct Decisions: Sendable, Equatable {
        /// A value of classes * (classes - 1) / 2 elements a row.
        package let value: Int
        package let classes: Int

        package init(value: Int, classes: Int) {
            self.value = value
            self.classes = classes
        }
    }

    package struct Node: Sendable, Equatable {
        /// The ONNX node's name, or its place in the graph when it has none.
        package let name: String
        /// The ONNX operator, for messages.
        package let `operator`: String
        package let operation: TensorOperation
        /// Indices of values.
        package let inputs: [Int]
        package let output: Int

        package init(
            name: String, operator: String, operation: TensorOperation, inputs: [Int], output: Int
        ) {
            self.name = name
            self.operator = `operator`
            self.operation = operation
            self.inputs = inputs
            self.output = output
        }
    }

    package enum OutputKind: String, Sendable {
        /// Of classes: the largest decides.
        case scores
        /// Each of its own, in its own unit.
        case quantities
    }

    /// What of a model's trees its clients may know.
    package enum TreeDisclosure: String, Sendable, CaseIterable {
        /// Nothing: what they compare features with is moved onto a grid that is made from calibration samples.
        case grid
        /// What they compare features with: which condition leads where stays encrypted, and what leaves are worth.
        case thresholds
        /// The trees themselves: what leaves are worth stays encrypted.
        case structure
    }

    /// What the elements of an output are.
    package enum Meaning: Sendable, Hashable {
        case real
        /// Whole numbers, truth values among them.
        case integer
        /// Places in this list of names.
        case label([String])
    }

    /// What must hold of a sample, or the model refuses it: all elements of a value differ from zero.
    package struct Condition: Sendable, Equatable {
        package let value: Int
        /// What is wrong where one is zero.
        package let text: String

        package init(value: Int, text: String) {
            self.value = value
            self.text = text
        }
    }

    /// Behind a node's name: conditions that were moved onto a grid, so that they say nothing of its trees.
    package static let gridSuffix = "/grid"

    package var values: [Value]
    /// Of models of several inputs, or of strings: what the elements of value 0 are.
    package var columns: [InputColumn] = []
    package var conditions: [Condition] = []
    /// Of elements of value 0, what they can be at all, where the client makes them of categories or comparisons: samples
    /// need not have all of it. Empty where nothing is known.
    package var inputRanges: [ClosedRange<Float>?] = []
    /// What several elements of an output are that nothing in the model tells; nil: scores of classes, where they may be
    /// such.
    package var outputKind: OutputKind?
    /// Names of nodes that are to be left to the client, weights and all.
    package var clientNodes: Set<String> = []
    /// In an order in which every input is made before it is used.
    package var nodes: [Node]
    /// Values that the model puts out, the scores first.
    package var outputs: [Int]
    /// Their names; of graphs that weren't imported those of the values.
    package var outputNames: [String]
    /// As the model has them, the batch included.
    package var outputShapes: [[Int]]
    /// Of graphs that weren't imported, reals.
    package var meanings: [Meaning]
    /// Class labels that a classifier of the graph names, or the metadata property "labels".
    package var labels: [String]?
    /// Of a graph with one support vector classifier: whoever holds its decisions can vote, whatever the graph makes of
    /// them.
    package var decisions: Decisions?
    /// What was changed on the way from the model, for reports.
    package var notes: [String] = []
    /// What may be made of it.
    package let budget: GraphBudget

    package init(
        values: [Value], nodes: [Node], outputs: [Int], outputNames: [String]? = nil,
        outputShapes: [[Int]]? = nil, meanings: [Meaning]? = nil, labels: [String]? = nil,
        decisions: Decisions? = nil,
        budget: GraphBudget = .largest
    ) {
        self.outputNames = outputNames ?? outputs.map { values[$0].name }
        self.outputShapes = outputShapes ?? outputs.map { values[$0].shape }
        self.meanings = meanings ?? outputs.map { _ in .real }
        self.budget = budget
        self.values = values
        self.nodes = nodes
        self.outputs = outputs
        self.labels = labels
        self.decisions = decisions
    }
}
