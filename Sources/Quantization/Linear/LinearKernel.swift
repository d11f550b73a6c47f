// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// Affine maps of batches and of ranges, in Double: exact for integers as long as sums stay below 2^53.
enum LinearKernel {
    /// Sum of the maps of their sources, plus the bias.
    ///
    /// - Parameter bias: one an element.
    static func apply(_ maps: [LinearMap], to sources: [SampleMatrix], bias: [Double])
        -> SampleMatrix
    {
        let samples = sources[0].samples
        var result = SampleMatrix(count: bias.count, samples: samples)
        let indices = maps.map { map -> [Int32] in
            if case .convolution(let convolution) = map { convolution.gatherIndices() } else { [] }
        }
        let chunk = max(1, min(256, bias.count / 8))
        let chunks = (bias.count + chunk - 1) / chunk
        result.values.withUnsafeMutableBufferPointer { buffer in
            nonisolated(unsafe) let output = buffer
            DispatchQueue.concurrentPerform(iterations: chunks) { part in
                for row in part * chunk..<min(bias.count, (part + 1) * chunk) {
                    let target = UnsafeMutableBufferPointer(
                        rebasing: output[row * samples..<(row + 1) * samples])
                    target.update(repeating: bias[row])
                    for (index, map) in maps.enumerated() {
                        add(map, row: row, of: sources[index], indices: indices[index], to: target)
                    }
                }
            }
        }
        return result
    }

    private static func add(
        _ map: LinearMap, row: Int, of source: SampleMatrix, indices: [Int32],
        to target: UnsafeMutableBufferPointer<Double>
    ) {
        source.values.withUnsafeBufferPointer { values in
            func accumulate(_ column: Int, _ weight: Double) {
                let start = values.baseAddress! + column * source.samples
                for n in 0..<target.count { target[n] += weight * start[n] }
            }
            guard !target.isEmpty else { return }
            switch map {
            case .identity: accumulate(row, 1)
            case .matrix(let matrix):
                for entry in matrix.entries(ofRow: row) {
                    accumulate(Int(matrix.columnIndices[entry]), matrix.weights[entry])
                }
            case .convolution(let convolution):
                let (taps, positions) = (convolution.tapsCount, convolution.positionsCount)
                let (map, position) = row.quotientAndRemainder(dividingBy: positions)
                for tap in 0..<taps {
                    let column = indices[tap * positions + position]
                    let weight = convolution.weights[map * taps + tap]
                    if column >= 0, weight != 0 { accumulate(Int(column), weight) }
                }
            }
        }
    }

    /// Interval arithmetic: what the sum can be for sources in their ranges.
    static func bounds(
        _ maps: [LinearMap], of sources: [ElementRanges], bias: [Double]
    ) -> ElementRanges {
        var result = ElementRanges(lower: bias, upper: bias)
        for (map, source) in zip(maps, sources) {
            func add(_ row: Int, _ column: Int, _ weight: Double) {
                let (low, high) = (source.lower[column] * weight, source.upper[column] * weight)
                result.lower[row] += min(low, high)
                result.upper[row] += max(low, high)
            }
            switch map {
            case .identity(let count): for row in 0..<count { add(row, row, 1) }
            case .matrix(let matrix):
                for row in 0..<matrix.rows {
                    for entry in matrix.entries(ofRow: row) {
                        add(row, Int(matrix.columnIndices[entry]), matrix.weights[entry])
                    }
                }
            case .convolution(let convolution):
                let indices = convolution.gatherIndices()
                let (taps, positions) = (convolution.tapsCount, convolution.positionsCount)
                for row in 0..<convolution.output.count {
                    let (map, position) = row.quotientAndRemainder(dividingBy: positions)
                    for tap in 0..<taps {
                        let column = indices[tap * positions + position]
                        if column >= 0 {
                            add(row, Int(column), convolution.weights[map * taps + tap])
                        }
                    }
                }
            }
        }
        return result
    }
}
