// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// Which of a graph's QuantizeLinear nodes do nothing by saturating.
enum Saturation: Sendable {
    /// Nothing is known: all of them may do something.
    case mayBind
    /// None does: to see whether a graph can be taken at all.
    case neverBinds
    /// Those that make these values don't, on the samples.
    case idle(Set<Int>)

    /// Of the deviation of what is quantized: a saturation that changes less is idle.
    static let smallestEffect = 0.01

    func isIdle(_ value: Int) -> Bool {
        switch self {
        case .mayBind: false
        case .neverBinds: true
        case .idle(let values): values.contains(value)
        }
    }
}

/// What a graph with QuantizeLinear computes of samples, exactly as ONNX says, and what its saturations do to them.
struct QuantizedTrace {
    /// Of the value that the network puts out.
    let outputs: SampleMatrix
    /// Saturations that change less than the rounding beside them, which no network reproduces either, or next to
    /// nothing of what is quantized.
    let saturation: Saturation

    /// Nil of a graph that quantizes no activation.
    init?(_ graph: TensorGraph, output: Int, samples: [[Float]]) throws(QuantizationError) {
        var grids: [(input: Int, output: Int, grid: QuantizationGrid)] = []
        for node in graph.nodes {
            guard case .quantize(let grid) = node.operation else { continue }
            grids.append((node.inputs[0], node.output, grid))
        }
        guard !grids.isEmpty, !graph.outputs.isEmpty else { return nil }
        let reference = FloatReference(graph)
        var results: [[Float]] = []
        var effects = [Effect](repeating: Effect(), count: grids.count)
        for sample in samples {
            let values: [[Float]]
            do {
                values = try reference.evaluate(sample)
            } catch {
                throw .invalidSamples(error.description)
            }
            results.append(values[output])
            for (index, node) in grids.enumerated() {
                effects[index].add(values[node.input], node.grid)
            }
        }
        outputs = SampleMatrix(results, count: graph.values[output].count)
        var idle: Set<Int> = []
        for (node, effect) in zip(grids, effects) where effect.isIdle { idle.insert(node.output) }
        saturation = .idle(idle)
    }

    /// Sums over all elements of what a node quantizes.
    private struct Effect {
        var count = 0.0
        var sum = 0.0
        var squares = 0.0
        /// Squares of what saturation takes off beyond half a step, and of rounding errors.
        var excess = 0.0
        var rounding = 0.0

        mutating func add(_ values: [Float], _ grid: QuantizationGrid) {
            for (index, value) in values.enumerated() {
                let place = grid.place(index)
                let (x, step) = (Double(value), Double(grid.scales[place]))
                let range = grid.reals(place)
                let beyond = max(
                    0, range.lowerBound - step / 2 - x, x - range.upperBound - step / 2)
                count += 1
                sum += x
                squares += x * x
                excess += beyond * beyond
                rounding += step * step / 12
            }
        }

        var isIdle: Bool {
            let variance = max(0, squares - sum * sum / max(1, count))
            let limit = Saturation.smallestEffect * Saturation.smallestEffect * variance
            return excess <= max(rounding, limit)
        }
    }
}
