// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// A constant while a graph is imported, with the integers that it was dequantized from.
struct ImportedConstant {
    let shape: [Int]
    let type: ONNXElementType
    let values: ONNXTensor.Values
    let quantization: TensorWeights.Quantization?

    init(
        shape: [Int], type: ONNXElementType, values: ONNXTensor.Values,
        quantization: TensorWeights.Quantization? = nil
    ) {
        self.shape = shape
        self.type = type
        self.values = values
        self.quantization = quantization
    }

    init(_ tensor: ONNXTensor) {
        self.init(shape: tensor.dims, type: tensor.type, values: tensor.values)
    }

    init(floats: [Float], shape: [Int]) {
        self.init(shape: shape, type: .float, values: .reals(floats.map(Double.init)))
    }

    init(integers: [Int64], shape: [Int]? = nil) {
        self.init(shape: shape ?? [integers.count], type: .int64, values: .integers(integers))
    }

    var count: Int {
        switch values {
        case .reals(let values): values.count
        case .integers(let values): values.count
        case .strings(let values): values.count
        }
    }

    var reals: [Double]? {
        if case .reals(let reals) = values { reals } else { nil }
    }

    var integers: [Int64]? {
        if case .integers(let integers) = values { integers } else { nil }
    }

    /// The only element, as a real.
    var single: Double? {
        guard count == 1 else { return nil }
        return reals?[0] ?? integers.map { Double($0[0]) }
    }

    var weights: TensorWeights? {
        reals.map { TensorWeights(values: $0.map { Float($0) }, quantization: quantization) }
    }

    /// The same elements in another shape. Scales of an axis don't survive that.
    func reshaped(_ shape: [Int]) -> ImportedConstant {
        ImportedConstant(
            shape: shape, type: type, values: values,
            quantization: quantization?.scales.count == 1 ? quantization : nil)
    }

    /// Elements at these indices, `fill` where one is -1.
    ///
    /// - Parameter axis: the axis that the quantization's axis becomes, nil where there is none.
    func rearranged(
        _ indices: [Int32], shape: [Int], fill: Float, axis: Int? = nil
    ) -> ImportedConstant {
        let moved: ONNXTensor.Values
        switch values {
        case .reals(let reals):
            moved = .reals(indices.map { $0 < 0 ? Double(fill) : reals[Int($0)] })
        case .integers(let integers):
            // The caller's fill fits; what doesn't is no sensible integer.
            let fill = Int64(exactly: fill) ?? 0
            moved = .integers(indices.map { $0 < 0 ? fill : integers[Int($0)] })
        case .strings(let strings):
            moved = .strings(indices.map { $0 < 0 ? "" : strings[Int($0)] })
        }
        var quantization: TensorWeights.Quantization?
        if let old = self.quantization, old.scales.count == 1 || axis != nil, fill == 0 {
            quantization = TensorWeights.Quantization(
                integers: indices.map { $0 < 0 ? 0 : old.integers[Int($0)] }, scales: old.scales,
                axis: axis ?? 0)
        }
        return ImportedConstant(
            shape: shape, type: type, values: moved, quantization: quantization)
    }

    /// Every element times a factor.
    func scaled(by factor: Float) -> ImportedConstant {
        guard factor != 1, let reals else { return self }
        return ImportedConstant(
            shape: shape, type: type, values: .reals(reals.map { $0 * Double(factor) }),
            quantization: quantization.map {
                TensorWeights.Quantization(
                    integers: $0.integers, scales: $0.scales.map { $0 * factor }, axis: $0.axis)
            })
    }
}
