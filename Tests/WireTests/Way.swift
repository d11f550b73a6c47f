// SPDX-License-Identifier: Apache-2.0

import Files
import Wire

/// How groups are read.
enum Way: CaseIterable {
    case file, stream

    /// The bodies of all groups.
    func read(_ bytes: [UInt8], _ form: GroupForm) throws -> [[UInt8]] {
        switch self {
        case .file:
            let file = try GroupFile(MemorySource(bytes), form)
            return try file.groups.indices.map { try file.body(of: $0).whole(Self.all) }
        case .stream:
            let stream = GroupStream(ChoppedStream(bytes), form)
            var out: [[UInt8]] = []
            while let body = try stream.next() { out.append(try body.whole(Self.all)) }
            return out
        }
    }

    private static func all(_ body: BodyReader) throws -> [UInt8] {
        try body.bytes(body.remaining)
    }
}
