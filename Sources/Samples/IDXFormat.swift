// SPDX-License-Identifier: Apache-2.0

/// The IDX format of the MNIST files (Y. LeCun, C. Cortes, C. Burges): two zero bytes, element type, number of
/// dimensions, sizes as big-endian 32-bit integers, big-endian data.
enum IDXFormat {
    static func isIDX(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 4 && bytes[0] == 0 && bytes[1] == 0 && element(bytes[2]) != nil
    }

    private static func element(_ code: UInt8) -> SampleElement? {
        switch code {
        case 0x08: .unsigned(bytes: 1)
        case 0x09: .signed(bytes: 1)
        case 0x0B: .signed(bytes: 2)
        case 0x0C: .signed(bytes: 4)
        case 0x0D: .float
        case 0x0E: .double
        default: nil
        }
    }

    static func parse(_ bytes: [UInt8]) throws(SampleError) -> SampleSet {
        guard isIDX(bytes), let element = element(bytes[2]) else { throw .unknownFormat }
        let dimensions = Int(bytes[3])
        let start = 4 + 4 * dimensions
        guard (1...8).contains(dimensions), bytes.count >= start else {
            throw .malformed(format: "IDX", reason: "\(dimensions) dimensions")
        }
        let sizes = (0..<dimensions).map { index in
            bytes[4 + 4 * index..<8 + 4 * index].reduce(0) { $0 << 8 | Int($1) }
        }
        return try element.samples(bytes[start...], sizes: sizes, bigEndian: true, format: "IDX")
    }
}
