// SPDX-License-Identifier: Apache-2.0

/// A value of an ONNX graph while it is imported.
enum ImportedValue {
    /// What the elements of an activation stand for.
    enum Kind {
        case real
        /// Codes of a quantization.
        case code
        /// Indices of classes, or truth values: integers in either case.
        case index
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

    var count: Int { shape.reduce(1, *) }
}
