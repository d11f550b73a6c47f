import BigIntegers

/// The plaintext integer network: what every encrypted result must equal, exact at any size.
///
/// Layers whose values provably fit Int64 for every input of the box run in machine integers; from the first that may
/// not fit, everything is BigInt.
public struct IntegerReference: Sendable {
    public let network: IntegerNetwork
    /// The number of leading layers that Int64 arithmetic is proven safe for.
    public let machineLayersCount: Int

    private let machineLayers: [MachineLayer]

    /// Prepares the layers: once for many samples.
    public init(_ network: IntegerNetwork) {
        self.network = network
        machineLayersCount = MachineBound.safeLayersCount(of: network)
        machineLayers = network.layers.prefix(machineLayersCount).map(MachineLayer.init)
    }

    /// Output integers of one sample.
    ///
    /// - Parameter input: `network.inputCount` integers in the box.
    /// - Throws: `NetworkError.wrongCount` or `.outsideBox`.
    public func logits(_ input: [Int]) throws(NetworkError) -> [BigInt] {
        try check(input)
        var machine = input.map(Int64.init)
        for layer in machineLayers { machine = layer.apply(machine) }
        var values = machine.map { BigInt($0) }
        for layer in network.layers.dropFirst(machineLayersCount) {
            values = Self.apply(layer, to: values)
        }
        return values
    }

    /// Output integers of one sample; prepares the network anew each time.
    public static func logits(
        _ network: IntegerNetwork, input: [Int]
    ) throws(NetworkError) -> [BigInt] {
        try IntegerReference(network).logits(input)
    }

    /// The values after each layer, all computed with BigInt: the slow form that the fast one is tested against.
    public func layerValues(_ input: [Int]) throws(NetworkError) -> [[BigInt]] {
        try check(input)
        var values = input.map { BigInt($0) }
        var all: [[BigInt]] = []
        for layer in network.layers {
            values = Self.apply(layer, to: values)
            all.append(values)
        }
        return all
    }

    private func check(_ input: [Int]) throws(NetworkError) {
        guard input.count == network.inputCount else {
            throw .wrongCount(of: "the input", expected: network.inputCount, found: input.count)
        }
        let range = network.input.range
        for (index, value) in input.enumerated() where !range.contains(value) {
            throw .outsideBox(index: index, value: value, range: range)
        }
    }

    private static func apply(_ layer: Layer, to input: [BigInt]) -> [BigInt] {
        switch layer {
        case .square: return input.map { $0 * $0 }
        case .dense(let dense):
            return (0..<dense.outputs).map { output in
                var sum = BigInt(dense.bias[output])
                for (index, value) in input.enumerated() {
                    let weight = dense.weight(output: output, input: index)
                    if weight != 0 { sum += BigInt(weight) * value }
                }
                return sum
            }
        case .convolution(let convolution):
            return (0..<convolution.outputShape.count).map { output in
                let (map, position) = output.quotientAndRemainder(
                    dividingBy: convolution.positionsCount)
                var sum = BigInt(convolution.bias[map])
                for tap in 0..<convolution.tapsCount {
                    let weight = convolution.weight(map: map, tap: tap)
                    guard weight != 0,
                        let index = convolution.inputIndex(tap: tap, position: position)
                    else { continue }
                    sum += BigInt(weight) * input[index]
                }
                return sum
            }
        }
    }
}
