// SPDX-License-Identifier: Apache-2.0

import Files

/// Why an ONNX file was refused.
package enum ONNXError: Error, Equatable, CustomStringConvertible {
    /// The bytes are not a protobuf message of an ONNX model.
    case notAModel(String)
    case tooLarge(bytes: Int, limit: Int)
    /// An IR or operator-set version outside what is understood.
    case unsupportedVersion(String)
    /// Names, sizes or references that contradict each other.
    case invalidGraph(String)
    /// A model that is valid and beyond what is taken; the text says what would be.
    case unsupportedModel(String)
    /// A constant whose type, sizes and data don't fit together.
    case invalidTensor(name: String, reason: String)
    /// A node that cannot be taken; the reason says what would be accepted.
    case unsupported(node: String, operator: String, reason: String)

    /// One line: names in it are from the file.
    package var description: String { text.printable(limit: 2000) }

    private var text: String {
        switch self {
        case .notAModel(let reason): "not an ONNX model: \(reason)"
        case .tooLarge(let bytes, let limit):
            "the model has \(bytes) bytes; at most \(limit) are read"
        case .unsupportedVersion(let text), .unsupportedModel(let text): text
        case .invalidGraph(let text): "invalid ONNX graph: \(text)"
        case .invalidTensor(let name, let reason): "invalid ONNX tensor '\(name)': \(reason)"
        case .unsupported(let node, let name, let reason): "node '\(node)' (\(name)): \(reason)"
        }
    }
}
