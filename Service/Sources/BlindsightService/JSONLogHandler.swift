// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging

/// A line of JSON an event, on standard error.
public struct JSONLogHandler: LogHandler {
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    private let label: String

    public init(label: String) { self.label = label }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(
        level: Logger.Level, message: Logger.Message, metadata more: Logger.Metadata?,
        source: String, file: String,
        function: String, line: UInt
    ) {
        var object: [String: String] = [
            "time": Date().formatted(.iso8601), "level": level.rawValue,
            "message": message.description.printable,
        ]
        for (key, value) in metadata.merging(more ?? [:], uniquingKeysWith: { $1 }) {
            object[key] = value.description.printable
        }
        guard let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
        else { return }
        FileHandle.standardError.write(data + Data("\n".utf8))
    }
}
