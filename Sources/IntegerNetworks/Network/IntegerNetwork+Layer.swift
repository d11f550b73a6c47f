// SPDX-License-Identifier: Apache-2.0

extension IntegerNetwork {
    /// One step of an integer network.
    package enum Layer: Sendable, Equatable {
        case convolution(Convolution)
        case dense(Dense)
        case affine(Affine)
        /// Each of `count` values times itself.
        case square(count: Int)
        /// Two values, element by element.
        case product(count: Int)
        /// Of bits, which leaf of each tree they lead to.
        case forest(Forest)
        /// A function of each element, by its values.
        case table(LookupTables)

        /// How many values it reads; nil for any number.
        package var sourcesCount: Int? {
            switch self {
            case .convolution, .dense, .square, .forest, .table: 1
            case .affine: nil
            case .product: 2
            }
        }

        /// Whether it multiplies values, and so costs a level.
        package var isProduct: Bool {
            switch self {
            case .square, .product: true
            case .convolution, .dense, .affine, .forest, .table: false
            }
        }

        package var isTable: Bool { if case .table = self { true } else { false } }

        /// Products one after another that it takes.
        package var depth: Int {
            switch self {
            case .forest(let forest): forest.depth
            case .table(let tables): tables.depth
            case .square, .product: 1
            case .convolution, .dense, .affine: 0
            }
        }

        /// Number of integers that go in.
        package var inputCount: Int {
            switch self {
            case .convolution(let convolution): convolution.inputShape.count
            case .dense(let dense): dense.inputs
            case .affine(let affine): affine.matrix.columns
            case .square(let count): count
            case .product(let count): 2 * count
            case .forest(let forest): forest.conditionCount
            case .table(let tables): tables.count
            }
        }

        /// Number of integers that come out.
        package var outputCount: Int {
            switch self {
            case .convolution(let convolution): convolution.outputShape.count
            case .dense(let dense): dense.outputs
            case .affine(let affine): affine.matrix.rows
            case .square(let count), .product(let count): count
            case .forest(let forest): forest.leafCount
            case .table(let tables): tables.count
            }
        }

        /// Multiplications of one evaluation, those with padding included.
        package var multiplicationsCount: Int {
            switch self {
            case .convolution(let convolution):
                convolution.weights.count * convolution.positionsCount
            case .dense(let dense): dense.weights.count
            case .affine(let affine): affine.matrix.entriesCount
            case .square(let count), .product(let count): count
            case .forest(let forest): forest.splits.count
            case .table(let tables): tables.count
            }
        }

        /// The matrix of a linear layer, outputs by inputs; nil for a product.
        package func matrix(keepingZeros: Bool = false) -> SparseIntegerMatrix? {
            switch self {
            case .convolution(let convolution): convolution.matrix(keepingZeros: keepingZeros)
            case .dense(let dense): dense.matrix(keepingZeros: keepingZeros)
            case .affine(let affine): affine.matrix
            case .square, .product, .forest, .table: nil
            }
        }

        /// The bias of every output of a linear layer (a convolution's repeats over positions); nil for a product.
        package var biasVector: [Int64]? {
            switch self {
            case .convolution(let convolution):
                convolution.bias.flatMap { Array(repeating: $0, count: convolution.positionsCount) }
            case .dense(let dense): dense.bias
            case .affine(let affine): affine.bias
            case .square, .product, .forest, .table: nil
            }
        }

        /// Short text such as "conv 5x5/2, 1x28x28 -> 16x13x13".
        package var summary: String {
            switch self {
            case .convolution(let c):
                "conv \(c.kernel.height)x\(c.kernel.width)/\(c.strides.height), "
                    + "\(Self.text(c.inputShape)) -> \(Self.text(c.outputShape))"
            case .dense(let d): "dense \(d.inputs) -> \(d.outputs)"
            case .affine(let a): "affine \(a.matrix.columns) -> \(a.matrix.rows)"
            case .square(let count): "square \(count)"
            case .product(let count): "product \(count)"
            case .forest(let forest):
                "\(forest.roots.count) trees, \(forest.conditionCount) conditions -> \(forest.leafCount) leaves"
            case .table(let tables): "table \(tables.count), up to \(tables.longest) values"
            }
        }

        private static func text(_ shape: ImageShape) -> String {
            "\(shape.channels)x\(shape.height)x\(shape.width)"
        }
    }
}
