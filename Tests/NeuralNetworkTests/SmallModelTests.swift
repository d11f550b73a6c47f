// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import Quantization
import Samples
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

/// Files of a few hundred bytes that ask for millions of elements: refused by counts, before anything is allocated.
@Suite struct SmallModelTests {
    private static let million = 1 << 20

    /// A constant that the file doesn't hold.
    private static func filled(
        _ builder: inout ONNXBuilder, _ shape: [Int], _ type: ONNXElementType = .float
    ) -> String {
        let value = builder.node("ConstantOfShape", [builder.integers(shape.map { Int64($0) })])
        guard type != .float else { return value }
        let result = builder.node("Cast", [value])
        builder.attribute("to", Int(type.rawValue))
        return result
    }

    private static func numbers(_ builder: inout ONNXBuilder, _ count: Int) -> String {
        let bounds = [0, Float(count), 1].map { builder.floats("bound", [$0], dims: []) }
        return builder.node("Range", bounds)
    }

    /// Models that cost seconds or hundreds of megabytes where elements aren't counted.
    private static let hostile: [String: @Sendable () -> (ONNXBuilder, output: String)] = [
        "the input": {
            var builder = ONNXBuilder(input: [1, 3 * million])
            let output = builder.node("Neg", ["x"])
            return (builder, output)
        },
        "SpaceToDepth": {
            var builder = ONNXBuilder(input: [1, 2, 4, million])
            let value = builder.node("SpaceToDepth", ["x"])
            builder.attribute("blocksize", 2)
            return (builder, value)
        },
        "AveragePool of many": {
            var builder = ONNXBuilder(input: [1, 251_925, 5, 5])
            let value = builder.node("AveragePool", ["x"])
            builder.attribute("kernel_shape", [2, 2])
            builder.attribute("strides", [2, 2])
            return (builder, value)
        },
        "AveragePool of wide windows": {
            var builder = ONNXBuilder(input: [1, 1, 8192])
            let value = builder.node("AveragePool", ["x"])
            builder.attribute("kernel_shape", [2048])
            return (builder, value)
        },
        "MaxPool": {
            var builder = ONNXBuilder(input: [1, 1, 1024, 1024])
            let value = builder.node("MaxPool", ["x"])
            builder.attribute("kernel_shape", [2, 2])
            return (builder, value)
        },
        "Conv of a filled kernel": {
            var builder = ONNXBuilder(input: [1, 1, 512, 512])
            let weights = filled(&builder, [1, 1, 64, 64])
            let output = builder.node("Conv", ["x", weights])
            return (builder, output)
        },
        "Convs one after another": {
            var builder = ONNXBuilder(input: [1, 1, 256, 256])
            let weights = filled(&builder, [1, 1, 9, 9])
            var value = "x"
            for _ in 0..<8 { value = builder.node("Conv", [value, weights]) }
            return (builder, value)
        },
        "Tile": {
            var builder = ONNXBuilder(input: [1, 4])
            let repeats = builder.integers([1, Int64(million)])
            let output = builder.node("Tile", ["x", repeats])
            return (builder, output)
        },
        "Expand": {
            var builder = ONNXBuilder(input: [1, 4, 1])
            let shape = builder.integers([1, 4, Int64(million)])
            let output = builder.node("Expand", ["x", shape])
            return (builder, output)
        },
        "Pad": {
            var builder = ONNXBuilder(input: [1, 4])
            let pads = builder.integers([0, Int64(2 * million), 0, Int64(2 * million)])
            let output = builder.node("Pad", ["x", pads])
            return (builder, output)
        },
        "Gather": {
            var builder = ONNXBuilder(input: [1, 4])
            let places = filled(&builder, [2 * million], .int64)
            let value = builder.node("Gather", ["x", places])
            builder.attribute("axis", 1)
            return (builder, value)
        },
        "Concat of itself": {
            var builder = ONNXBuilder(input: [1, 4])
            var value = "x"
            for _ in 0..<20 {
                value = builder.node("Concat", [value, value])
                builder.attribute("axis", 1)
            }
            return (builder, value)
        },
        "Range": {
            var builder = ONNXBuilder(input: [1, 1])
            let list = numbers(&builder, 2 * million)
            let output = builder.node("Add", ["x", list])
            return (builder, output)
        },
        "sums of constants": {
            var builder = ONNXBuilder(input: [1, 1])
            var value = numbers(&builder, million / 4)
            for _ in 0..<32 { value = builder.node("Add", [value, value]) }
            let output = builder.node("Add", ["x", value])
            return (builder, output)
        },
        "Gemm of constants": {
            var builder = ONNXBuilder(input: [1, 4])
            let matrix = filled(&builder, [256, 256])
            let product = builder.node("Gemm", [matrix, matrix])
            let sum = builder.node("ReduceSum", [product])
            let output = builder.node("Add", ["x", sum])
            return (builder, output)
        },
        "MatMul": {
            var builder = ONNXBuilder(input: [1, 1024])
            let weights = filled(&builder, [1024, 1024])
            let output = builder.node("MatMul", ["x", weights])
            return (builder, output)
        },
        "MatMul of activations": {
            var builder = ONNXBuilder(input: [1, 300, 300])
            let output = builder.node("MatMul", ["x", "x"])
            return (builder, output)
        },
        "Sigmoids one after another": {
            var builder = ONNXBuilder(input: [1, million / 8])
            var value = "x"
            for _ in 0..<32 { value = builder.node("Sigmoid", [value]) }
            return (builder, value)
        },
    ]

