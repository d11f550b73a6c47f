// SPDX-License-Identifier: Apache-2.0

/// A constant of an ONNX graph, decoded and checked.
package struct ONNXTensor: Sendable, Equatable {
    package enum Values: Sendable, Equatable {
        /// Of float and double tensors; a Float widened is exact.
        case reals([Double])
        /// Also of truth values: 0 and 1.
        case integers([Int64])
        case strings([String])
    }

    package let name: String
    /// Row-major sizes; empty for a scalar.
    package let dims: [Int]
    package let type: ONNXElementType
    package let values: Values

    package init(name: String, dims: [Int], type: ONNXElementType, values: Values) {
        self.name = name
        self.dims = dims
        self.type = type
        self.values = values
    }

    package var count: Int {
        switch values {
        case .reals(let reals): reals.count
        case .integers(let integers): integers.count
        case .strings(let strings): strings.count
        }
    }

    package var integers: [Int64]? {
        if case .integers(let integers) = values { integers } else { nil }
    }

    package var reals: [Double]? {
        if case .reals(let reals) = values { reals } else { nil }
    }

    /// The only element of a float tensor.
    package var singleFloat: Float? {
        guard type == .float, let reals, reals.count == 1 else { return nil }
        return Float(reals[0])
    }

    /// The only element of any tensor, as a real.
    package var singleReal: Double? {
        guard count == 1 else { return nil }
        return reals?[0] ?? integers.map { Double($0[0]) }
    }
}
