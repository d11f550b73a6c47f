// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import Testing

/// Networks that look like linear, square, dense, square, dense but aren't.
@Suite struct OutputBoundsChainTests {
    @Test(arguments: [0...7, 1...7])
    func denseInThePlaceOfTheSecondSquare(box: ClosedRange<Int>) throws {
        func dense(_ weight: Int64) throws -> IntegerNetwork.Layer {
            .dense(try Dense(weights: [weight], bias: [0], inputs: 1, outputs: 1))
        }
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [1], range: box, scale: 1),
            layers: [dense(1), .square(count: 1), dense(1), dense(-1), dense(1)],
            outputScale: 1, labels: ["0"])
        let bounds = OutputBounds.certify(network).outputs[0]
        for x in box {
            #expect(bounds.contains(BigInt(-x * x)), "input \(x), bounds \(bounds)")
        }
    }
}
