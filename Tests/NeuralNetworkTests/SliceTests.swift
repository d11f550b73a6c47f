// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import ONNXModels
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

/// Convolutions of a window: negative padding, and the Slice that it comes from.
@Suite struct SliceTests {
    /// The convolution by its definition, on rows and columns that may lie outside.
    private func direct(_ layer: Convolution, _ input: [Int]) -> [BigInt] {
        let image = layer.inputShape
        var out: [BigInt] = []
        for map in 0..<layer.mapsCount {
            let height = image.height + layer.padding.top + layer.padding.bottom
            let width = image.width + layer.padding.left + layer.padding.right
            let ys = stride(
                from: 0, through: height - layer.kernel.height, by: layer.strides.height)
            for y in ys {
                let xs = stride(
                    from: 0, through: width - layer.kernel.width, by: layer.strides.width)
                for x in xs {
                    var sum = BigInt(layer.bias[map])
                    for tap in 0..<layer.tapsCount {
                        let size = layer.kernel.height * layer.kernel.width
                        let (channel, place) = tap.quotientAndRemainder(dividingBy: size)
                        let row = y + place / layer.kernel.width - layer.padding.top
                        let column = x + place % layer.kernel.width - layer.padding.left
                        guard (0..<image.height).contains(row),
                            (0..<image.width).contains(column)
                        else { continue }
                        let pixel = input[(channel * image.height + row) * image.width + column]
                        sum += BigInt(layer.weight(map: map, tap: tap)) * BigInt(pixel)
                    }
                    out.append(sum)
                }
            }
        }
        return out
    }

    private func layer(
        _ padding: Padding, strides: Extent = Extent(height: 1, width: 1)
    ) throws -> Convolution {
        var generator = SplitMix64(seed: 1)
        let weights = (0..<24).map { _ in Int64.random(in: -9...9, using: &generator) }
        return try Convolution(
            weights: weights, bias: [3, -4],
            inputShape: ImageShape(channels: 2, height: 6, width: 5),
            kernel: Extent(height: 2, width: 3), strides: strides, padding: padding)
    }

    @Test(arguments: [
        Padding(top: -1, left: 0, bottom: 0, right: 0),
        Padding(top: 0, left: -1, bottom: -2, right: 0),
        Padding(top: -2, left: -1, bottom: -1, right: -1),
        Padding(top: -4, left: 0, bottom: 0, right: -2),
        Padding(top: -5, left: 2, bottom: 1, right: -2),
        Padding(top: 1, left: -2, bottom: -3, right: 2),
    ])
    func negativePaddingCrops(padding: Padding) throws {
        for stride in 1...2 {
            let layer = try layer(padding, strides: Extent(height: stride, width: stride))
            let network = try IntegerNetwork(
                input: InputSpecification(shape: [2, 6, 5], range: -9...9, scale: 1),
                layers: [.convolution(layer)], outputScale: 1,
                labels: IntegerNetwork.defaultLabels(layer.outputShape.count))
            var generator = SplitMix64(seed: 2)
            let input = RandomNetwork.input(for: network, using: &generator)
            let expected = direct(layer, input)
            #expect(expected.count == layer.outputShape.count)
            #expect(try IntegerReference.logits(network, input: input) == expected)
            let matrix = try #require(network.layers[0].matrix())
            let bias = try #require(network.layers[0].biasVector)
            let products = (0..<matrix.rows).map { row in
                matrix.row(row).reduce(BigInt(bias[row])) {
                    $0 + BigInt($1.weight) * BigInt(input[$1.column])
                }
            }
            #expect(products == expected)
        }
    }

    @Test(arguments: [
        Padding(top: -6, left: 0, bottom: 1, right: 0),
        Padding(top: 0, left: 0, bottom: -6, right: 0),
        Padding(top: -3, left: 0, bottom: -2, right: 0),
        Padding(top: -3, left: 0, bottom: -3, right: 0),
        Padding(top: 0, left: -2, bottom: 0, right: -1),
        Padding(top: .min, left: 0, bottom: 0, right: 0),
        Padding(top: 0, left: .min, bottom: 0, right: .min),
        Padding(top: 2, left: 0, bottom: -1, right: 0),
    ])
    func refusesWindowsBelowTheKernel(padding: Padding) {
        #expect(throws: NetworkError.self) { try layer(padding) }
    }

