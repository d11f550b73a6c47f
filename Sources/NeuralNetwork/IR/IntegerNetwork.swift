/// A quantized network: a polynomial with integer coefficients in integer inputs. Accumulators are never rescaled.
public struct IntegerNetwork: Sendable, Equatable {
    /// Largest number of elements of any tensor of a network.
    public static let maximumElements = 1 << 24
    /// Largest number of layers.
    public static let maximumLayers = 64

    public let input: InputSpecification
    public let layers: [Layer]
    /// Real value of one unit of an output: logit = integer * outputScale.
    public let outputScale: Double
    /// A name for each output.
    public let labels: [String]

    /// - Throws: `NetworkError` when there is no layer, a layer's inputs are not as many as the outputs before it,
    ///   the labels are not as many as the outputs, or the scale is not a positive number.
    public init(
        input: InputSpecification, layers: [Layer], outputScale: Double, labels: [String]
    ) throws(NetworkError) {
        guard let last = layers.last else { throw .invalidShape("a network without layers") }
        guard layers.count <= Self.maximumLayers else {
            throw .invalidShape("\(layers.count) layers; at most \(Self.maximumLayers)")
        }
        var count = input.count
        for (index, layer) in layers.enumerated() {
            guard layer.inputCount == count, count > 0 else {
                throw .invalidShape(
                    "layer \(index) (\(layer.summary)) reads \(layer.inputCount) values and is given \(count)"
                )
            }
            count = layer.outputCount
        }
        guard labels.count == last.outputCount else {
            throw .wrongCount(of: "labels", expected: last.outputCount, found: labels.count)
        }
        guard outputScale.isNormal, outputScale > 0 else {
            throw .invalidQuantization("the output's scale \(outputScale) is not a positive number")
        }
        self.input = input
        self.layers = layers
        self.outputScale = outputScale
        self.labels = labels
    }

    public var inputCount: Int { input.count }
    public var outputCount: Int { labels.count }

    /// "0" up to "count - 1": the labels of a network that names none.
    public static func defaultLabels(_ count: Int) -> [String] { (0..<count).map(String.init) }
}
