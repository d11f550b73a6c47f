// SPDX-License-Identifier: Apache-2.0

import SwiftProtobuf
import Wire

extension Message {
    /// The message of a section, which must be what this build would write for it: no unknown or repeated fields,
    /// nothing after the end.
    package init(canonical bytes: ArraySlice<UInt8>, _ what: String) throws {
        let bytes = Array(bytes)
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 8
        options.discardUnknownFields = true
        do {
            self = try Self(serializedBytes: bytes, options: options)
            let canonical: [UInt8] = try serializedBytes()
            if canonical == bytes { return }
        } catch {
            // The parser's own error says less than this one.
            throw WireError.malformed("\(what) is no such message")
        }
        throw WireError.malformed("\(what) is not in canonical form")
    }
}
