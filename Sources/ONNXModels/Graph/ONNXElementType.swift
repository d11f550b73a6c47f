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
    /// The real of a number of 16 bits: half precision, or bfloat16, the upper half of a Float.
    func real(bits: UInt16) -> Double {
        guard self == .float16 else { return Double(Float(bitPattern: UInt32(bits) << 16)) }
        let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
        let sign: Double = bits >> 15 == 0 ? 1 : -1
        switch exponent {
        case 31: return fraction == 0 ? sign * .infinity : .nan
        case 0: return sign * fraction * 0x1p-24
        default:
            return sign * (1 + fraction / 1024)
                * Double(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }

    /// The nearest real that the type has, halves to even.
    func rounded(_ real: Double) -> Double {
        switch self {
        case .float: return Double(Float(real))
        case .float16: return Self.rounded(real, bits: 11, least: -24, largest: 65504)
        case .bfloat16:
            return Self.rounded(
                real, bits: 8, least: -133, largest: Double(Float(bitPattern: 0x7F7F_0000)))
        default: return real
        }
    }

    private static func rounded(
        _ real: Double, bits: Int, least: Int, largest: Double
    ) -> Double {
        guard real.isFinite, real != 0 else { return real }
        let step = Double(
            sign: .plus, exponent: max(Int(real.exponent) - bits + 1, least), significand: 1)
        let result = (real / step).rounded(.toNearestOrEven) * step
        return abs(result) > largest ? (real < 0 ? -.infinity : .infinity) : result
    }
}
