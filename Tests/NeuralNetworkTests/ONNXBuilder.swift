// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import SwiftProtobuf
import TestSupport

/// Writes an integer network as the ONNX file that describes it, in one of the forms that exporters use.
struct ONNXBuilder {
    /// Choices between equivalent forms.
    struct Style {
        var usesMatMul = false
        var transposesGemm = false
        var usesPow = false
        var usesReshape = false
        var usesTypedData = false
        var clipsReals = true
        var namesConstants = false
        /// Of a Slice: counts from the end, and axes in another order or left out.
        var slicesFromEnd = false
        var namesSliceAxes = true

        static func random(using generator: inout SplitMix64) -> Style {
            Style(
                usesMatMul: .random(using: &generator), transposesGemm: .random(using: &generator),
                usesPow: .random(using: &generator), usesReshape: .random(using: &generator),
                usesTypedData: .random(using: &generator),
                clipsReals: .random(using: &generator), namesConstants: .random(using: &generator),
                slicesFromEnd: .random(using: &generator),
                namesSliceAxes: .random(using: &generator))
        }
    }

    var graph = ONNXGraphProto()
    var style: Style
    private var names = 0

    init(style: Style) { self.style = style }

    static func model(_ graph: ONNXGraphProto, labels: String? = nil) -> ONNXModelProto {
        var model = ONNXModelProto()
        model.irVersion = 8
        var operators = ONNXOperatorSetIdProto()
        operators.version = 17
        model.opsetImport = [operators]
        model.graph = graph
        if let labels {
            var property = ONNXStringStringEntryProto()
            property.key = "labels"
            property.value = labels
            model.metadataProps = [property]
        }
        return model
    }

    /// The network with codes 0...255 (the box must fit) and weights and biases of scale 0.25.
    static func model(of network: IntegerNetwork, style: Style = Style()) -> ONNXModelProto {
        var builder = ONNXBuilder(style: style)
        return model(builder.graph(of: network), labels: network.labels.joined(separator: ","))
    }

    mutating func graph(of network: IntegerNetwork) -> ONNXGraphProto {
        let input = network.input
        graph.input = [Self.info("image", [nil] + input.shape)]
        graph.output = [Self.info("logits", [nil, network.outputCount])]
        var scale = Double(input.scale)
        let zero = Int64(input.zeroPoint)
        var value = "image"
        if style.clipsReals {
            let low = float("low", Float(input.range.lowerBound) * input.scale)
            let high = float("high", Float(input.range.upperBound) * input.scale)
            value = node("Clip", [value, low, high])
        }
        let step = float("step", input.scale)
        let zeroPoint = integers("zero", [zero], dims: [], type: .uint8)
        value = node("QuantizeLinear", [value, step, zeroPoint])
        if !style.clipsReals {
            let low = integers(
                "low", [Int64(input.range.lowerBound) + zero], dims: [], type: .uint8)
            let high = integers(
                "high", [Int64(input.range.upperBound) + zero], dims: [], type: .uint8)
            value = node("Clip", [value, low, high])
        }
        value = node("DequantizeLinear", [value, step, zeroPoint])
        var isFlat = input.shape.count == 1
        for layer in network.layers {
            if case .dense(let dense) = layer, !isFlat {
                let shape = integers("shape", [1, Int64(dense.inputs)], dims: [2], type: .int64)
                value =
                    style.usesReshape ? node("Reshape", [value, shape]) : node("Flatten", [value])
                isFlat = true
            }
            value = append(layer, to: value, scale: &scale)
        }
        graph.node[graph.node.count - 1].output = ["logits"]
        return graph
    }

    private mutating func append(
        _ layer: IntegerNetwork.Layer, to value: String, scale: inout Double
    ) -> String {
        switch layer {
        case .affine, .product, .forest, .table:
            preconditionFailure("\(layer.summary) in a quantized chain")
        case .square:
            scale *= scale
            return style.usesPow
                ? node("Pow", [value, float("two", 2)]) : node("Mul", [value, value])
        case .convolution(let layer):
            scale *= 0.25
            let dims = [
                layer.mapsCount, layer.inputShape.channels, layer.kernel.height,
                layer.kernel.width,
            ]
            let weights = scaled(layer.weights, dims: dims, type: .int8, scale: 0.25)
            let bias = scaled(layer.bias, dims: [layer.mapsCount], type: .int32, scale: scale)
            var pads = layer.padding
            var image = value
            if pads.top < 0 || pads.left < 0 || pads.bottom < 0 || pads.right < 0 {
                image = slice(value, of: layer.inputShape, by: pads)
                pads = Padding()
            }
            let result = node("Conv", [image, weights, bias])
            attribute("pads", [pads.top, pads.left, pads.bottom, pads.right])
            attribute("strides", [layer.strides.height, layer.strides.width])
            attribute("kernel_shape", [layer.kernel.height, layer.kernel.width])
            return result
        case .dense(let layer):
            scale *= 0.25
            let transposed = style.transposesGemm && !style.usesMatMul
            var stored = layer.weights
            if !transposed {
                for output in 0..<layer.outputs {
                    for input in 0..<layer.inputs {
                        stored[input * layer.outputs + output] =
                            layer.weight(output: output, input: input)
                    }
                }
            }
            let dims = transposed ? [layer.outputs, layer.inputs] : [layer.inputs, layer.outputs]
            let weights = scaled(stored, dims: dims, type: .int8, scale: 0.25)
            let bias = scaled(layer.bias, dims: [layer.outputs], type: .int32, scale: scale)
            guard style.usesMatMul else {
                let result = node("Gemm", [value, weights, bias])
                if transposed { attribute("transB", 1) }
                return result
            }
            return node("Add", [node("MatMul", [value, weights]), bias])
        }
    }

