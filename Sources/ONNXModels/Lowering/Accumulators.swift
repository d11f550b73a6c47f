// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// What a Conv, Gemm or MatMul made, before a QuantizeLinear makes codes of it: integers with a scale a channel, and the
/// functions that are applied to the reals that they stand for.
struct Accumulators {
    /// A function of reals that a table takes along.
    enum Function: Equatable {
        case clip(Float, Float)
        case leaky(Float)
        case hardSigmoid(alpha: Float, beta: Float)
        case hardSwish

        func callAsFunction(_ x: Float) -> Float {
            switch self {
            case .clip(let low, let high): min(max(x, low), high)
            case .leaky(let slope): x < 0 ? slope * x : x
            case .hardSigmoid(let alpha, let beta): min(max(alpha * x + beta, 0), 1)
            case .hardSwish: x * min(max(x / 6 + 0.5, 0), 1)
            }
        }

        static let relu = Function.clip(0, .infinity)
    }

    let shape: [Int]
    /// One, or one of each channel.
    let scales: [Double]
    let version: Int
    var functions: [Function] = []

    var count: Int { shape.reduce(1, *) }

    /// The scale of an element.
    func place(_ element: Int) -> Int {
        scales.count == 1 ? 0 : element / (count / scales.count)
    }

    /// The same with a scale for each channel.
    var byChannel: Accumulators {
        guard scales.count == 1 else { return self }
        return Accumulators(
            shape: shape, scales: [Double](repeating: scales[0], count: shape[0]), version: version,
            functions: functions)
    }

    /// What an accumulator stands for, in floats as onnxruntime's.
    func real(_ accumulator: Int64, place: Int) -> Float {
        functions.reduce(Float(accumulator) * Float(scales[place])) { $1($0) }
    }

    /// The code, less its zero point, of an accumulator; nil where it is that of no number.
    ///
    /// Without functions as onnxruntime's QLinearConv, QLinearMatMul and QGemm compute it: the accumulator as a float
    /// times (scale of the input times that of the weights, over that of the codes), each step in float, rounded half to
    /// even, saturated. A clip at 0 is a saturation too, as its optimizer has it. Other functions are of the accumulator
    /// times its scale.
    func code(
        _ accumulator: Int64, place: Int, scale: Float, codes: ClosedRange<Int64>
    ) -> Int64? {
        let unit = Float(scales[place])
        var low = Float(codes.lowerBound)
        let high = Float(codes.upperBound)
        let step: Float
        if functions.allSatisfy({ $0 == .relu }) {
            if !functions.isEmpty { low = max(low, 0) }
            step = Float(accumulator) * (unit / scale)
        } else {
            step = real(accumulator, place: place) / scale
        }
        guard !step.isNaN else { return nil }
        return Int64(min(max(step.rounded(.toNearestOrEven), low), max(low, high)))
    }
}
