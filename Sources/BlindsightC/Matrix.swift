// SPDX-License-Identifier: Apache-2.0

import Samples

/// Samples as a caller has them in memory, row-major.
struct Matrix {
    private enum Element: Int32 {
        case float, double, integer, byte
    }

    /// Values of all samples together, a gigabyte of floats.
    private static let mostValues = 1 << 28

    private let start: UnsafeRawPointer
    private let element: Element
    let count: Int
    let width: Int

    init(
        _ start: UnsafeRawPointer?, _ type: Int32, count: Int64, width: Int64
    ) throws(CallError) {
        guard let element = Element(rawValue: type) else {
            throw CallError(
                "samples", "elements of type \(type); BS_FLOAT32 and three others are taken")
        }
        guard let start, count > 0, width > 0 else {
            throw CallError(
                "samples", "\(count) samples of \(width) values; one or more are needed")
        }
        guard count <= Self.mostValues, width <= Self.mostValues,
            count * width <= Self.mostValues
        else {
            throw CallError(
                "samples",
                "\(count) samples of \(width) values at once; give them in parts of at most \(Self.mostValues) values"
            )
        }
        self.start = start
        self.element = element
        self.count = Int(count)
        self.width = Int(width)
    }

    /// Doubles and wide integers are rounded, as files' are.
    func sample(_ index: Int) -> [Float] {
        func values<Value>(_ type: Value.Type, _ convert: (Value) -> Float) -> [Float] {
            let row = start.assumingMemoryBound(to: type) + index * width
            return [Float](unsafeUninitializedCapacity: width) { buffer, initialized in
                for place in 0..<width { buffer[place] = convert(row[place]) }
                initialized = width
            }
        }
        return switch element {
        case .float: values(Float.self) { $0 }
        case .double: values(Double.self) { Float($0) }
        case .integer: values(Int64.self) { Float($0) }
        case .byte: values(UInt8.self) { Float($0) }
        }
    }

    var samples: [[Float]] { (0..<count).map(sample) }

    var set: SampleSet { SampleSet(samples, sampleShape: [width]) }
}
