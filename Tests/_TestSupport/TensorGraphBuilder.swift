// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// Tensor graphs node by node, with a batch of 1.
package final class TensorGraphBuilder {
    private var values: [TensorGraph.Value]
    private var nodes: [TensorGraph.Node] = []

    /// - Parameter input: sizes of a sample.
    package init(input: [Int]) {
        values = [TensorGraph.Value(name: "input", shape: [1] + input)]
    }

    /// Sizes of a value, without the batch.
    package func shape(_ value: Int) -> [Int] { Array(values[value].shape.dropFirst()) }

    package func add(
        _ name: String, _ operation: TensorOperation, _ inputs: [Int], shape: [Int]
    ) -> Int {
        values.append(
            TensorGraph.Value(name: "\(name)\(values.count)", shape: [1] + shape))
        nodes.append(
            TensorGraph.Node(
                name: "\(name)\(nodes.count)", operator: name, operation: operation,
                inputs: inputs, output: values.count - 1))
        return values.count - 1
    }

    package func graph(
        _ outputs: [Int], labels: [String]? = nil, decisions: TensorGraph.Decisions? = nil
    ) -> TensorGraph {
        TensorGraph(
            values: values, nodes: nodes, outputs: outputs, labels: labels, decisions: decisions)
    }

    // MARK: Operators

    package func dense(
        _ value: Int, weights: [Float], bias: [Float]? = nil, outputs: Int
    ) -> Int {
        let inner = values[value].count
        return add(
            "Gemm",
            .matrix(
                weights: TensorWeights(values: weights), bias: bias, rows: 1, inner: inner,
                columns: outputs), [value], shape: [outputs])
    }

    /// - Parameter weights: [map][channel of a group][row][column].
    package func convolution(
        _ value: Int, weights: [Float], bias: [Float]? = nil, maps: Int, kernel: Int,
        stride: Int = 1, padding: Int = 0, groups: Int = 1, dilation: Int = 1
    ) -> Int {
        let input = shape(value)
        let extent = dilation * (kernel - 1) + 1
        let height = (input[1] + 2 * padding - extent) / stride + 1
        let width = (input[2] + 2 * padding - extent) / stride + 1
        let geometry = TensorConvolution(
            batch: 1, input: ImageShape(channels: input[0], height: input[1], width: input[2]),
            output: ImageShape(channels: maps, height: height, width: width),
            kernel: Extent(height: kernel, width: kernel),
            strides: Extent(height: stride, width: stride),
            dilations: Extent(height: dilation, width: dilation),
            padding: Padding(top: padding, left: padding, bottom: padding, right: padding),
            groups: groups)
        return add(
            "Conv",
            .convolution(geometry, weights: TensorWeights(values: weights), bias: bias), [value],
            shape: [maps, height, width])
    }

    /// Factors and terms of each channel.
    package func batchNormalization(
        _ value: Int, factors: [Float], terms: [Float]
    ) -> Int {
        let shape = shape(value)
        let area = shape.dropFirst().reduce(1, *)
        func spread(_ list: [Float]) -> [Float] {
            list.flatMap { [Float](repeating: $0, count: area) }
        }
        return add(
            "BatchNormalization", .scale(factors: spread(factors), terms: spread(terms)), [value],
            shape: shape)
    }

    package func scale(_ value: Int, by factor: Float, adding term: Float = 0) -> Int {
        let count = values[value].count
        return add(
            "Mul",
            .scale(
                factors: [Float](repeating: factor, count: count),
                terms: [Float](repeating: term, count: count)), [value], shape: shape(value))
    }

    package func averagePool(_ value: Int, window: Int) -> Int {
        let input = shape(value)
        let (height, width) = (input[1] / window, input[2] / window)
        var starts = [0]
        var indices: [Int32] = []
        for channel in 0..<input[0] {
            for y in 0..<height {
                for x in 0..<width {
                    for dy in 0..<window {
                        for dx in 0..<window {
                            let row = channel * input[1] + y * window + dy
                            indices.append(Int32(row * input[2] + x * window + dx))
                        }
                    }
                    starts.append(indices.count)
                }
            }
        }
        let weight = 1 / Float(window * window)
        return add(
            "AveragePool",
            .weightedSum(
                starts: starts, indices: indices,
                weights: [Float](repeating: weight, count: indices.count)), [value],
            shape: [input[0], height, width])
    }

    /// Of flat values, or of images along channels.
    package func concatenate(_ a: Int, _ b: Int) -> Int {
        let (left, right) = (shape(a), shape(b))
        let count = values[a].count + values[b].count
        return add(
            "Concat", .gather(indices: (0..<count).map { Int32($0) }, fill: 0), [a, b],
            shape: [left[0] + right[0]] + left.dropFirst())
    }

    package func flatten(_ value: Int) -> Int {
        let count = values[value].count
        return add(
            "Flatten", .gather(indices: (0..<count).map { Int32($0) }, fill: 0), [value],
            shape: [count])
    }

    package func function(_ value: Int, _ function: ScalarFunction) -> Int {
        add("\(function)", .function(function), [value], shape: shape(value))
    }

    package func multiply(_ a: Int, _ b: Int) -> Int {
        add("Mul", .multiply, [a, b], shape: shape(a))
    }

    package func add(_ a: Int, _ b: Int) -> Int {
        add("Add", .add, [a, b], shape: shape(a))
    }

    package func subtract(_ a: Int, _ b: Int) -> Int {
        add("Sub", .subtract, [a, b], shape: shape(a))
    }

    package func softmax(_ value: Int) -> Int {
        add(
            "Softmax", .softmax(outer: 1, count: values[value].count, inner: 1), [value],
            shape: shape(value))
    }
}
