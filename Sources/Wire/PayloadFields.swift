/// The top-level fields of a protobuf payload, counted without parsing it: a payload of millions of empty
/// messages is refused before a parser allocates one each.
enum PayloadFields {
    /// Calls `body` with (field number, its bytes on the wire) for each field in turn.
    /// - Throws: `WireError.malformed` where the bytes are no sequence of fields.
    static func scan(_ payload: ArraySlice<UInt8>, _ body: (UInt64, Int) -> Void) throws {
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

    /// The contents of a length-delimited field, which stands once; nil where it is absent.
    static func message(_ number: UInt64, in payload: ArraySlice<UInt8>) throws -> ArraySlice<
        UInt8
    >? {
        var found: ArraySlice<UInt8>?
        var end = payload.startIndex
        try scan(payload) { field, size in
            end += size
            if field == number { found = payload[(end - size)..<end] }
        }
        guard var field = found else { return nil }
        // Tag and length.
        guard try varint(&field) & 7 == 2 else { throw malformed }
        _ = try varint(&field)
        return field
    }

    /// The number of entries of a payload that is nothing but repeated field 1.
    static func entryCount(_ payload: ArraySlice<UInt8>) throws -> Int {
        var count = 0
        var others = 0
        try scan(payload) { number, _ in
            if number == 1 { count += 1 } else { others += 1 }
        }
        guard others == 0 else { throw malformed }
        return count
    }

    private static var malformed: WireError { .malformed("the payload is no protobuf message") }

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
