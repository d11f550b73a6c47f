// SPDX-License-Identifier: Apache-2.0

import Files
import Inference
import InferenceClient
import ONNXModels
import Quantization
import Samples
import TensorGraphs
import Wire

/// What reads bytes from outside, and what it does with bytes that it takes. Errors of the types that this may lead to
/// are what is wanted; any other error is a finding, as a trap is.
package enum FuzzTarget: Hashable, Sendable, CaseIterable {
    case onnx
    case npy
    case npz
    case idx
    case csv
    case gzip
    case artifact(ArtifactKind)

    package static var allCases: [FuzzTarget] {
        [.onnx, .npy, .npz, .idx, .csv, .gzip] + ArtifactKind.allCases.map { .artifact($0) }
    }

    package var name: String {
        switch self {
        case .onnx: "onnx"
        case .npy: "npy"
        case .npz: "npz"
        case .idx: "idx"
        case .csv: "csv"
        case .gzip: "gzip"
        case .artifact(let kind): kind.name.replacing(" ", with: "-")
        }
    }

    package init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// Whether bytes were taken.
    ///
    /// Behind a checksum or a digest nothing would be tried, so those of an artifact are made right before it is read.
    /// - Throws: what no bytes may lead to.
    @discardableResult
    package func run(_ bytes: [UInt8]) throws -> Bool {
        do {
            switch self {
            case .onnx: try Self.importModel(bytes)
            // Told apart by content, as everywhere.
            case .npy, .npz, .idx, .csv, .gzip: try Self.read(bytes)
            case .artifact(let kind): try Self.use(bytes, as: kind)
            }
            return true
        } catch  where isExpected(error) {
            return false
        }
    }

    private func isExpected(_ error: any Error) -> Bool {
        switch self {
        case .onnx: error is ONNXError || error is QuantizationError
        case .npy, .npz, .idx, .csv, .gzip: error is SampleError
        case .artifact: Party.isTyped(error)
        }
    }

    /// All that is done with a model before samples are needed.
    private static func importModel(_ bytes: [UInt8]) throws {
        let model = try ONNXModel.load(bytes)
        _ = try? model.integerNetwork()
        let graph = try model.tensorGraph()
        let count = graph.values.reduce(0) { $0 + $1.count }
        if count <= 1 << 14 {
            let values = try FloatReference(graph).evaluate(
                (0..<graph.values[0].count).map { Float($0 % 7) - 3 })
            for (value, found) in zip(graph.values, values) {
                precondition(value.count == found.count, "a value of another size than its shape")
            }
        }
        _ = try RealNetwork(graph)
    }

    private static func read(_ bytes: [UInt8]) throws(SampleError) {
        for header in CSVHeader.allCases {
            let reading = SampleReading(header: header, expectedCount: 1)
            _ = try? SampleFile.parse(bytes, as: reading, limit: 1 << 20)
            _ = try? SampleFile.labels(
                bytes, names: ["a", "5"], as: reading, limit: 1 << 20)
        }
        let set = try SampleFile.parse(bytes, limit: 1 << 20)
        for index in 0..<min(set.count, 4) {
            precondition(set.sample(at: index).count == set.sampleCount)
        }
        _ = try? SampleFile.labels(bytes, limit: 1 << 20)
    }

    private static func use(_ bytes: [UInt8], as kind: ArtifactKind) throws {
        // The first byte that the format keeps for nothing else says whose file it shall be.
        let parties = Party.all
        let party = parties[Int(bytes.dropFirst(12).first ?? 0) % parties.count]
        try party.use(Seal.sealed(bytes, as: kind, party: party), as: kind)
    }
}