    /// What is left of an image without the rows and columns that negative padding takes.
    private mutating func slice(
        _ value: String, of image: ImageShape, by padding: Padding
    ) -> String {
        let (height, width) = (Int64(image.height), Int64(image.width))
        let tops = style.slicesFromEnd ? -height : 0
        let lefts = style.slicesFromEnd ? -width : 0
        let starts = [Int64(-padding.top) + tops, Int64(-padding.left) + lefts]
        // The end may be given as any number beyond, too.
        let ends = [
            padding.bottom == 0 ? .max : Int64(padding.bottom) + (style.slicesFromEnd ? 0 : height),
            Int64(padding.right) + width,
        ]
        guard style.namesSliceAxes else {
            let first = integers("starts", [0, 0] + starts, dims: [4], type: .int64)
            let last = integers("ends", [1, .max] + ends, dims: [4], type: .int64)
            return node("Slice", [value, first, last])
        }
        let first = integers("starts", [starts[1], starts[0]], dims: [2], type: .int64)
        let last = integers("ends", [ends[1], ends[0]], dims: [2], type: .int64)
        let axes = integers("axes", [3, -2], dims: [2], type: .int64)
        let steps = integers("steps", [1, 1], dims: [2], type: .int64)
        return node("Slice", [value, first, last, axes, steps])
    }

    private mutating func fresh(_ stem: String) -> String {
        names += 1
        return "\(stem)_\(names)"
    }

    @discardableResult
    mutating func node(_ operation: String, _ inputs: [String]) -> String {
        var node = ONNXNodeProto()
        node.opType = operation
        node.name = fresh(operation.lowercased())
        node.input = inputs
        node.output = [node.name + "_out"]
        graph.node.append(node)
        return node.output[0]
    }

    /// Adds an attribute to the last node.
    mutating func attribute(_ name: String, _ values: [Int]) {
        var attribute = ONNXAttributeProto()
        attribute.name = name
        attribute.type = 7
        attribute.ints = values.map(Int64.init)
        graph.node[graph.node.count - 1].attribute.append(attribute)
    }

    mutating func attribute(_ name: String, _ value: Int) {
        var attribute = ONNXAttributeProto()
        attribute.name = name
        attribute.type = 2
        attribute.i = Int64(value)
        graph.node[graph.node.count - 1].attribute.append(attribute)
    }

    mutating func attribute(_ name: String, _ value: String) {
        var attribute = ONNXAttributeProto()
        attribute.name = name
        attribute.type = 3
        attribute.s = .init(value.utf8)
        graph.node[graph.node.count - 1].attribute.append(attribute)
    }

    mutating func scaled(
        _ values: [Int64], dims: [Int], type: ONNXElementType, scale: Double
    ) -> String {
        let codes = integers("weights", values, dims: dims, type: type)
        return node("DequantizeLinear", [codes, float("scale", Float(scale))])
    }

    mutating func float(_ stem: String, _ value: Float) -> String {
        floats(stem, [value], dims: [])
    }

    mutating func floats(_ stem: String, _ values: [Float], dims: [Int]) -> String {
        var tensor = ONNXTensorProto()
        tensor.dataType = ONNXElementType.float.rawValue
        tensor.dims = dims.map(Int64.init)
        if style.usesTypedData {
            tensor.floatData = values
        } else {
            tensor.rawData = .init(
                values.flatMap { value in
                    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
                })
        }
        return add(tensor, stem)
    }

    mutating func integers(
        _ stem: String, _ values: [Int64], dims: [Int], type: ONNXElementType
    ) -> String {
        var tensor = ONNXTensorProto()
        tensor.dataType = type.rawValue
        tensor.dims = dims.map(Int64.init)
        if !style.usesTypedData {
            let size = [.int64: 8, .int32: 4, .int16: 2, .uint16: 2][type] ?? 1
            tensor.rawData = .init(
                values.flatMap { value in
                    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
                })
        } else if type == .int64 {
            tensor.int64Data = values
        } else {
            tensor.int32Data = values.map { Int32($0) }
        }
        return add(tensor, stem)
    }

    mutating func add(_ tensor: ONNXTensorProto, _ stem: String) -> String {
        var tensor = tensor
        tensor.name = fresh(stem)
        guard style.namesConstants else {
            graph.initializer.append(tensor)
            return tensor.name
        }
        var attribute = ONNXAttributeProto()
        attribute.name = "value"
        attribute.type = 4
        attribute.t = tensor
        var node = ONNXNodeProto()
        node.opType = "Constant"
        node.output = [tensor.name]
        node.attribute = [attribute]
        graph.node.append(node)
        return tensor.name
    }

    /// A float tensor of these sizes; nil is a symbol.
    static func info(_ name: String, _ dims: [Int?]) -> ONNXValueInfoProto {
        var info = ONNXValueInfoProto()
        info.name = name
        info.type.tensorType.elemType = 1
        info.type.tensorType.shape.dim = dims.map { size in
            var dim = ONNXTensorShapeProto.Dimension()
            if let size { dim.dimValue = Int64(size) } else { dim.dimParam = "N" }
            return dim
        }
        return info
    }
}
