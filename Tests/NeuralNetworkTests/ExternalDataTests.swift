// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import ONNXModels
import SwiftProtobuf
import TensorGraphs
import Testing

/// Models whose weights lie in a file beside them.
@Suite final class ExternalDataTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("external-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("model/parts"), withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private var path: String { folder.appendingPathComponent("model/m.onnx").path }

    private func write(_ floats: [Float], to name: String, after offset: Int = 0) throws {
        var data = Data(repeating: 0xAA, count: offset)
        for value in floats { withUnsafeBytes(of: value.bitPattern.littleEndian) { data += $0 } }
        try data.write(to: folder.appendingPathComponent("model/" + name))
    }

    /// y = x W, W in the file that the entries name.
    private func model(_ entries: [(String, String)]) throws -> [UInt8] {
        var builder = ONNXBuilder(input: [nil, 2])
        let weights = builder.floats("weights", [], dims: [2, 2])
        let output = builder.node("MatMul", ["x", weights])
        var model = builder.model([output])
        model.graph.initializer[0].dataLocation = 1
        model.graph.initializer[0].externalData = entries.map { key, value in
            var entry = ONNXStringStringEntryProto()
            (entry.key, entry.value) = (key, value)
            return entry
        }
        let bytes: [UInt8] = try model.serializedBytes()
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return bytes
    }

    private func refuses(_ entries: [(String, String)], _ text: String) throws {
        _ = try model(entries)
        #expect {
            _ = try ONNXModel.load(path: path)
        } throws: { error in
            "\(error)".contains(text) && "\(error)".contains("weights")
        }
    }

    @Test(arguments: [("m.data", 0), ("m.data", 12), ("parts/w", 4)])
    func dataBesideTheModelAreRead(name: String, offset: Int) throws {
        try write([1, 2, 3, 4], to: name, after: offset)
        var entries = [("location", name), ("offset", "\(offset)"), ("length", "16")]
        let bytes = try model(entries)
        let reference = try FloatReference(ONNXModel.load(path: path))
        #expect(try reference.logits([1, 10]) == [31, 42])
        // The bytes are a model of their own.
        #expect(
            try FloatReference(ONNXModel.load(ONNXModel.bytes(path: path))).logits([1, 0]) == [
                1, 2,
            ])
        // Alone, without a folder, they are refused.
        #expect {
            _ = try ONNXModel.load(bytes)
        } throws: { error in
            "\(error)".contains("another file, '\(name)'")
        }
        // A length left out reaches to the end.
        entries.removeLast()
        _ = try model(entries)
        #expect(try FloatReference(ONNXModel.load(path: path)).logits([0, 1]) == [3, 4])
    }

    @Test func nothingOutsideTheFolderIsRead() throws {
        try write([1, 2, 3, 4], to: "../secret")
        try refuses([("location", "../secret")], "own folder")
        try refuses([("location", "parts/../../secret")], "own folder")
        try refuses([("location", folder.appendingPathComponent("secret").path)], "own folder")
        try refuses([("location", "")], "own folder")
        let link = folder.appendingPathComponent("model/link")
        try FileManager.default.createSymbolicLink(
            at: link, withDestinationURL: folder.appendingPathComponent("secret"))
        try refuses([("location", "link")], "leads out")
        try refuses([("location", "parts")], "regular file", isFolder: true)
    }

    private func refuses(
        _ entries: [(String, String)], _ text: String, isFolder: Bool
    ) throws {
        _ = try model(entries)
        #expect {
            _ = try ONNXModel.load(path: path)
        } throws: { error in
            "\(error)".contains(text)
        }
    }

    @Test func missingAndShortFilesAreTold() throws {
        try refuses([("location", "none")], "not beside the model")
        try refuses([], "without the file's name")
        try write([1, 2, 3], to: "m.data")
        try refuses([("location", "m.data")], "sizes ask for 16 bytes and 12")
        try refuses([("location", "m.data"), ("length", "16")], "complete")
        try refuses([("location", "m.data"), ("offset", "13")], "byte 13")
        try refuses([("location", "m.data"), ("offset", "-4")], "offset '-4'")
        try refuses([("location", "m.data"), ("length", "9999999999999999999")], "length")
    }
}
