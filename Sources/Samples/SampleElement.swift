// SPDX-License-Identifier: Apache-2.0

/// Element types of IDX and NPY files.
package enum SampleElement {
    case unsigned(bytes: Int)
    case signed(bytes: Int)
    /// 0 or 1, in a byte.
    case boolean
    /// IEEE 754 binary16.
    case half
    case float
    case double

    var size: Int {
        switch self {
        case .unsigned(let bytes), .signed(let bytes): bytes
        case .boolean: 1
        case .half: 2
        case .float: 4
        case .double: 8
        }
    }

    /// Decodes data whose length has been checked to be a multiple of `size`.
    func decode(_ data: ArraySlice<UInt8>, bigEndian: Bool) -> SampleSet.Values {
        switch self {
        case .unsigned(1), .boolean: return .bytes(Array(data))
        default: break
        }
        let count = data.count / size
        return .floats(
            (0..<count).map { index in
                var word: UInt64 = 0
                let start = data.startIndex + index * size
                for offset in 0..<size {
                    let byte = UInt64(data[start + offset])
                    word |= byte << UInt64(8 * (bigEndian ? size - 1 - offset : offset))
                }
                switch self {
                case .unsigned, .boolean: return Float(word)
                case .signed:
                    let shift = UInt64(64 - 8 * size)
                    return Float(Int64(bitPattern: word << shift) >> Int64(shift))
                case .half: return Self.float(half: UInt16(word))
                case .float: return Float(bitPattern: UInt32(word))
                case .double: return Float(Double(bitPattern: word))
                }
            })
    }

    /// The value of a binary16. Swift's Float16 is not there on every platform.
    package static func float(half: UInt16) -> Float {
        let sign: Float = half >> 15 == 0 ? 1 : -1
        let (exponent, fraction) = (Int(half >> 10 & 0x1F), Float(half & 0x3FF))
        return switch exponent {
        case 0: sign * fraction * 0x1p-24
        case 31: fraction == 0 ? sign * .infinity : .nan
        default:
            sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
        }
    }

    /// The samples of a tensor whose first size counts them; a list of numbers is one of samples of one value.
    ///
    /// - Parameter isColumnMajor: whether the first index changes fastest, as in Fortran.
    func samples(
        _ data: ArraySlice<UInt8>, sizes: [Int], bigEndian: Bool, isColumnMajor: Bool = false,
        format: String
    ) throws(SampleError) -> SampleSet {
        var expected = size
        for (index, size) in sizes.enumerated() {
            let (next, overflow) = expected.multipliedReportingOverflow(by: size)
            guard !overflow, size > 0 else {
                throw .malformed(format: format, reason: "size \(index) is \(size)")
            }
            expected = next
        }
        guard let first = sizes.first else {
            throw .unsupported(format: format, reason: "a single number; a list is read")
        }
        guard data.count == expected else {
            throw .malformed(
                format: format,
                reason: "sizes \(sizes) ask for \(expected) bytes of data, \(data.count) are there")
        }
        if case .boolean = self, let other = data.first(where: { $0 > 1 }) {
            throw .malformed(format: format, reason: "a truth value of \(other)")
        }
        let values = decode(data, bigEndian: bigEndian)
        return SampleSet(
            count: first, sampleShape: sizes.count == 1 ? [1] : Array(sizes.dropFirst()),
            values: isColumnMajor && sizes.count > 1 ? values.rowMajor(of: sizes) : values)
    }
}
