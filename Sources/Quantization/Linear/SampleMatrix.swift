// SPDX-License-Identifier: Apache-2.0

/// A tensor of many samples: element i of sample n is at i * samples + n, so that sums over elements run along samples.
package struct SampleMatrix: Sendable, Equatable {
    /// Elements of a sample.
    package let count: Int
    package let samples: Int
    package var values: [Double]

    package init(count: Int, samples: Int, values: [Double]) {
        self.count = count
        self.samples = samples
        self.values = values
    }

    package init(count: Int, samples: Int) {
        self.init(
            count: count, samples: samples, values: [Double](repeating: 0, count: count * samples))
    }

    /// From samples one after another.
    package init(_ samples: [[Float]], count: Int) {
        self.init(count: count, samples: samples.count)
        for (n, sample) in samples.enumerated() {
            for i in 0..<count { values[i * samples.count + n] = Double(sample[i]) }
        }
    }

    package func range(ofElement index: Int) -> Range<Int> {
        index * samples..<(index + 1) * samples
    }

    /// Whether any element differs between samples.
    var varies: Bool {
        (0..<count).contains { element in
            let range = range(ofElement: element)
            return range.contains { values[$0] != values[range.lowerBound] }
        }
    }

    /// The elements of one sample.
    package func sample(_ n: Int) -> [Double] { (0..<count).map { values[$0 * samples + n] } }

    /// Each value made anew from its element's index and itself.
    package func mapped(_ transform: (_ element: Int, _ value: Double) -> Double) -> SampleMatrix {
        var result = self
        result.values.withUnsafeMutableBufferPointer { pointer in
            for element in 0..<count {
                for n in range(ofElement: element) { pointer[n] = transform(element, pointer[n]) }
            }
        }
        return result
    }

    /// Each element plus a constant of its own, in place.
    mutating func add(_ constants: [Double]) {
        let samples = samples
        values.withUnsafeMutableBufferPointer { values in
            for (element, constant) in constants.enumerated() where constant != 0 {
                for n in element * samples..<(element + 1) * samples { values[n] += constant }
            }
        }
    }

    /// Element by element.
    package static func * (left: SampleMatrix, right: SampleMatrix) -> SampleMatrix {
        let count = left.values.count
        let values = [Double](unsafeUninitializedCapacity: count) { out, written in
            left.values.withUnsafeBufferPointer { a in
                right.values.withUnsafeBufferPointer { b in
                    for index in 0..<count { out[index] = a[index] * b[index] }
                }
            }
            written = count
        }
        return SampleMatrix(count: left.count, samples: left.samples, values: values)
    }

    /// The root of the mean of the squares; 0 of nothing.
    package var rootMeanSquare: Double {
        guard !values.isEmpty else { return 0 }
        return (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    }

    /// The standard deviation of each element over the samples, as a root of the mean of their squares over the
    /// elements.
    package var deviation: Double {
        guard samples > 0, count > 0 else { return 0 }
        var sum = 0.0
        for element in 0..<count {
            let part = values[range(ofElement: element)]
            let mean = part.reduce(0, +) / Double(samples)
            sum += part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
        return (sum / Double(values.count)).squareRoot()
    }

    /// The same for each element by itself, the largest of all: one of small values beside large ones counts as much.
    /// One that doesn't vary is measured by its magnitude.
    package func largestRelativeError(
        from reference: SampleMatrix, elements: [Int]
    ) -> Double {
        worst(against: reference, elements: elements)?.error ?? 0
    }

    /// The element whose error is the largest, and that error; nil of none.
    package func worst(
        against reference: SampleMatrix, elements: [Int]
    ) -> (element: Int, error: Double)? {
        var worst: (element: Int, error: Double)?
        for element in elements {
            let range = range(ofElement: element)
            let part = reference.values[range]
            let mean = part.reduce(0, +) / Double(samples)
            let variance = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let magnitude = part.reduce(0) { $0 + $1 * $1 }
            let squares = range.reduce(0) { sum, index in
                let difference = values[index] - reference.values[index]
                return sum + difference * difference
            }
            // Of an element that is always zero any difference counts in units.
            let unit =
                variance > 1e-12 * magnitude
                ? variance : magnitude > 0 ? magnitude : Double(samples)
            let error = (squares / unit).squareRoot()
            if worst.map({ error > $0.error || error.isNaN }) ?? true { worst = (element, error) }
        }
        return worst
    }

    /// Whether elements vary by about as much: scores of classes do, quantities in units of their own need not.
    package var areAlike: Bool {
        let deviations = (0..<count).map { elements([$0]).deviation }.filter { $0 > 0 }
        guard let largest = deviations.max(), let smallest = deviations.min() else { return true }
        return smallest * 64 >= largest
    }

    /// Some of the elements.
    package func elements(_ chosen: [Int]) -> SampleMatrix {
        guard chosen.count < count else { return self }
        var result = SampleMatrix(count: chosen.count, samples: samples)
        result.values = chosen.flatMap { values[range(ofElement: $0)] }
        return result
    }

    /// The root of the mean square of the differences, by the deviation of the reference (or its magnitude, where it
    /// doesn't vary).
    package func relativeError(from reference: SampleMatrix) -> Double {
        guard !values.isEmpty else { return 0 }
        var sum = 0.0
        for index in values.indices {
            let difference = values[index] - reference.values[index]
            sum += difference * difference
        }
        let error = (sum / Double(values.count)).squareRoot()
        guard error != 0 else { return 0 }
        let deviation = reference.deviation
        let size = deviation > 0 ? deviation : reference.rootMeanSquare
        return size > 0 ? error / size : .infinity
    }
}
