// SPDX-License-Identifier: Apache-2.0

import Samples
import TensorGraphs

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
    case float16 = 10
    case double = 11
    case uint32 = 12
    case uint64 = 13
    case bfloat16 = 16
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

    /// Integers of the type; nil of reals, strings and what Int64 doesn't hold.
    var integerRange: ClosedRange<Int64>? {
        switch self {
        case .bool: 0...1
        case .int32: Int64(Int32.min)...Int64(Int32.max)
        case .uint32: 0...Int64(UInt32.max)
        case .int64: .min ... .max
        default: quantizedRange.map { Int64($0.lowerBound)...Int64($0.upperBound) }
        }
    }

    /// What the size of none of its integers exceeds; nil beyond 16 bits, and of others.
    var magnitude: Int? {
        self == .bool ? 1 : quantizedRange.map { max(-$0.lowerBound, $0.upperBound) }
    }

    package var isReal: Bool {
        switch self {
        case .float, .double, .float16, .bfloat16: true
        default: false
        }
    }

    /// Size in `raw_data`, in bits.
    ///
    /// Strings have none there.
    var bits: Int {
        switch self {
        case .string: 0
        case .uint4, .int4: 4
        case .uint8, .int8, .bool: 8
        case .uint16, .int16, .float16, .bfloat16: 16
        case .float, .int32, .uint32: 32
        case .int64, .double, .uint64: 64
        }
    }
}

extension ONNXElementType {
    /// What a code of ONNX stands for, in words.
    static func name(_ code: Int32) -> String {
        switch code {
        case 8: "string"
        case 14, 15: "complex"
        case 17, 18, 19, 20: "float8"
        case 23: "float4"
        case 24: "float8 of exponents alone"
        case 25, 26: "integers of 2 bits"
        default: "number \(code)"
        }
    }

    /// The real of a number of 16 bits: half precision, or bfloat16, the upper half of a Float.
    func real(bits: UInt16) -> Double {
        guard self == .float16 else { return Double(Float(bitPattern: UInt32(bits) << 16)) }
        return Double(SampleElement.float(half: bits))
    }

    /// The nearest real that the type has, halves to even.
    func rounded(_ real: Double) -> Double {
        switch self {
        case .float: Double(Float(real))
        case .float16, .bfloat16: rounding.map { $0(real) } ?? real
        default: real
        }
    }

    /// What a Cast of Floats to the type does; nil where it changes none.
    var rounding: ScalarFunction? {
        switch self {
        case .float16: .half
        case .bfloat16: .brainFloat
        default: nil
        }
    }
}
