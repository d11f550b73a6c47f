// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// One operation on whole tensors, batch included, shapes resolved: row-major elements in, row-major elements out.
package enum TensorOperation: Sendable, Equatable {
    // MARK: Linear

    /// Element i is element `indices[i]` of the inputs laid end to end, or `fill` where that is -1. Transposes, slices,
    /// padding, concatenation, broadcasts.
    case gather(indices: [Int32], fill: Float)
    /// Element i times `factors[i]`, plus `terms[i]`. Scaler, BatchNormalization, Add, Sub, Mul and Div with a
    /// constant.
    case scale(factors: [Float], terms: [Float])
    /// Element i by `divisors[i]`, which differ from zero: a product with the inverse rounds otherwise, and a comparison
    /// behind it may then go another way.
    case quotient(divisors: [Float])
    /// rows x inner (activation) times inner x columns (constant), plus a bias of `columns` values; leading sizes count
    /// as rows. MatMul and Gemm with constant weights.
    case matrix(weights: TensorWeights, bias: [Float]?, rows: Int, inner: Int, columns: Int)
    /// Conv in one or two dimensions (one: height 1), batch included.
    case convolution(TensorConvolution, weights: TensorWeights, bias: [Float]?)
    /// Element i is the sum of elements `indices[j]` times `weights[j]` for j in starts[i] ..< starts[i + 1].
    /// AveragePool, ReduceMean, ReduceSum, batches of constant matrices.
    case weightedSum(starts: [Int], indices: [Int32], weights: [Float])
    /// Two tensors of one shape (broadcasts were made gathers).
    case add
    case subtract

    // MARK: Products of tensors

    /// Element by element; a square when both inputs are one value.
    case multiply
    case divide
    /// A product that is zero where the second factor, a truth value, is: of infinity, too.
    case mask
    /// MatMul of two tensors that are no constants: batches x rows x inner by batches x inner x columns.
    case matrixProduct(batches: Int, rows: Int, inner: Int, columns: Int)

    // MARK: Element by element

    case function(ScalarFunction)
    /// Element i where it isn't `missing` (nil: NaN), else `values[i]`. ai.onnx.ml Imputer.
    case impute(missing: Float?, values: [Float])
    /// What stands beside an element in a table, or `otherwise` where it isn't there. Encoders of categories.
    case encode(keys: [Float], values: [Float], otherwise: Float)

    /// 1 where two tensors are equal, 0 elsewhere.
    case equal
    /// What places 0... stand for, element by element; beyond the list no number.
    case lookUp([Float])

    // MARK: Along an axis; `outer` x `count` x `inner` elements

    case softmax(outer: Int, count: Int, inner: Int)
    case logSoftmax(outer: Int, count: Int, inner: Int)
    case argMax(outer: Int, count: Int, inner: Int, selectsLast: Bool)
    /// The `kept` largest, descending, the first of equals first: their values, or their places along the axis.
    case top(outer: Int, count: Int, inner: Int, kept: Int, givesPlaces: Bool)
    /// ai.onnx.ml Normalizer: rows of `count`.
    case normalize(Normalization, count: Int)
    /// Maxima over windows: only evaluated, never lowered. The window of element i as in `weightedSum`.
    case maximum(starts: [Int], indices: [Int32])

    // MARK: Trees

    /// Rows of features to rows of bits: 1 where a condition holds, 0 elsewhere.
    case conditions(SplitConditions)
    /// Rows of bits to rows of leaves: 1 where a tree leads, 0 elsewhere.
    case forest(Forest)

    // MARK: Quantization of activations

    /// Divide, round half to even, add the zero point, saturate.
    case quantize(QuantizationGrid)
    /// (code - zero point) * scale.
    case dequantize(QuantizationGrid)

    // MARK: Classes

    /// From rows of decisions between pairs of `classes` classes (`TensorGraph.Decisions`), the index of the class with
    /// most votes, the first of equals. The decisions of a polynomial kernel are a `matrix` (gamma and support vectors,
    /// coef0 as bias), a power and a `matrix` (dual coefficients, rho as bias).
    case vote(classes: Int)
}

extension TensorOperation {
    /// The same up to rounding, a quotient as a product.
    package var multiplied: TensorOperation {
        guard case .quotient(let divisors) = self else { return self }
        return .scale(
            factors: divisors.map { 1 / $0 }, terms: [Float](repeating: 0, count: divisors.count))
    }
}
