// SPDX-License-Identifier: Apache-2.0

import Wire

/// The top-level fields of a protobuf payload, counted without parsing it: a payload of millions of empty
/// messages is refused before a parser allocates one each.
package enum MessageFields {
    /// Calls `body` with (field number, its bytes on the wire) for each field in turn.
    /// - Throws: `WireError.malformed` where the bytes are no sequence of fields.
    package static func scan(_ payload: ArraySlice<UInt8>, _ body: (UInt64, Int) -> Void) throws {
        var rest = payload
        while !rest.isEmpty {
            let start = rest.startIndex
            let tag = try varint(&rest)
            let size: UInt64
            switch tag & 7 {
            case 0:
                _ = try varint(&rest)
                size = 0
            case 1: size = 8
            case 2: size = try varint(&rest)
            case 5: size = 4
            default: throw malformed
            }
            guard size <= UInt64(rest.count) else { throw malformed }
            rest = rest.dropFirst(Int(size))
            body(tag >> 3, rest.startIndex - start)
        }
    }

    private static var malformed: WireError { .malformed("a section is no protobuf message") }

    static func varint(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw malformed }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
        }
        throw malformed
    }
}
