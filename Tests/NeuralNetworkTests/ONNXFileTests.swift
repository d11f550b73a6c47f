// SPDX-License-Identifier: Apache-2.0

import Foundation
import ONNXModels
import Quantization
import Samples
import SwiftProtobuf
import TensorGraphs
import Testing

/// One of Tests/Vectors/onnx.json: a model as exporters and quantizers write it, with onnxruntime's answers.
struct ONNXCase: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let model: Data
    let samples: [[Float]]?
    let outputs: [[Float]]?
    let refusal: String?

    var testDescription: String { name }

    func load() throws -> ONNXModel { try ONNXModel.load([UInt8](model)) }

    func proto() throws -> ONNXModelProto {
        try ONNXModelProto(serializedBytes: [UInt8](model))
    }

    static let all: [ONNXCase] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Vectors/onnx.json")
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try! decoder.decode([ONNXCase].self, from: Data(contentsOf: file))
    }()

    static func named(_ name: String) throws -> ONNXCase {
        try #require(all.first { $0.name == name })
    }
}

@Suite struct ONNXFileTests {
    @Test(arguments: ONNXCase.all.filter { $0.refusal == nil })
    func referenceGivesTheRuntimesAnswer(of example: ONNXCase) throws {
        let graph = try example.load().tensorGraph()
        let reference = FloatReference(graph)
        let samples = try #require(example.samples)
        let outputs = try #require(example.outputs)
        #expect(!samples.isEmpty && samples.count == outputs.count)
        for (sample, expected) in zip(samples, outputs) {
            let found = try reference.logits(sample).map(graph.meanings[0].number)
            try #require(found.count == expected.count)
            let size = expected.reduce(Float(1e-3)) { max($0, abs($1)) }
            for (a, b) in zip(found, expected) {
                #expect(abs(a - b) <= 3e-6 * size, "\(found) for \(expected)")
            }
        }
    }

    @Test(arguments: ONNXCase.all.filter { $0.refusal != nil })
    func whatCannotBeTakenIsRefused(_ example: ONNXCase) throws {
        let text = try #require(example.refusal)
        #expect {
            _ = try example.load().tensorGraph()
        } throws: { error in
            error is ONNXError && "\(error)".contains(text)
        }
    }

    private func rings() throws -> (model: ONNXModel, samples: SampleSet, labels: [Int]) {
        let example = try ONNXCase.named("rings-quantized")
        let samples = try #require(example.samples)
        let labels = try #require(example.outputs).map { $0[0] > $0[1] ? 0 : 1 }
        // The runtime tells the rings apart.
        #expect(labels == samples.indices.map { $0 % 2 })
        return (
            try example.load(), SampleSet(samples, sampleShape: [2]), labels
        )
    }

    /// The quantizer of onnxruntime drops a Relu whose saturation does the same.
    @Test func saturationIsAnActivation() throws {
        let (model, samples, labels) = try rings()
        let network = try RealNetwork(model.tensorGraph())
        #expect(network.depth == 2)
        let quantized = try Quantizer(model, calibration: samples, labels: labels).quantize()
        // That of the outputs changes nothing and costs nothing.
        #expect(
            quantized.report.activations.map(\.function).allSatisfy { $0.hasPrefix("clip(x; 0.0") })
        #expect(quantized.report.activations.count == 1)
        #expect(quantized.report.float.accuracy == 1)
        #expect(quantized.report.integer.accuracy ?? 0 >= 0.95)
        #expect(quantized.report.dropped.contains { $0.hasPrefix("y_QuantizeLinear") })
    }

    /// What a report calls the float model is what the runtime computes, rounding and all.
    @Test func floatModelOfAReportIsTheModel() throws {
        let example = try ONNXCase.named("rings-quantized")
        let reference = try RealReference(example.load())
        for (sample, expected) in zip(try #require(example.samples), try #require(example.outputs))
        {
            #expect(try reference.outputs(sample).map { Float($0) } == expected)
        }
    }

    @Test func fixedBatchIsTold() throws {
        let graph = try ONNXCase.named("fixed-batch").load().tensorGraph()
        #expect(graph.values[0].shape == [1, 2, 3])
        #expect(try RealNetwork(graph).folded.contains { $0.contains("batch of 4") })
    }

    @Test(arguments: [
        ("<!DOCTYPE html><html>", "HTML"), ("version https://git-lfs.github.com/spec/v1\n", "lfs"),
        ("PK\u{3}\u{4}____archive/data.pkl", "PyTorch"), ("{\"a\": 1}", "JSON"), ("", "empty"),
    ])
    func otherFilesAreNamed(content: String, name: String) {
        #expect {
            _ = try ONNXModel.load(Array(content.utf8))
        } throws: { error in
            "\(error)".contains(name)
        }
    }

    @Test(
        arguments: [
            ([0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10], "Keras"), ([0x80, 4, 0x95, 0, 0], "pickle"),
            ([28, 0, 0, 0, 0x54, 0x46, 0x4C, 0x33], "TensorFlow Lite"),
            ([64, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x22, 0x61], "safetensors"),
            ([0xFF, 0xFF, 1, 2], "no ONNX file"),
        ] as [([UInt8], String)])
    func otherBinariesAreNamed(content: [UInt8], name: String) {
        #expect {
            _ = try ONNXModel.load(content)
        } throws: { error in
            "\(error)".contains(name)
        }
    }
}
