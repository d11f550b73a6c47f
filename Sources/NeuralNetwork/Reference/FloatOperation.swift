/// The operators over Float32, with shapes resolved and constants folded.
enum FloatOperation: Sendable {
    case copy
    /// The elements with these indices.
    case gather([Int32])
    case square
    case clip(Float, Float)
    /// Divide, round half to even, add the zero point, saturate.
    case quantize(scale: Float, zeroPoint: Float, low: Float, high: Float)
    case dequantize(scale: Float, zeroPoint: Float)
    /// Adds `values[(i / inner) % values.count]` to element i.
    case add(values: [Float], inner: Int)
    /// Weights as inputs by outputs, so that the inner loop runs over contiguous outputs.
    case dense(weights: [Float], bias: [Float])
    /// Weights as maps by taps; `indices` of the taps' inputs, tap-major, -1 for padding.
    case convolution(weights: [Float], bias: [Float], indices: [Int32], positions: Int)

    func apply(_ input: [Float]) -> [Float] {
        switch self {
        case .copy: return input
        case .gather(let indices): return indices.map { input[Int($0)] }
        case .square: return input.map { $0 * $0 }
        case .clip(let low, let high): return input.map { min(max($0, low), high) }
        case .quantize(let scale, let zeroPoint, let low, let high):
            return input.map {
                min(max(($0 / scale).rounded(.toNearestOrEven) + zeroPoint, low), high)
            }
        case .dequantize(let scale, let zeroPoint): return input.map { ($0 - zeroPoint) * scale }
        case .add(let values, let inner):
            return input.indices.map { input[$0] + values[$0 / inner % values.count] }
        case .dense(let weights, let bias): return Self.dense(weights, bias, input)
        case .convolution(let weights, let bias, let indices, let positions):
            return Self.convolution(weights, bias, indices, positions, input)
        }
    }

    private static func dense(_ weights: [Float], _ bias: [Float], _ input: [Float]) -> [Float] {
        let count = bias.count
        var output = [Float](repeating: 0, count: count)
        precondition(weights.count == input.count * count)
        weights.withUnsafeBufferPointer { weights in
            output.withUnsafeMutableBufferPointer { output in
                for (row, value) in input.enumerated() {
                    let start = row * count
                    for column in 0..<count { output[column] += value * weights[start + column] }
                }
            }
        }
        return zip(output, bias).map { $0 + $1 }
    }

    private static func convolution(
        _ weights: [Float], _ bias: [Float], _ indices: [Int32], _ positions: Int, _ input: [Float]
    ) -> [Float] {
        let patches = indices.map { $0 < 0 ? 0 : input[Int($0)] }
        let taps = patches.count / positions
        var output = [Float](repeating: 0, count: positions * bias.count)
        patches.withUnsafeBufferPointer { patches in
            output.withUnsafeMutableBufferPointer { output in
                for map in bias.indices {
                    let to = map * positions
                    for tap in 0..<taps {
                        let weight = weights[map * taps + tap]
                        let from = tap * positions
                        for position in 0..<positions {
                            output[to + position] += weight * patches[from + position]
                        }
                    }
                    for position in 0..<positions { output[to + position] += bias[map] }
                }
            }
        }
        return output
    }
}
