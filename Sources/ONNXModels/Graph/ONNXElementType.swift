// SPDX-License-Identifier: Apache-2.0

/// Element types of constants that are understood, with ONNX's numbers.
package enum ONNXElementType: Int32, Sendable {
    case float = 1
    case uint8 = 2
    case int8 = 3
    case uint16 = 4
    case int16 = 5
    case int32 = 6
    case int64 = 7
    case string = 8
    case bool = 9
    case double = 11
    case uint32 = 12
    case uint64 = 13
    case uint4 = 21
    case int4 = 22

    /// Integers of the type, for those that a quantization may have; nil for others.
    package var quantizedRange: ClosedRange<Int>? {
        switch self {
        case .uint8: 0...255
        case .int8: -128...127
        case .uint16: 0...65535
        case .int16: -32768...32767
        case .uint4: 0...15
        case .int4: -8...7
        default: nil
        }
    }

    package var isReal: Bool { self == .float || self == .double }

    /// Size in `raw_data`, in bits.
    ///
    /// Strings have none there.
    var bits: Int {
        switch self {
        case .string: 0
        case .uint4, .int4: 4
        case .uint8, .int8, .bool: 8
        case .uint16, .int16: 16
        case .float, .int32, .uint32: 32
        case .int64, .double, .uint64: 64
        }
    }
}
