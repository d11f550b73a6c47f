/// A layer prepared for Int64 arithmetic that `MachineBound` proved safe (so wrapping operators can't wrap).
struct MachineLayer: Sendable {
    private enum Kind: Sendable {
        /// Offsets of the taps' inputs for every position, tap-major, -1 for padding.
        case convolution(Convolution, indices: [Int32])
        case dense(Dense)
        case square
    }

    private let kind: Kind

    init(_ layer: Layer) {
        switch layer {
        case .dense(let dense): kind = .dense(dense)
        case .square: kind = .square
        case .convolution(let convolution):
            kind = .convolution(convolution, indices: convolution.gatherIndices())
        }
    }

    func apply(_ input: [Int64]) -> [Int64] {
        switch kind {
        case .square: input.map { $0 &* $0 }
        case .dense(let dense): Self.dense(dense, input)
        case .convolution(let convolution, let indices):
            Self.convolution(convolution, indices, input)
        }
    }

    private static func dense(_ dense: Dense, _ input: [Int64]) -> [Int64] {
        precondition(input.count == dense.inputs)
        var output = dense.bias
        dense.weights.withUnsafeBufferPointer { weights in
            input.withUnsafeBufferPointer { input in
                for row in 0..<dense.outputs {
                    var sum: Int64 = 0
                    let start = row * dense.inputs
                    for column in 0..<dense.inputs {
                        sum &+= weights[start + column] &* input[column]
                    }
                    output[row] &+= sum
                }
            }
        }
        return output
    }

    private static func convolution(
        _ convolution: Convolution, _ indices: [Int32], _ input: [Int64]
    ) -> [Int64] {
        precondition(input.count == convolution.inputShape.count)
        let positions = convolution.positionsCount
        let taps = convolution.tapsCount
        // Gather the patches once, tap-major, so that the maps' loops run over contiguous positions.
        let patches = indices.map { $0 < 0 ? 0 : input[Int($0)] }
        var output: [Int64] = []
        output.reserveCapacity(positions * convolution.mapsCount)
        for map in 0..<convolution.mapsCount {
            output.append(contentsOf: repeatElement(convolution.bias[map], count: positions))
        }
        patches.withUnsafeBufferPointer { patches in
            output.withUnsafeMutableBufferPointer { output in
                for map in 0..<convolution.mapsCount {
                    for tap in 0..<taps {
                        let weight = convolution.weights[map * taps + tap]
                        guard weight != 0 else { continue }
                        let from = tap * positions
                        let to = map * positions
                        for position in 0..<positions {
                            output[to + position] &+= weight &* patches[from + position]
                        }
                    }
                }
            }
        }
        return output
    }
}
