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
    }

    /// Number of samples.
    public let count: Int
    /// Sizes of one sample as the file has them: [28, 28] for MNIST's images, [columns] for a CSV file.
    package let sampleShape: [Int]
    let values: Values

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
