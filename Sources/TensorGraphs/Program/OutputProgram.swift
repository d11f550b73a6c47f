// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// What a client makes of the decrypted outputs, in the clear: the end of a model as a list of operations, from the
/// network's outputs as reals to all outputs that the model names. No weights of layers are in it.
///
/// It may come from anywhere: whatever is made is checked, and evaluating it can't trap.
package struct OutputProgram: Sendable, Equatable {
    package struct Step: Sendable, Equatable {
        package let operation: TensorOperation
        /// Values: 0 is the network's outputs, i + 1 the result of step i.
        package let inputs: [Int]

        package init(_ operation: TensorOperation, inputs: [Int]) {
            self.operation = operation
            self.inputs = inputs
        }
    }

    package struct Output: Sendable, Equatable {
        /// As the model has it.
        package let name: String
        package let value: Int
        /// Sizes without the batch; their product is the value's number of elements.
        package let shape: [Int]
        package let meaning: TensorGraph.Meaning

        package init(name: String, value: Int, shape: [Int], meaning: TensorGraph.Meaning) {
            self.name = name
            self.value = value
            self.shape = shape
            self.meaning = meaning
        }
    }

    /// Elements of the network's outputs.
    package let inputCount: Int
    package let steps: [Step]
    /// One at least.
    package let outputs: [Output]
    /// The output that says the class, or the prediction of a model that has only such: the first of one element that is
    /// no real.
    package let label: Int?
    /// The first output of reals.
    package let scores: Int?

    package static let maximumSteps = 4096
    /// Of all values, and of all lists in operations.
    package static let maximumElements = 1 << 20

    /// - Throws: `ProgramError` for what can't be evaluated, or costs too much.
    package init(inputCount: Int, steps: [Step], outputs: [Output]) throws(ProgramError) {
        guard steps.count <= Self.maximumSteps else {
            throw ProgramError("\(steps.count) steps; at most \(Self.maximumSteps) are taken")
        }
        guard inputCount > 0 else { throw ProgramError("no outputs to begin with") }
        var counts = [inputCount]
        var elements = inputCount
        for step in steps {
            guard step.inputs.allSatisfy({ counts.indices.contains($0) }) else {
                throw ProgramError("a step reads what no step before it makes")
            }
            let count = try step.operation.checkedCount(step.inputs.map { counts[$0] })
            counts.append(count)
            elements += count + step.operation.listCount
            guard elements <= Self.maximumElements else {
                throw ProgramError("more than \(Self.maximumElements) elements")
            }
        }
        guard (1...64).contains(outputs.count) else {
            throw ProgramError("\(outputs.count) outputs; 1 to 64 are taken")
        }
        for output in outputs {
            guard counts.indices.contains(output.value), output.shape.count <= 8,
                Self.product(output.shape) == counts[output.value]
            else { throw ProgramError("the sizes of output '\(output.name)'") }
            if case .label(let names) = output.meaning, names.isEmpty {
                throw ProgramError("no names for the labels of output '\(output.name)'")
            }
        }
        self.inputCount = inputCount
        self.steps = steps
        self.outputs = outputs
        label = outputs.firstIndex { $0.meaning != .real && counts[$0.value] == 1 }
        scores = outputs.firstIndex { $0.meaning == .real }
    }

    /// nil where a size is none, or too large.
    private static func product(_ shape: [Int]) -> Int? {
        var product = 1
        for size in shape {
            guard (1...maximumElements).contains(size), product * size <= maximumElements else {
                return nil
            }
            product *= size
        }
        return product
    }

    /// Names and numbers of elements of all outputs.
    package var sizes: [(name: String, count: Int)] {
        outputs.map { ($0.name, $0.shape.reduce(1, *)) }
    }

    /// The values of all outputs, in their order.
    /// - Parameter input: `inputCount` reals.
    package func evaluate(_ input: [Float]) -> [[Float]] {
        precondition(input.count == inputCount)
        var values = [input]
        values.reserveCapacity(steps.count + 1)
        for step in steps {
            values.append(step.operation.evaluate(step.inputs.map { values[$0] }))
        }
        return outputs.map { values[$0.value] }
    }

    /// Which of the network's outputs no label is made of: quantities of their own.
    package var quantities: [Int] {
        guard label != nil else { return Array(0..<inputCount) }
        let reads = reads
        var compared: Set<Int> = []
        for output in outputs where output.meaning != .real {
            compared.formUnion(reads[output.value])
        }
        return (0..<inputCount).filter { !compared.contains($0) }
    }

    /// Of each value, the network's outputs that it is made of.
    private var reads: [Set<Int>] {
        var reads = [Set(0..<inputCount)]
        for step in steps {
            if case .gather(let indices, _) = step.operation, step.inputs == [0] {
                reads.append(Set(indices.lazy.map(Int.init)).intersection(reads[0]))
            } else {
                reads.append(step.inputs.reduce(into: []) { $0.formUnion(reads[$1]) })
            }
        }
        return reads
    }

    /// Names of the outputs that one of the network's outputs goes into.
    package func names(readingElement element: Int) -> [String] {
        let reads = reads
        return outputs.filter { reads[$0.value].contains(element) }.map(\.name)
    }

    /// Names of all classes; nil where the label has none, or there is no label.
    package var labelNames: [String]? {
        guard let label, case .label(let names) = outputs[label].meaning else { return nil }
        return names
    }

    /// What the label's element stands for; nil where there is no label.
    /// - Parameter outputs: as `evaluate` gives them.
    package func label(of outputs: [[Float]]) -> (index: Int, name: String)? {
        guard let label else { return nil }
        let index = Int(exactly: outputs[label][0]) ?? -1
        return (index, self.outputs[label].text(outputs[label][0]))
    }
}

extension OutputProgram.Output {
    /// An element in words: a label by its name.
    package func text(_ element: Float) -> String {
        guard meaning != .real, let index = Int(exactly: element) else {
            // Without the sign that a NaN may have.
            return element.isNaN ? "nan" : "\(element)"
        }
        if case .label(let names) = meaning, names.indices.contains(index) { return names[index] }
        return "\(index)"
    }
}

/// What is wrong with a program.
package struct ProgramError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
