/// A model as operations on tensors: names resolved, shapes inferred, constants folded. What the float reference evaluates and
/// what networks are lowered from.
///
/// Shapes include the batch, which comes first and is 1 in models that are served.
package struct TensorGraph: Sendable {
    /// What is known of a value; value 0 is the model's input.
    package struct Value: Sendable, Equatable {
        package let name: String
        package let shape: [Int]

        package init(name: String, shape: [Int]) {
            self.name = name
            self.shape = shape
        }

        package var count: Int { shape.reduce(1, *) }
    }

    package struct Node: Sendable {
        /// The ONNX node's name, or its place in the graph when it has none.
        package let name: String
        /// The ONNX operator, for messages.
        package let `operator`: String
        package let operation: TensorOperation
        /// Indices of values.
        package let inputs: [Int]
        package let output: Int

        package init(
            name: String, operator: String, operation: TensorOperation, inputs: [Int], output: Int
        ) {
            self.name = name
            self.operator = `operator`
            self.operation = operation
            self.inputs = inputs
            self.output = output
        }
    }

    package var values: [Value]
    /// In an order in which every input is made before it is used.
    package var nodes: [Node]
    /// Values that the model puts out, in its order.
    package var outputs: [Int]
    /// Class labels that a classifier of the graph names, or the metadata property "labels".
    package var labels: [String]?

    package init(values: [Value], nodes: [Node], outputs: [Int], labels: [String]? = nil) {
        self.values = values
        self.nodes = nodes
        self.outputs = outputs
        self.labels = labels
    }
}

/// Constant weights; of those that went through DequantizeLinear the integers too.
package struct TensorWeights: Sendable, Equatable {
    package struct Quantization: Sendable, Equatable {
        /// Codes less their zero points.
        package let integers: [Int64]
        /// One for all, or one for each index of `axis`.
        package let scales: [Float]
        package let axis: Int

        package init(integers: [Int64], scales: [Float], axis: Int) {
            self.integers = integers
            self.scales = scales
            self.axis = axis
        }
    }

    package let values: [Float]
    package let quantization: Quantization?

    package init(values: [Float], quantization: Quantization? = nil) {
        self.values = values
        self.quantization = quantization
    }
}

/// One operation on whole tensors, batch included, shapes resolved: row-major elements in, row-major elements out.
package enum TensorOperation: Sendable {
    // MARK: Linear

    /// Element i is element `indices[i]` of the inputs laid end to end, or `fill` where it is -1. Reshapes, transposes, slices,
    /// padding, concatenation, broadcasts.
    case gather(indices: [Int32], fill: Float)
    /// Each element times `factors[i % ...]`, plus `terms`: both as long as the output. Scaler, BatchNormalization, Add, Sub, Mul and Div
    /// of a constant.
    case scale(factors: [Float], terms: [Float])
    /// rows x inner (activation) times inner x columns (constant), plus a bias of `columns` values, `batches` times over the leading
    /// sizes with the same constant. MatMul and Gemm with weights on the right.
    case matrix(weights: TensorWeights, bias: [Float]?, rows: Int, inner: Int, columns: Int)
    /// Conv in one or two dimensions (one: height 1), batch included.
    case convolution(TensorConvolution, weights: TensorWeights, bias: [Float]?)
    /// Output i is the sum of input `indices[j]` times `weights[j]` for j in starts[i] ..< starts[i + 1]. AveragePool, ReduceMean, ReduceSum.
    case weightedSum(starts: [Int], indices: [Int32], weights: [Float])
    /// Two tensors of one shape (broadcasts were made gathers).
    case add
    case subtract

    // MARK: Products of tensors

    case multiply
    case divide
    /// MatMul of two tensors that are no constants: batches x rows x inner by batches x inner x columns.
    case matrixProduct(batches: Int, rows: Int, inner: Int, columns: Int)

    // MARK: Element by element

    case function(ScalarFunction)

    // MARK: Along an axis; `outer` x `count` x `inner` elements

    case softmax(outer: Int, count: Int, inner: Int)
    case logSoftmax(outer: Int, count: Int, inner: Int)
    case argMax(outer: Int, count: Int, inner: Int, selectsLast: Bool)
    /// ai.onnx.ml Normalizer: rows of `count`.
    case normalize(Normalization, count: Int)
    /// Maxima over windows: only evaluated, never lowered. Window of output i as in `weightedSum`.
    case maximum(starts: [Int], indices: [Int32])

    // MARK: Quantization of activations

    /// Divide, round half to even, add the zero point, saturate.
    case quantize(scale: Float, zeroPoint: Float, low: Float, high: Float)
    case dequantize(scale: Float, zeroPoint: Float)

    // MARK: ai.onnx.ml

    /// K(x, v_j) = (gamma x . v_j + coef0)^degree of `supportCount` vectors, for a polynomial kernel; the dot products and the sums over them are
    /// `matrix` operations around it.
    /// The votes of one-versus-one decisions of `classes` classes, as the class's index.
    case vote(classes: Int)
}

/// The geometry of a convolution.
package struct TensorConvolution: Sendable, Equatable {
    package let batch: Int
    package let input: ImageShape
    package let output: ImageShape
    package let kernel: Extent
    package let strides: Extent
    package let dilations: Extent
    package let padding: Padding
    package let groups: Int

    package init(
        batch: Int, input: ImageShape, output: ImageShape, kernel: Extent, strides: Extent,
        dilations: Extent, padding: Padding, groups: Int
    ) {
        self.batch = batch
        self.input = input
        self.output = output
        self.kernel = kernel
        self.strides = strides
        self.dilations = dilations
        self.padding = padding
        self.groups = groups
    }
}

/// A function of one real, applied to every element.
package enum ScalarFunction: Sendable, Hashable {
    case relu
    case leakyRelu(Float)
    case sigmoid
    case tanh
    case gelu
    /// With the tanh formula.
    case geluTanh
    case softplus
    case silu
    case elu(Float)
    case hardSigmoid(alpha: Float, beta: Float)
    case hardSwish
    case clip(Float, Float)
    case erf
    case exponential
    case logarithm
    case squareRoot
    case absolute
    case negative
    case reciprocal
    /// x to a constant power.
    case power(Float)

    /// Its value, in Double.
    package func callAsFunction(_ x: Double) -> Double {
        preconditionFailure("to be written")
    }
}
