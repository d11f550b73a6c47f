// SPDX-License-Identifier: Apache-2.0

import Foundation
import ONNXModels
import SwiftProtobuf
import TensorGraphs

/// One case of ONNX's own operator tests: a model, inputs and the outputs that it must give.
struct ConformanceCase {
    enum Result {
        case passed
        /// With all inputs constant, folded while it is imported.
        case folded
        case refused(String)
        case failed(String)
    }

    let name: String
    let model: ONNXModelProto
    private let folder: URL

    init(_ folder: URL) throws {
        self.folder = folder
        name = folder.lastPathComponent
        model = try ONNXModelProto(
            serializedBytes: Data(contentsOf: folder.appendingPathComponent("model.onnx")))
    }

    /// Names of the operators, with the domain of those that aren't standard.
    var operators: [String] {
        model.graph.node.map { node in
            node.domain.isEmpty || node.domain == "ai.onnx"
                ? node.opType : "\(node.domain).\(node.opType)"
        }
    }

    /// Where the results are listed: under the operator, or the function that was written out.
    var title: String {
        let names = operators
        return names.count == 1 && !name.contains("_expanded") ? names[0] : "functions"
    }

    /// Every data set, with each float input in turn as the one that is not constant, or none. All that is accepted
    /// must be right, and something must be accepted.
    func run() throws -> Result {
        var refusal: String?
        var passes = 0
        var varies = false
        let sets = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasPrefix("test_data_set_") }.sorted()
        for set in sets {
            let data = folder.appendingPathComponent(set)
            let inputs = try tensors(data, "input", count: model.graph.input.count)
            let outputs = try tensors(data, "output", count: model.graph.output.count)
            let floats = model.graph.input.indices.filter {
                model.graph.input[$0].type.tensorType.elemType == 1
            }
            // Where none may vary, all may be constant.
            var passesHere = 0
            for variable in floats.map(Optional.some) + [nil] {
                if variable == nil, passesHere > 0 { continue }
                switch evaluate(inputs, variable: variable, expected: outputs) {
                case .passed, .folded:
                    passesHere += 1
                    if variable != nil { varies = true }
                case .failed(let reason): return .failed(reason)
                case .refused(let reason): refusal = refusal ?? reason
                }
            }
            passes += passesHere
        }
        guard passes > 0 else { return .refused(refusal ?? "no data") }
        return varies ? .passed : .folded
    }

    private func tensors(_ folder: URL, _ kind: String, count: Int) throws -> [ONNXTensorProto] {
        try (0..<count).map {
            try ONNXTensorProto(
                serializedBytes: Data(
                    contentsOf: folder.appendingPathComponent("\(kind)_\($0).pb")))
        }
    }

    private func evaluate(
        _ inputs: [ONNXTensorProto], variable: Int?, expected: [ONNXTensorProto]
    ) -> Result {
        var proto = model
        proto.irVersion = max(proto.irVersion, 4)
        proto.graph.input = []
        for (index, tensor) in inputs.enumerated() where index != variable {
            var constant = tensor
            constant.name = model.graph.input[index].name
            proto.graph.initializer.append(constant)
        }
        do {
            var sample: [Float] = [0]
            if let variable {
                proto.graph.input = [model.graph.input[variable]]
                let tensor = try ONNXTensor(inputs[variable], name: "input")
                sample = (tensor.reals ?? []).map { Float($0) }
            } else {
                var unused = ONNXValueInfoProto()
                unused.name = "an input that nothing reads"
                unused.type.tensorType.elemType = 1
                proto.graph.input = [unused]
            }
            let graph = try ONNXModel(proto, for: .evaluation).tensorGraph()
            let found = try FloatReference(graph).outputs(sample)
            for (index, tensor) in expected.enumerated() {
                let output = try ONNXTensor(tensor, name: model.graph.output[index].name)
                let shape = graph.values[graph.outputs[index]].shape
                if let difference = Self.difference(found[index], shape, output) {
                    return .failed("'\(output.name)': \(difference)")
                }
            }
            return .passed
        } catch let error as ONNXError {
            return .refused(error.description)
        } catch {
            return .failed("\(error)")
        }
    }

    /// What differs by more than 1e-4, absolute and relative together; nil where nothing does.
    private static func difference(
        _ found: [Float], _ shape: [Int], _ tensor: ONNXTensor
    ) -> String? {
        guard shape == tensor.dims else { return "sizes \(shape), not \(tensor.dims)" }
        let expected = tensor.reals ?? tensor.integers?.map { Double($0) } ?? []
        guard expected.count == found.count else {
            return "\(found.count) values, not \(expected.count)"
        }
        for (index, (value, right)) in zip(found, expected).enumerated() {
            let isClose =
                Double(value) == right || (value.isNaN && right.isNaN)
                || abs(Double(value) - right) <= 1e-4 * (1 + abs(right))
            guard isClose else { return "value \(index) is \(value), not \(right)" }
        }
        return nil
    }
}
