// SPDX-License-Identifier: Apache-2.0

import Quantization
import Samples
import TensorGraphs
import TestSupport
import Testing

/// What is found doesn't depend on how a search goes about it.
@Suite struct SearchWorkTests {
    /// Two dense layers with a square between them.
    private static func graph() -> TensorGraph {
        let builder = TensorGraphBuilder(input: [6])
        var value = builder.dense(
            0, weights: (0..<54).map { Float($0 * 37 % 101) / 50 - 1 }, outputs: 9)
        value = builder.multiply(value, value)
        value = builder.dense(
            value, weights: (0..<27).map { Float($0 * 53 % 97) / 48 - 1 }, outputs: 3)
        return builder.graph([value])
    }

    private static let samples = SampleSet(
        (0..<50).map { n in (0..<6).map { Float((n * 7 + $0 * 13) % 29) / 14 - 1 } },
        sampleShape: [6])

    /// Of networks that are equally good the same is taken, whatever was asked for before.
    @Test func resultsDontDependOnTheirHistory() throws {
        let quantizer = try Quantizer(graph: Self.graph(), calibration: Self.samples)
        let first = try quantizer.quantize()
        _ = try quantizer.quantize(rangeBudget: first.report.rangeBits - 4)
        let (again, other) = (
            try quantizer.quantize(),
            try Quantizer(graph: Self.graph(), calibration: Self.samples).quantize()
        )
        #expect(again.network == first.network && again.report.frontier == first.report.frontier)
        #expect(other.network == first.network)
    }

    /// Rows are summed in fours, and columns and samples: every sum is what its terms give one after another, to the bit.
    /// Every fifth weight is left out where zeros are asked for.
    @Test(
        arguments: [(1, 1, 1), (4, 4, 4), (7, 6, 5), (9, 11, 8), (40, 5, 3), (5, 3, 7)],
        [false, true])
    func sums(size: (rows: Int, columns: Int, samples: Int), zeros: Bool) throws {
        let (rows, columns, count) = size
        func number(_ i: Int) -> Float { Float((i * 7919) % 1021) / 510 - 1 }
        let builder = TensorGraphBuilder(input: [columns])
        let weights = (0..<rows * columns).map { zeros && $0 % 5 == 3 ? 0 : number($0 + 3) }
        let bias = (0..<rows).map { number($0 + 11) }
        let graph = builder.graph([
            builder.dense(0, weights: weights, bias: bias, outputs: rows)
        ])
        let network = try RealNetwork(graph)
        let samples = (0..<count).map { n in (0..<columns).map { number(n * columns + $0) } }
        let values = network.evaluate(SampleMatrix(samples, count: columns))[network.output]
        for (n, sample) in samples.enumerated() {
            let expected = (0..<rows).map { row in
                (0..<columns).reduce(Double(bias[row])) {
                    $0 + Double(weights[$1 * rows + row]) * Double(sample[$1])
                }
            }
            #expect(values.sample(n) == expected, "sample \(n)")
        }
    }
}
