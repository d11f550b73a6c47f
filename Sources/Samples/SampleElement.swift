// SPDX-License-Identifier: Apache-2.0

/// Element types of IDX and NPY files.
enum SampleElement {
    case unsigned(bytes: Int)
    case signed(bytes: Int)
    case float
    case double

    var size: Int {
        switch self {
        case .unsigned(let bytes), .signed(let bytes): bytes
        case .float: 4
        case .double: 8
        }
    }

    /// Decodes data whose length has been checked to be a multiple of `size`.
    func decode(_ data: ArraySlice<UInt8>, bigEndian: Bool) -> SampleSet.Values {
        if case .unsigned(1) = self { return .bytes(Array(data)) }
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
                case .unsigned: return Float(word)
                case .signed:
                    let shift = UInt64(64 - 8 * size)
                    return Float(Int64(bitPattern: word << shift) >> Int64(shift))
                case .float: return Float(bitPattern: UInt32(word))
                case .double: return Float(Double(bitPattern: word))
                }
            })
    }

    /// The samples of a tensor whose first size counts them; a list of numbers is one of samples of one value.
    func samples(
        _ data: ArraySlice<UInt8>, sizes: [Int], bigEndian: Bool, format: String
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
        return SampleSet(
            count: first, sampleShape: sizes.count == 1 ? [1] : Array(sizes.dropFirst()),
            values: decode(data, bigEndian: bigEndian))
    }
}
