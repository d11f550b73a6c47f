// SPDX-License-Identifier: Apache-2.0

/// Samples of one shape, as read from a file.
public struct SampleSet: Sendable, Equatable {
    enum Values: Sendable, Equatable {
        case bytes([UInt8])
        case floats([Float])

        var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .floats(let floats): floats.count
            }
        }

        /// Values whose first index changes fastest, put so that the last one does.
        func rowMajor(of sizes: [Int]) -> Values {
            switch self {
            case .bytes(let bytes): .bytes(Self.rowMajor(bytes, sizes))
            case .floats(let floats): .floats(Self.rowMajor(floats, sizes))
            }
        }

        private static func rowMajor<Element>(_ values: [Element], _ sizes: [Int]) -> [Element] {
            var strides = [1]
            for size in sizes.dropLast() { strides.append(strides.last! * size) }
            var index = Array(repeating: 0, count: sizes.count)
            var source = 0
            var result: [Element] = []
            result.reserveCapacity(values.count)
            for _ in values.indices {
                result.append(values[source])
                // The next index: the last place counts, and carries.
                for axis in sizes.indices.reversed() {
                    index[axis] += 1
                    source += strides[axis]
                    guard index[axis] == sizes[axis] else { break }
                    source -= sizes[axis] * strides[axis]
                    index[axis] = 0
                }
            }
            return result
        }
    }

    /// Number of samples.
    public let count: Int
    /// Sizes of one sample as the file has them: [28, 28] for MNIST's images, [columns] for a CSV file.
    package let sampleShape: [Int]
    let values: Values
    /// Of each row of a CSV file, its line.
    package private(set) var lines: [Int] = []
    /// Of each row of a CSV file that was read with such a column.
    package private(set) var identifiers: [String] = []
    /// Rows of a CSV file that couldn't be read, and why; their values are NaN.
    package private(set) var faults: [Int: SampleError] = [:]

    init(count: Int, sampleShape: [Int], values: Values) {
        precondition(values.count == count * sampleShape.reduce(1, *))
        self.count = count
        self.sampleShape = sampleShape
        self.values = values
    }

    /// From samples in memory.
    /// - Parameters:
    ///   - samples: row-major, all of as many values as `sampleShape` says.
    ///   - sampleShape: sizes of one sample.
    public init(_ samples: [[Float]], sampleShape: [Int]) {
        self.init(
            count: samples.count, sampleShape: sampleShape, values: .floats(samples.flatMap { $0 }))
    }

    func with(_ rows: CSVRows) -> SampleSet {
        var out = self
        out.lines = rows.lines
        out.identifiers = rows.identifiers
        out.faults = rows.faults
        return out
    }

    /// Some of the samples, in this order.
    /// - Parameter places: each in 0..<count.
    package func samples(at places: [Int]) -> SampleSet {
        let chosen: Values
        switch values {
        case .bytes(let bytes):
            chosen = .bytes(
                places.flatMap { bytes[$0 * sampleCount..<($0 + 1) * sampleCount] })
        case .floats(let floats):
            chosen = .floats(
                places.flatMap { floats[$0 * sampleCount..<($0 + 1) * sampleCount] })
        }
        var out = SampleSet(count: places.count, sampleShape: sampleShape, values: chosen)
        if !lines.isEmpty { out.lines = places.map { lines[$0] } }
        if !identifiers.isEmpty { out.identifiers = places.map { identifiers[$0] } }
        for (index, place) in places.enumerated() { out.faults[index] = faults[place] }
        return out
    }

    /// Values in one sample.
    package var sampleCount: Int { sampleShape.reduce(1, *) }

    /// The values of a sample, row-major; integers as they are (a pixel is 0...255), doubles and wide integers rounded.
    ///
    /// - Parameter index: in 0..<count.
    public func sample(at index: Int) -> [Float] {
        precondition(index >= 0 && index < count, "sample \(index) of \(count)")
        let range = index * sampleCount..<(index + 1) * sampleCount
        switch values {
        case .bytes(let bytes): return bytes[range].map { Float($0) }
        case .floats(let floats): return Array(floats[range])
        }
    }
}