    // MARK: Import

    /// What a Slice of an image of two channels and 6 rows is given; nil where an input is left out.
    struct Window {
        var starts: [Int64] = [1, 0]
        var ends: [Int64] = [5, 4]
        var axes: [Int64]? = [2, 3]
        var steps: [Int64]?
        var type = ONNXElementType.int64
        var width = 5
    }

    private func model(
        _ window: Window, then rest: (inout ONNXBuilder, String) -> String
    ) -> ONNXModelProto {
        var builder = ONNXBuilder(style: .init())
        builder.graph.input = [ONNXBuilder.info("x", [1, 2, 6, window.width])]
        let step = builder.float("step", 0.5)
        let codes = builder.node("QuantizeLinear", ["x", step])
        let image = builder.node("DequantizeLinear", [codes, step])
        func constant(_ name: String, _ values: [Int64]) -> String {
            window.type == .float
                ? builder.floats(name, values.map { Float($0) }, dims: [values.count])
                : builder.integers(name, values, dims: [values.count], type: window.type)
        }
        var inputs = [image, constant("starts", window.starts), constant("ends", window.ends)]
        if let axes = window.axes { inputs.append(constant("axes", axes)) }
        if let steps = window.steps {
            if window.axes == nil { inputs.append("") }
            inputs.append(constant("steps", steps))
        }
        let output = rest(&builder, builder.node("Slice", inputs))
        builder.graph.output = [ONNXBuilder.info(output, [1, nil])]
        return ONNXBuilder.model(builder.graph)
    }

    private func convolution(
        _ builder: inout ONNXBuilder, _ value: String, kernel: Int = 2
    ) -> String {
        var generator = SplitMix64(seed: 3)
        let weights = builder.scaled(
            (0..<2 * kernel * kernel).map { _ in Int64.random(in: -9...9, using: &generator) },
            dims: [1, 2, kernel, kernel], type: .int8, scale: 0.25)
        return builder.node("Conv", [value, weights])
    }

