// SPDX-License-Identifier: Apache-2.0

/// A layer prepared for Int64 arithmetic that `MachineBound` proved safe (so wrapping operators can't wrap).
struct MachineLayer: Sendable {
    private enum Kind: Sendable {
        /// Offsets of the taps' inputs for every position, tap-major, -1 for padding.
        case convolution(Convolution, indices: [Int32])
        case dense(Dense)
        case affine(Affine)
        case square
        case product
        case forest(Forest)
        case table(LookupTables)
    }

    private let kind: Kind

    init(_ layer: IntegerNetwork.Layer) {
        switch layer {
        case .dense(let dense): kind = .dense(dense)
        case .affine(let affine): kind = .affine(affine)
        case .square: kind = .square
        case .product: kind = .product
        case .forest(let forest): kind = .forest(forest)
        case .table(let tables): kind = .table(tables)
        case .convolution(let convolution):
            kind = .convolution(convolution, indices: convolution.gatherIndices())
        }
    }

    func apply(_ sources: [[Int64]]) -> [Int64] {
        let input = sources.count == 1 || isProduct ? sources[0] : sources.flatMap { $0 }
        return switch kind {
        case .square: input.map { $0 &* $0 }
        case .product: zip(input, sources[1]).map { $0 &* $1 }
        case .forest(let forest): forest.leaves { input[$0] != 0 }
        case .table(let tables): tables.apply(input)
        case .dense(let dense): Self.dense(dense, input)
        case .affine(let affine): Self.affine(affine, input)
        case .convolution(let convolution, let indices):
            Self.convolution(convolution, indices, input)
        }
    }

    private var isProduct: Bool { if case .product = kind { true } else { false } }

    private static func affine(_ affine: Affine, _ input: [Int64]) -> [Int64] {
        precondition(input.count == affine.matrix.columns)
        var output = affine.bias
        affine.matrix.weights.withUnsafeBufferPointer { weights in
            affine.matrix.columnIndices.withUnsafeBufferPointer { columns in
                for row in output.indices {
                    var sum: Int64 = 0
                    for entry in affine.matrix.entries(ofRow: row) {
                        sum &+= weights[entry] &* input[columns[entry]]
                    }
                    output[row] &+= sum
                }
            }
        }
        return output
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
