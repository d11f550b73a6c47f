// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// A model as affine maps, products and activations of reals: what is left of a graph when all that is linear has been
/// composed. The input is value 0, the result of node i value i + 1.
package struct RealNetwork: Sendable {
    package enum Operation: Sendable {
        case affine(RealAffine)
        /// Of two values, element by element.
        case product
        case activation(ScalarExpression)
        case polynomial(ChannelPolynomials)
        /// Of bits, which leaf of each tree they lead to.
        case forest(Forest)
    }

    package struct Node: Sendable {
        /// Of the ONNX node that it stands for.
        package var name: String
        /// Names of the ONNX nodes that were folded into it.
        package var folded: [String]
        package var operation: Operation
        package var sources: [Int]
        /// Sizes of the result, without the batch.
        package var shape: [Int]

        package var count: Int { shape.reduce(1, *) }

        var isActivation: Bool { if case .activation = operation { true } else { false } }
    }

    /// A quantization of the input that the model prescribes.
    package struct FixedInput: Sendable, Equatable {
        package let scale: Float
        package let zeroPoint: Int
        /// Codes less the zero point.
        package let range: ClosedRange<Int>

        package init(scale: Float, zeroPoint: Int, range: ClosedRange<Int>) {
            self.scale = scale
            self.zeroPoint = zeroPoint
            self.range = range
        }
    }

    package let inputShape: [Int]
    /// Of features, what they can be at all; empty where nothing is known.
    var inputRanges: [ClosedRange<Float>?] = []
    package var nodes: [Node]
    /// The value that holds the outputs.
    package var output: Int
    package var normalization: Normalization?
    package var fixedInput: FixedInput?
    /// What the model clips its input to.
    package var clip: ClosedRange<Double>?
    package var decision: Decision
    package var transform: OutputTransform
    /// What the client makes of the outputs, where decision and transform don't say all of it.
    package var program: OutputProgram?
    package var labels: [String]
    /// What was changed on the way, for the report.
    package var folded: [String] = []
    package var dropped: [String] = []

    /// The network of a graph.
    ///
    /// - Throws: `QuantizationError` naming the first node that cannot be taken and the nearest change that would work.
    package init(_ graph: TensorGraph) throws(QuantizationError) {
        self = try RealNetworkBuilder.build(graph)
    }

    init(
        inputShape: [Int], decision: Decision, transform: OutputTransform, labels: [String]
    ) {
        self.inputShape = inputShape
        nodes = []
        output = 0
        self.decision = decision
        self.transform = transform
        self.labels = labels
    }

    package var inputCount: Int { inputShape.reduce(1, *) }

    package func shape(of value: Int) -> [Int] { value == 0 ? inputShape : nodes[value - 1].shape }

    package func count(of value: Int) -> Int { shape(of: value).reduce(1, *) }

    /// Channels of a value: the first of its sizes.
    package func channels(of value: Int) -> Int { shape(of: value)[0] }

    /// Multiplications of all maps.
    package var entriesCount: Int {
        nodes.reduce(0) { sum, node in
            guard case .affine(let affine) = node.operation else { return sum }
            return sum + affine.maps.reduce(0) { $0 + min($1.entriesCount, 1 << 40) }
        }
    }

    /// Multiplications that evaluating integers of it on samples takes, and making them: about 512 a number stored.
    func work(samples: Int) -> Int {
        let elements = nodes.reduce(inputCount) { $0 + $1.count }
        let stored = nodes.reduce(0) { sum, node in
            guard case .affine(let affine) = node.operation else { return sum }
            return sum + affine.maps.reduce(0) { $0 + $1.storedCount }
        }
        return (entriesCount + 4 * elements) * (samples + 4) + 512 * stored
    }

    /// Nodes that read a value, in order.
    package func readers(of value: Int) -> [Int] {
        nodes.indices.filter { nodes[$0].sources.contains(value) }
    }

    /// The results of all nodes, the input first.
    package func evaluate(_ input: SampleMatrix) -> [SampleMatrix] {
        var values = [input]
        for node in nodes { values.append(Self.apply(node, to: node.sources.map { values[$0] })) }
        return values
    }

    static func apply(_ node: Node, to sources: [SampleMatrix]) -> SampleMatrix {
        switch node.operation {
        case .affine(let affine):
            LinearKernel.apply(affine.maps, to: sources, bias: affine.bias)
        case .product: sources[0] * sources[1]
        case .activation(let expression): sources[0].mapped { expression($1) }
        case .polynomial(let polynomials): polynomials.apply(to: sources[0])
        case .forest(let forest): forest.apply(to: sources[0])
        }
    }

    /// What the model makes of a sample before anything else: normalized, clipped, in Float as the client does it.
    package func prepare(_ sample: [Float]) -> [Float] {
        var sample = normalization?.apply(sample) ?? sample
        if let clip {
            sample = sample.map { Float(min(max(Double($0), clip.lowerBound), clip.upperBound)) }
        }
        return sample
    }
}
