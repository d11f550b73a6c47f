// SPDX-License-Identifier: Apache-2.0

/// A value of an ONNX graph while it is imported.
enum ImportedValue {
    /// What the elements of an activation stand for.
    enum Kind: Hashable {
        case real
        /// Codes of a quantization.
        case code
        /// Places in the model's vocabulary, -1 for a text that isn't in it.
        case text
        /// Whole numbers: indices of classes, truth values.
        case index(Indices)
    }

    /// What is known of whole numbers.
    struct Indices: Hashable {
        /// Each is in 0 ..< count; nil: unknown.
        var count: Int?
        /// What they stand for, where they are places in a list: `count` names.
        var names: [String]?
        /// What the size of none exceeds, where there is no count; nil: unknown.
        var magnitude: Int?

        static let truths = Indices(count: 2)
        static let unknown = Indices()

        /// What the size of none exceeds: of the numbers themselves, whatever they are called.
        var limit: Int? { count.map { $0 - 1 } ?? magnitude }
    }

    case constant(ImportedConstant)
    /// A value of the tensor graph. The shape is the one it is seen in: reshapes make no values.
    case activation(Int, shape: [Int], kind: Kind)

    var shape: [Int] {
        switch self {
        case .constant(let constant): constant.shape
        case .activation(_, let shape, _): shape
        }
    }

    var isConstant: Bool {
        if case .constant = self { true } else { false }
    }

    /// Whether it is an activation of whole numbers.
    var isWhole: Bool {
        if case .activation(_, _, .index) = self { true } else { false }
    }

    /// Whether it is a constant of integers.
    var isOfIntegers: Bool {
        if case .constant(let constant) = self { constant.integers != nil } else { false }
    }

    var count: Int { shape.reduce(1, *) }
}
