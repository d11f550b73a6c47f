// SPDX-License-Identifier: Apache-2.0

import Files

extension Envelope {
    /// All bytes of a source that must be an envelope of one kind.
    ///
    /// What it is and how long it must be is seen by its head, so that of anything else, however long, only the head is
    /// read. `open` checks the rest.
    /// - Throws: `WireError`, and what the source throws.
    package static func bytes(
        of source: any ByteSource, expecting kind: ArtifactKind
    ) throws -> [UInt8] {
        let head = try source.bytes(min(headerLength, source.count), at: 0)
        _ = try Header(head[...], of: source.count, expecting: kind)
        return try source.bytes(source.count, at: 0)
    }
}
