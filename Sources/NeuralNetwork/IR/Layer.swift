/// One step of an integer network.
public enum Layer: Sendable, Equatable {
    case convolution(Convolution)
    case dense(Dense)
    /// Each of `count` values times itself.
    case square(count: Int)

    /// Number of integers that go in.
    public var inputCount: Int {
        switch self {
        case .convolution(let convolution): convolution.inputShape.count
        case .dense(let dense): dense.inputs
        case .square(let count): count
        }
    }

    /// Number of integers that come out.
    public var outputCount: Int {
        switch self {
        case .convolution(let convolution): convolution.outputShape.count
        case .dense(let dense): dense.outputs
        case .square(let count): count
        }
    }

    /// The matrix of a linear layer, outputs by inputs; nil for a square.
    public func matrix() -> SparseIntegerMatrix? {
        switch self {
        case .convolution(let convolution): convolution.matrix()
        case .dense(let dense): dense.matrix()
        case .square: nil
        }
    }

    /// The bias of every output of a linear layer (a convolution's repeats over positions); nil for a square.
    public var biasVector: [Int64]? {
        switch self {
        case .convolution(let convolution):
            convolution.bias.flatMap { Array(repeating: $0, count: convolution.positionsCount) }
        case .dense(let dense): dense.bias
        case .square: nil
        }
    }

    /// Short text such as "conv 5x5/2, 1x28x28 -> 16x13x13".
    public var summary: String {
        switch self {
        case .convolution(let c):
            "conv \(c.kernel.height)x\(c.kernel.width)/\(c.strides.height), "
                + "\(Self.text(c.inputShape)) -> \(Self.text(c.outputShape))"
        case .dense(let d): "dense \(d.inputs) -> \(d.outputs)"
        case .square(let count): "square \(count)"
        }
    }

    private static func text(_ shape: ImageShape) -> String {
        "\(shape.channels)x\(shape.height)x\(shape.width)"
    }
}
