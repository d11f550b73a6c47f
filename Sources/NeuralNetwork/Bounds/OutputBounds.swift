import BigIntegers

/// A certificate: for every input of the box, every output integer lies in its range. docs: the proofs stand at each method.
public struct OutputBounds: Sendable, Equatable {
    /// What was found for the outputs of a layer.
    public struct LayerReport: Sendable, Equatable {
        /// Such as "dense 2704 -> 100".
        public let layer: String
        /// Largest magnitude that any output can have, by the tightest bounds.
        public let magnitude: BigInt
        /// Number of range ends (two an output) that each method gave first; methods that gave none are absent.
        public let ends: [BoundMethod: Int]
    }

    /// Lowest and highest integer of each output.
    public let outputs: [ClosedRange<BigInt>]
    public let layers: [LayerReport]

    /// Largest magnitude that any output can have.
    public var magnitude: BigInt { Self.magnitude(of: outputs) }

    /// Proves bounds on the outputs for every input in the network's box.
    ///
    /// - Parameter methods: those to use besides interval arithmetic, which always runs.
    public static func certify(
        _ network: IntegerNetwork, methods: Set<BoundMethod> = Set(BoundMethod.allCases)
    ) -> OutputBounds {
        let box = BigInt(network.input.range.lowerBound)...BigInt(network.input.range.upperBound)
        var values = Array(repeating: box, count: network.inputCount)
        var hidden = values
        var reports: [LayerReport] = []
        let prefix =
            methods.isDisjoint(with: [.rowSums, .semidefinite, .joint])
            ? nil : QuadraticPrefix(network)
        for (index, layer) in network.layers.enumerated() {
            var refined = RefinedRanges(IntervalPropagation.apply(layer, to: values))
            if let prefix, index == 2 { prefix.refine(&refined, methods: methods) }
            if let prefix, index == 4, methods.contains(.joint),
                case .square = network.layers[3]
            {
                JointBound(prefix: prefix, hidden: hidden).refine(&refined, layer: layer)
            }
            values = refined.ranges
            if index == 2 { hidden = values }
            reports.append(
                LayerReport(
                    layer: layer.summary, magnitude: magnitude(of: values), ends: refined.ends))
        }
        return OutputBounds(outputs: values, layers: reports)
    }

    static func magnitude(of ranges: [ClosedRange<BigInt>]) -> BigInt {
        ranges.reduce(BigInt(0)) {
            max($0, max($1.lowerBound.magnitude, $1.upperBound.magnitude))
        }
    }
}
