import Crypto

/// What surrounds every payload: magic (8 bytes), version (2), kind (2), zero (4), plan digest (32), payload length (8),
/// payload, SHA-256 of all before it (32). Integers are little endian.
package struct Envelope {
    package static let magicText = "BLNDSGHT"
    package static let version: UInt16 = 3
    /// Those that are read. Version 2 is 3 without the fields that came later.
    static let readableVersions = 2...3
    package static let headerLength = 56
    package static let checksumLength = 32

    /// Of the file that was opened.
    package let version: Int
    package let kind: ArtifactKind
    package let digest: [UInt8]
    package let payload: ArraySlice<UInt8>

    /// The digest that binds files to a plan: SHA-256 of the client plan's payload.
    package static func digest(of payload: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: payload)) }

    package static func seal(
        _ payload: [UInt8], kind: ArtifactKind, digest: [UInt8]
    ) -> [UInt8] {
        precondition(digest.count == 32)
        var out = Array(magicText.utf8)
        out.reserveCapacity(headerLength + payload.count + checksumLength)
        out += littleEndian(UInt64(version), bytes: 2)
        out += littleEndian(UInt64(kind.rawValue), bytes: 2)
        out += [0, 0, 0, 0]
        out += digest
        out += littleEndian(UInt64(payload.count), bytes: 8)
        out += payload
        out += SHA256.hash(data: out)
        return out
    }

    /// Checks everything but the payload's meaning. Allocates nothing of the announced length.
    package static func open(
        _ bytes: [UInt8], expecting expected: ArtifactKind? = nil
    ) throws -> Envelope {
        guard bytes.count >= 8, Array(bytes[..<8]) == Array(magicText.utf8) else {
            throw WireError.notAnArtifact
        }
        guard bytes.count >= headerLength + checksumLength else {
            throw WireError.wrongLength(
                expected: UInt64(headerLength + checksumLength), found: UInt64(bytes.count))
        }
        let version = Int(integer(bytes[8..<10]))
        guard readableVersions.contains(version) else {
            throw WireError.unsupportedVersion(version)
        }
        let code = UInt16(integer(bytes[10..<12]))
        guard let kind = ArtifactKind(rawValue: code) else {
            throw WireError.unknownKind(Int(code))
        }
        guard integer(bytes[12..<16]) == 0 else {
            throw WireError.malformed("reserved bytes of the header are not zero")
        }
        let announced = integer(bytes[48..<56])
        let present = UInt64(bytes.count - headerLength - checksumLength)
        guard announced == present else {
            throw WireError.wrongLength(expected: announced, found: present)
        }
        guard present <= UInt64(kind.maximumPayloadBytes) else {
            throw WireError.tooLarge(kind, bytes: present, limit: kind.maximumPayloadBytes)
        }
        let end = bytes.count - checksumLength
        guard SHA256.hash(data: bytes[..<end]) == bytes[end...] else { throw WireError.corrupt }
        if let expected, expected != kind {
            throw WireError.wrongKind(expected: expected, found: kind)
        }
        return Envelope(
            version: version, kind: kind, digest: Array(bytes[16..<48]),
            payload: bytes[headerLength..<end])
    }

    func requirePlan(_ expected: [UInt8]) throws {
        guard digest == expected else {
            throw WireError.wrongPlan(
                expected: Self.hexadecimal(expected), found: Self.hexadecimal(digest))
        }
    }

    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    private static func littleEndian(_ value: UInt64, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
