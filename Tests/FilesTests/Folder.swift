// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import Testing

/// A folder of its own for each test, removed at the end.
final class Folder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "blindsight-files-\(UUID().uuidString)"
            ).path
        try FileSystem.makeFolder(path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Permissions of a file.
    func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: self(name))
        return try #require(attributes[.posixPermissions] as? Int)
    }

    func contents(_ name: String) throws -> [UInt8] {
        try RegularFile.bytes(of: self(name), limit: 1 << 20)
    }

    func makePipe(_ name: String) { #expect(mkfifo(self(name), 0o600) == 0) }
}

/// Bytes that differ from their neighbours.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) } }
