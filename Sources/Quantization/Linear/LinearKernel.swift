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
        let indices = maps.map { map -> [Int32] in
            if case .convolution(let convolution) = map { convolution.gatherIndices() } else { [] }
        }
        let chunk = max(1, min(256, bias.count / 8))
        let chunks = (bias.count + chunk - 1) / chunk
        let values = [Double](unsafeUninitializedCapacity: bias.count * samples) {
            buffer, written in
            nonisolated(unsafe) let output = buffer
            DispatchQueue.concurrentPerform(iterations: chunks) { part in
                let rows = part * chunk..<min(bias.count, (part + 1) * chunk)
                for row in rows {
                    output[row * samples..<(row + 1) * samples].initialize(repeating: bias[row])
                }
                guard samples > 0 else { return }
                for (index, map) in maps.enumerated() {
                    add(map, rows, of: sources[index], indices: indices[index], to: output)
                }
            }
            written = bias.count * samples
        }
        return SampleMatrix(count: bias.count, samples: samples, values: values)
    }

    /// Adds what a map makes of its source to some of its rows.
    private static func add(
        _ map: LinearMap, _ rows: Range<Int>, of source: SampleMatrix, indices: [Int32],
        to output: UnsafeMutableBufferPointer<Double>
    ) {
        let samples = source.samples
        source.values.withUnsafeBufferPointer { values in
            func vector(_ column: Int) -> UnsafePointer<Double> {
                values.baseAddress! + column * samples
            }
            func target(_ row: Int) -> UnsafeMutablePointer<Double> {
                output.baseAddress! + row * samples
            }
            switch map {
            case .identity:
                for row in rows {
                    SampleKernel.add(vector(row), times: 1, to: target(row), count: samples)
                }
            case .matrix(let matrix):
                var row = rows.lowerBound
                while row < rows.upperBound {
                    if row + 4 <= rows.upperBound, matrix.hasEqualColumns(row..<row + 4) {
                        addTile(matrix, row, vector, to: target(row), samples: samples)
                        row += 4
                        continue
                    }
                    for entry in matrix.entries(ofRow: row) where matrix.weights[entry] != 0 {
                        SampleKernel.add(
                            vector(Int(matrix.columnIndices[entry])), times: matrix.weights[entry],
                            to: target(row), count: samples)
                    }
                    row += 1
                }
            case .convolution(let convolution):
                let (taps, positions) = (convolution.tapsCount, convolution.positionsCount)
                var row = rows.lowerBound
                while row < rows.upperBound {
                    // As many rows as are of one map: tap by tap, neighbours read neighbours.
                    let (map, position) = row.quotientAndRemainder(dividingBy: positions)
                    let count = min(rows.upperBound - row, positions - position)
                    for tap in 0..<taps {
                        let weight = convolution.weights[map * taps + tap]
                        guard weight != 0 else { continue }
                        let start = tap * positions + position
                        for next in 0..<count where indices[start + next] >= 0 {
                            SampleKernel.add(
                                vector(Int(indices[start + next])), times: weight,
                                to: target(row + next), count: samples)
                        }
                    }
                    row += count
                }
            }
        }
    }

    /// Four rows of equal columns, four columns at a time.
    private static func addTile(
        _ matrix: RealMatrix, _ row: Int, _ vector: (Int) -> UnsafePointer<Double>,
        to target: UnsafeMutablePointer<Double>, samples: Int
    ) {
        let starts = (0..<4).map { matrix.entries(ofRow: row + $0).lowerBound }
        let count = matrix.entries(ofRow: row).count
        let whole = count & ~3
        for k in stride(from: 0, to: whole, by: 4) {
            let columns = (0..<4).map { vector(Int(matrix.columnIndices[starts[0] + k + $0])) }
            SampleKernel.addTile(
                (columns[0], columns[1], columns[2], columns[3]), to: target, count: samples
            ) { r, c in matrix.weights[starts[r] + k + c] }
        }
        for k in whole..<count {
            for r in 0..<4 {
                SampleKernel.add(
                    vector(Int(matrix.columnIndices[starts[r] + k])),
                    times: matrix.weights[starts[r] + k], to: target + r * samples, count: samples)
            }
        }
    }

    /// Interval arithmetic: what the sum can be for sources in their ranges.
    static func bounds(
        _ maps: [LinearMap], of sources: [ElementRanges], bias: [Double]
    ) -> ElementRanges {
        var result = ElementRanges(lower: bias, upper: bias)
        result.lower.withUnsafeMutableBufferPointer { lower in
            result.upper.withUnsafeMutableBufferPointer { upper in
                for (map, source) in zip(maps, sources) {
                    source.lower.withUnsafeBufferPointer { low in
                        source.upper.withUnsafeBufferPointer { high in
                            add(map, (low, high), to: (lower, upper))
                        }
                    }
                }
            }
        }
        return result
    }

    /// The ends of ranges.
    private typealias Ends<Buffer> = (lower: Buffer, upper: Buffer)

    private static func add(
        _ map: LinearMap, _ source: Ends<UnsafeBufferPointer<Double>>,
        to result: Ends<UnsafeMutableBufferPointer<Double>>
    ) {
        @inline(__always)
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
            let (taps, positions) = (convolution.tapsCount, convolution.positionsCount)
            convolution.gatherIndices().withUnsafeBufferPointer { indices in
                for (place, weight) in convolution.weights.enumerated() {
                    let (map, tap) = place.quotientAndRemainder(dividingBy: taps)
                    for position in 0..<positions {
                        let column = Int(indices[tap * positions + position])
                        if column >= 0 { add(map * positions + position, column, weight) }
                    }
                }
            }
        }
    }
}
