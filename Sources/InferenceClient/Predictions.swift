// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// The predictions of a request, in the order of its samples. Each is read when it is asked for.
public struct Predictions: RandomAccessCollection, Sendable {
    private let reading: OutputReading
    private let groups: [GroupOutputs]
    /// Samples of each group but the last.
    private let capacity: Int
    public let endIndex: Int

    package init(_ groups: [GroupOutputs], reading: OutputReading) {
        self.reading = reading
        self.groups = groups
        capacity = groups.first?.sampleCount ?? 1
        endIndex = groups.reduce(0) { $0 + $1.sampleCount }
    }

    /// Of the groups of one request, one after another.
    /// - Parameter parts: of the same plan, one or more; all but the last are of full groups.
    package init(joining parts: [Predictions]) {
        self.init(parts.flatMap(\.groups), reading: parts[0].reading)
    }

    public var startIndex: Int { 0 }

    public subscript(sample: Int) -> Prediction {
        let (group, index) = sample.quotientAndRemainder(dividingBy: capacity)
        return reading.prediction(
            groups[group].logits(of: index), noiseMarginBits: groups[group].noiseMarginBits)
    }

    /// The integer outputs of a sample, exact.
    package func logits(of sample: Int) -> [BigInt] {
        let (group, index) = sample.quotientAndRemainder(dividingBy: capacity)
        return groups[group].logits(of: index)
    }

    /// The same where they fit machine words; else nil. Cheaper than `logits(of:)`.
    package func words(of sample: Int) -> [Int64]? {
        let (group, index) = sample.quotientAndRemainder(dividingBy: capacity)
        return groups[group].words(of: index).map(Array.init)
    }

    /// The bits that noise had left, over all groups. A fact about the secret key: not for the server.
    package var noiseMarginBits: Double { groups.map(\.noiseMarginBits).min() ?? .infinity }
}