    private static func load(_ made: (ONNXBuilder, output: String)) throws -> ONNXModel {
        let bytes: [UInt8] = try made.0.model([made.output]).serializedBytes()
        #expect(bytes.count < 4096)
        return try ONNXModel.load(bytes)
    }

    @Test(arguments: hostile.keys.sorted())
    func hostileModel(name: String) throws {
        let make = try #require(Self.hostile[name])
        let model = try Self.load(make())
        #expect {
            _ = try model.tensorGraph()
        } throws: { error in
            error is ONNXError && "\(error)".contains("are accepted of a model that stores")
        }
    }

    /// Integers that a model states are held to the same.
    @Test func statedIntegers() throws {
        var builder = ONNXBuilder(input: [1, 1, 200, 200])
        let scale = builder.floats("scale", [0.25], dims: [])
        let zero = builder.integers("zero", [0], dims: [], type: .int8)
        var value = builder.node("QuantizeLinear", ["x", scale, zero])
        value = builder.node("DequantizeLinear", [value, scale, zero])
        let codes = builder.integers(
            "codes", (0..<800).map { Int64($0 % 7) }, dims: [2, 1, 20, 20], type: .int8)
        let weights = builder.node("DequantizeLinear", [codes, scale, zero])
        value = builder.node("Conv", [value, weights])
        let model = try Self.load((builder, value))
        #expect {
            _ = try model.integerNetwork()
        } throws: { error in
            error is ONNXError && "\(error)".contains("are accepted of a model that stores")
        }
    }

    /// The budget counts elements exactly: the input's, those of each tensor that is made, and no others.
    @Test func limitIsExact() throws {
        func graph(_ count: Int) throws -> TensorGraph {
            var builder = ONNXBuilder(input: [1, 1])
            let repeats = builder.integers([1, Int64(count)])
            let value = builder.node("Tile", ["x", repeats])
            return try Self.load((builder, value)).tensorGraph()
        }
        // Two numbers are stored; the Tile's shape is counted before its offsets are made, and again after.
        let limit = GraphBudget(stored: 2).elements
        #expect(limit == 1 << 21 + 32)
        let largest = (limit - 1) / 3
        #expect(try graph(largest).values.last?.count == largest)
        #expect(throws: ONNXError.self) { try graph(largest + 1) }
    }

    /// What a file stores raises its limits.
    @Test func limitsGrowWithWhatIsStored() {
        let (small, large) = (GraphBudget(stored: 0), GraphBudget.largest)
        #expect(small.elements == 1 << 21 && large.elements == 1 << 26)
        #expect(small.multiplications == 1 << 22)
        #expect(small.values == 1 << 17 && large.values == 1 << 24)
        #expect(small.entries == 1 << 20 && small.compositions == 1 << 26)
        #expect(GraphBudget(stored: .max) == large && GraphBudget(stored: -1) == small)
    }

    // MARK: Networks

    private func network(_ graph: TensorGraph, stored: Int) throws -> RealNetwork {
        try RealNetwork(
            TensorGraph(
                values: graph.values, nodes: graph.nodes, outputs: graph.outputs,
                budget: GraphBudget(stored: stored)))
    }

    @Test func valuesAndEntriesAreCounted() throws {
        let builder = TensorGraphBuilder(input: [256])
        var value = 0
        // Each is a square of other values, so 256 elements and a node of its own.
        for _ in 0..<3 {
            value = builder.dense(
                value, weights: (0..<256 * 256).map { Float($0 % 5) }, outputs: 256)
            value = builder.multiply(value, value)
        }
        let graph = builder.graph([value])
        // Maps are charged when they are made and when they are applied: 256 rows and their entries without zeros.
        #expect(try network(graph, stored: 0).nodes.count == 6)
        let count = 1 << 16
        let wide = TensorGraphBuilder(input: [count])
        var sum = 0
        for _ in 0..<3 {
            // A reversal, so that each function is of another value.
            let reversed = TensorOperation.gather(
                indices: (0..<Int32(count)).reversed(), fill: 0)
            sum = wide.add("Slice", reversed, [wide.function(sum, .sigmoid)], shape: [count])
        }
        // Functions at the end are the client's: weights after them.
        sum = wide.dense(
            sum, weights: [Float](repeating: 1, count: count), outputs: 1)
        let chain = wide.graph([sum])
        #expect {
            _ = try network(chain, stored: 0)
        } throws: { error in
            "\(error)".contains("are accepted of a model that stores 0 numbers")
                && error is QuantizationError
        }
        #expect(try network(chain, stored: 1 << 16).nodes.count > 0)
    }

    /// Maps that would take too many multiplications to compose stay apart.
    @Test func compositionsAreCounted() throws {
        let builder = TensorGraphBuilder(input: [420])
        var value = 0
        for seed in 0..<2 {
            value = builder.dense(
                value, weights: (0..<420 * 420).map { Float(($0 * 7 + seed) % 11 + 1) },
                outputs: 420)
        }
        let graph = builder.graph([value])
        // 420^3 multiplications are more than 2^26.
        #expect(try network(graph, stored: 0).nodes.count == 2)
        #expect(try network(graph, stored: 2 * 420 * 420).nodes.count == 1)
    }

    /// Bits are searched for as long as the samples are worth it.
    @Test func searchIsLimited() throws {
        let count = 1 << 14
        let builder = TensorGraphBuilder(input: [2])
        let value = builder.dense(
            0, weights: (0..<2 * count).map { Float($0 % 13) - 6.25 }, outputs: count)
        let graph = builder.graph([value])
        func measures(stored: Int) throws -> (count: Int, limit: Int) {
            try Quantizer(
                graph: TensorGraph(
                    values: graph.values, nodes: graph.nodes, outputs: graph.outputs,
                    budget: GraphBudget(stored: stored)),
                calibration: SampleSet(
                    (0..<64).map { [Float($0) / 64, 1 - Float($0 * $0) / 999] }, sampleShape: [2])
            ).measures
        }
        let (few, many) = (try measures(stored: 0), try measures(stored: 2 * count))
        // (32768 entries + 4 * 16386 elements) * (64 samples + 4), and 512 times 16384 rows and 32768 entries.
        let work = 98_312 * 68 + 512 * 49_152
        #expect((1 << 27 + 128 << 16) / work < 8 && few.limit == 8)
        #expect(many.limit == (1 << 27 + (2 * count + 128) << 18) / work)
        #expect(few.count <= few.limit && few.count < many.count && many.count <= many.limit)
    }

    // MARK: Convolutions in matrices

    private static func convolution(
        _ seed: UInt64, stride: Int, maps: Int = 2
    ) -> RealConvolution {
        var generator = SplitMix64(seed: seed)
        let input = ImageShape(channels: 2, height: 9, width: 11)
        let kernel = Extent(height: 3, width: 2)
        let output = ImageShape(
            channels: maps, height: (9 + 1 - 3) / stride + 1, width: (11 - 2) / stride + 1)
        return RealConvolution(
            weights: (0..<maps * 2 * 6).map { _ in
                Double(Int.random(in: 1...9, using: &generator))
            }, input: input, output: output, kernel: kernel,
            strides: Extent(height: stride, width: stride),
            padding: Padding(
                top: 1, left: 0, bottom: (output.height - 1) * stride + 3 - 10,
                right: (output.width - 1) * stride + 2 - 11))
    }

    @Test(arguments: 1...3, 0..<4 as Range<UInt64>)
    func convolutionIsFound(stride: Int, seed: UInt64) throws {
        let convolution = Self.convolution(seed, stride: stride)
        let matrix = convolution.matrix()
        var detector = ConvolutionDetector(
            matrix, input: convolution.input, output: convolution.output)
        let result = detector.find()
        let found = try #require(result)
        #expect(found.matrix() == matrix)
        #expect(found.strides == convolution.strides)
        #expect(detector.reads <= 2 * 64 * matrix.entriesCount)
        // One weight of one output is another: no convolution.
        for entry in [0, matrix.entriesCount / 2, matrix.entriesCount - 1] {
            var weights = matrix.weights
            weights[entry] += 0.5
            let other = RealMatrix(
                rowStarts: (0...matrix.rows).map { row in
                    row == 0 ? 0 : matrix.entries(ofRow: row - 1).upperBound
                }, columnIndices: matrix.columnIndices, weights: weights, columns: matrix.columns)
            #expect(
                ConvolutionDetector.convolution(
                    of: other, input: convolution.input, output: convolution.output) == nil)
        }
    }

    /// A full matrix is no convolution, which its first rows tell for every stride.
    @Test func fullMatrixIsLeftEarly() throws {
        let shape = ImageShape(channels: 1, height: 16, width: 16)
        var matrix = RealMatrix(columns: shape.count)
        for row in 0..<shape.count {
            for column in 0..<shape.count {
                matrix.append(column: column, weight: Double(row * 3 + column + 1))
            }
            matrix.endRow()
        }
        var detector = ConvolutionDetector(matrix, input: shape, output: shape)
        #expect(detector.find() == nil)
        // Two rows of 256 for each of 3 times 3 strides.
        #expect(detector.reads == 9 * 2 * 256)
    }
}
