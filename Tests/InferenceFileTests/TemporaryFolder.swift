// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation

/// A folder of its own, removed at the end.
final class TemporaryFolder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "blindsight-\(UUID().uuidString)"
            ).path
        try FileSystem.makeFolder(path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    var names: [String] { get throws { try FileSystem.names(in: path).sorted() } }
}