    /// The import and the float evaluation of the graph, which gathers pixels, give the same.
    private func check(_ proto: ONNXModelProto, padding: Padding) throws {
        let model = try ONNXModel(proto)
        let network = try model.integerNetwork()
        guard case .convolution(let layer) = network.layers[0] else {
            Issue.record("no convolution")
            return
        }
        #expect(layer.padding == padding)
        let reference = try FloatReference(model)
        var generator = SplitMix64(seed: 4)
        for _ in 0..<5 {
            let input = RandomNetwork.input(for: network, using: &generator)
            let expected = try IntegerReference.logits(network, input: input)
            #expect(expected == direct(layer, input))
            let reals = input.map { Float($0) * network.input.scale }
            let found = try reference.logits(reals)
            #expect(
                found.map { BigInt(Int64(Double($0) / network.units.scale)) } == expected)
        }
    }

    @Test func windowsAreImported() throws {
        let rows = Padding(top: -1, left: 0, bottom: -1, right: -1)
        let windows: [(Window, Padding)] = [
            (Window(), rows), (Window(steps: [1, 1]), rows), (Window(type: .int32), rows),
            (Window(starts: [-5, -9], ends: [-1, -1]), rows),
            (Window(starts: [.min, 1], ends: [3, .max]), Padding(top: 0, left: -1, bottom: -3)),
            (Window(starts: [1], ends: [100], axes: [-1]), Padding(left: -1)),
            (Window(starts: [0, 0, 1, 0], ends: [1, 2, 5, 4], axes: nil), rows),
            (
                Window(starts: [0, 0, 1, 0], ends: [1, 2, 5, 4], axes: nil, steps: [1, 1, 1, 1]),
                rows
            ), (Window(starts: [0, 0], ends: [.max, 2], axes: [0, 1]), Padding()),
        ]
        for (window, padding) in windows {
            try check(model(window) { convolution(&$0, $1) }, padding: padding)
        }
        // No padding of its own, said in other ways.
        try check(
            model(Window()) {
                let output = convolution(&$0, $1)
                $0.attribute("pads", [0, 0, 0, 0])
                $0.attribute("strides", [2, 1])
                return output
            }, padding: rows)
        try check(
            model(Window()) {
                let output = convolution(&$0, $1)
                $0.attribute("auto_pad", "VALID")
                return output
            }, padding: rows)
    }

    private func refuses(
        _ proto: ONNXModelProto, _ text: String, _ what: Comment = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(what, sourceLocation: sourceLocation) {
            _ = try ONNXModel(proto).integerNetwork()
        } throws: { error in
            error is ONNXError && "\(error)".contains(text)
        }
    }

    @Test func refusesWindowsThatAreNone() {
        let windows: [(Window, String)] = [
            (Window(starts: [5, 0], ends: [5, 4]), "nothing is left"),
            (Window(starts: [4, 0], ends: [1, 4]), "nothing is left"),
            (Window(starts: [1, 9], ends: [5, 12]), "nothing is left"),
            (Window(starts: [.max, 0], ends: [.max, 4]), "nothing is left"),
            (Window(starts: [1, 0], ends: [.min, 4]), "nothing is left"),
            (Window(steps: [2, 1]), "steps of 1"), (Window(steps: [1, -1]), "steps of 1"),
            (Window(starts: [1]), "one start and end"), (Window(ends: [5]), "one start and end"),
            (Window(axes: [2]), "one start and end"), (Window(axes: nil), "one start and end"),
            (Window(axes: [2, 2]), "one start and end"),
            (Window(axes: [2, -2]), "one start and end"),
            (Window(axes: [1, 2]), "axis 1"), (Window(axes: [4, 3]), "axis 4"),
            (Window(starts: [0, 0], ends: [1, 4], axes: [-5, 3]), "axis"),
            (Window(starts: [0, 0], ends: [1, 4], axes: [.min, 3]), "axis"),
            (Window(starts: [0, 0], ends: [1, 4], axes: [.max, 3]), "axis"),
            (Window(starts: [1, 0], ends: [5, 4], axes: [0, 3]), "axis 0"),
            (Window(type: .float), "Slice"), (Window(steps: [1, 1], type: .float), "Slice"),
        ]
        for (window, text) in windows {
            refuses(model(window) { convolution(&$0, $1) }, text, "\(window)")
        }
        // The kernel doesn't fit what is left, though it fits the image.
        refuses(model(Window()) { convolution(&$0, $1, kernel: 5) }, "kernel of 5")
    }

    @Test func refusesPaddingAfterASlice() {
        refuses(
            model(Window()) {
                let output = convolution(&$0, $1)
                $0.attribute("pads", [1, 0, 0, 0])
                return output
            }, "padding after a Slice")
        // Of the window that is left, not of the image: 6 rows by 2 need none, 5 do.
        for mode in ["SAME_UPPER", "SAME_LOWER"] {
            refuses(
                model(Window(starts: [1, 0], ends: [6, 6], width: 6)) {
                    let output = convolution(&$0, $1)
                    $0.attribute("auto_pad", mode)
                    $0.attribute("strides", [2, 2])
                    return output
                }, "padding after a Slice", "\(mode)")
        }
    }

    @Test func refusesOtherReadersOfASlice() {
        refuses(model(Window()) { $0.node("Mul", [$1, $1]) }, "Slice")
        func dense(_ builder: inout ONNXBuilder, _ value: String, _ count: Int) -> String {
            let weights = builder.scaled(
                Array(repeating: 1, count: count), dims: [count, 1], type: .int8, scale: 0.25)
            return builder.node("Gemm", [value, weights])
        }
        refuses(model(Window()) { dense(&$0, $1, 32) }, "Slice")
        refuses(model(Window()) { dense(&$0, $0.node("Flatten", [$1]), 32) }, "Slice")
        refuses(
            model(Window()) { builder, value in
                let axes = builder.integers("axes", [2, 3], dims: [2], type: .int64)
                let first = builder.integers("first", [0, 0], dims: [2], type: .int64)
                let last = builder.integers("last", [3, 3], dims: [2], type: .int64)
                return convolution(&builder, builder.node("Slice", [value, first, last, axes]))
            }, "Slice")
        // Bounds that depend on the input.
        var model = model(Window()) { convolution(&$0, $1) }
        let slice = model.graph.node.firstIndex { $0.opType == "Slice" }!
        model.graph.node[slice].input[1] = model.graph.node[slice].input[0]
        refuses(model, "must be a constant")
    }
}
