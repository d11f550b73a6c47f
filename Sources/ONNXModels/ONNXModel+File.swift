// SPDX-License-Identifier: Apache-2.0

import Files
import SwiftProtobuf

extension ONNXModel {
    /// Reads a file, and what it keeps in files beside it.
    ///
    /// - Throws: `FileError` or `ONNXError`.
    package static func load(path: String) throws -> ONNXModel { try load(bytes(path: path)) }

    /// A model's bytes with all its data in them: those of the file itself, or, where tensors lie in other files of its
    /// folder, of the same model with these put in place. At most `maximumBytes` together.
    ///
    /// - Throws: `FileError` or `ONNXError`.
    package static func bytes(path: String) throws -> [UInt8] {
        let bytes = try RegularFile.bytes(of: path, limit: maximumBytes)
        // What is no model is told by whoever loads it.
        guard var proto = try? decoded(bytes), proto.hasGraph else { return bytes }
        var external = ExternalData(model: path, room: maximumBytes - bytes.count)
        try external.inline(&proto.graph)
        for index in proto.functions.indices {
            try external.inline(&proto.functions[index].node)
        }
        return external.isUsed ? try proto.serializedBytes() : bytes
    }

    static func decoded(_ bytes: [UInt8]) throws -> ONNXModelProto {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 32
        options.discardUnknownFields = true
        return try ONNXModelProto(serializedBytes: bytes, options: options)
    }
}

/// Tensors whose data lie in other files of a model's folder.
private struct ExternalData {
    /// Of the model.
    let folder: String
    /// Bytes that may still be read.
    var room: Int
    private(set) var isUsed = false
    private var files: [String: RegularFile] = [:]

    init(model path: String, room: Int) {
        let end = path.lastIndex(of: "/")
        folder = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        self.room = room
    }

    mutating func inline(_ graph: inout ONNXGraphProto) throws {
        for index in graph.initializer.indices { try inline(&graph.initializer[index]) }
        try inline(&graph.node)
    }

    mutating func inline(_ nodes: inout [ONNXNodeProto]) throws {
        for node in nodes.indices {
            for index in nodes[node].attribute.indices {
                if nodes[node].attribute[index].hasT {
                    try inline(&nodes[node].attribute[index].t)
                }
                if nodes[node].attribute[index].hasG {
                    try inline(&nodes[node].attribute[index].g)
                }
            }
        }
    }

    private mutating func inline(_ tensor: inout ONNXTensorProto) throws {
        guard tensor.dataLocation == 1 else { return }
        let name = tensor.name
        func fail(_ reason: String) -> ONNXError { .invalidTensor(name: name, reason: reason) }
        guard tensor.rawData.isEmpty else { throw fail("data of its own and in another file") }
        var entries: [String: String] = [:]
        for entry in tensor.externalData { entries[entry.key] = entry.value }
        guard let location = entries["location"] else {
            throw fail("data in another file, without the file's name")
        }
        func number(_ key: String) throws -> Int? {
            guard let text = entries[key] else { return nil }
            guard let number = Int(text), number >= 0 else {
                throw fail("the \(key) '\(text)' of its data in '\(location)'")
            }
            return number
        }
        let file = try open(location, fail)
        let offset = try number("offset") ?? 0
        guard offset <= file.count else {
            throw fail("its data begin at byte \(offset) of '\(location)', which has \(file.count)")
        }
        let length = try number("length") ?? (file.count - offset)
        guard length <= file.count - offset else {
            throw fail(
                "its data are \(length) bytes from byte \(offset) of '\(location)', which has \(file.count): is the file complete, and the one that was exported with this model?"
            )
        }
        guard length <= room else {
            throw ONNXError.tooLarge(
                bytes: ONNXModel.maximumBytes - room + length, limit: ONNXModel.maximumBytes)
        }
        room -= length
        tensor.rawData = .init(try file.bytes(length, at: offset))
        tensor.dataLocation = 0
        tensor.externalData = []
        isUsed = true
    }

    /// A file in the model's folder: nothing that a model names may lead out of it.
    private mutating func open(
        _ location: String, _ fail: (String) -> ONNXError
    ) throws -> RegularFile {
        if let file = files[location] { return file }
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.isEmpty, !location.utf8.contains(0), !location.hasPrefix("/"),
            !parts.contains("..")
        else {
            throw fail(
                "data in '\(location)'; a file in the model's own folder is read, and none outside it"
            )
        }
        let path = "\(folder)/\(location)"
        guard FileSystem.exists(path) else {
            throw fail(
                "its data are in '\(location)', which is not beside the model: put the file there, under this name"
            )
        }
        guard let root = FileSystem.resolved(folder), let target = FileSystem.resolved(path),
            target.hasPrefix(root == "/" ? root : root + "/")
        else {
            throw fail(
                "data in '\(location)', a link that leads out of the model's folder; put the file itself there"
            )
        }
        let file = try RegularFile(target)
        files[location] = file
        return file
    }
}
