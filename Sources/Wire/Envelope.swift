// SPDX-License-Identifier: Apache-2.0

import CKernels
import Crypto

/// What surrounds every payload: magic (8 bytes), version (2), kind (2), zero (4), digest (32), payload length (8),
/// payload, SHA-256 of all before it (32). Integers are little endian.
package struct Envelope {
    package static let magicText = "BLNDSGHT"
    package static let version: UInt16 = 6
    package static let headerLength = 56
    package static let checksumLength = 32

    package let kind: ArtifactKind
    package let digest: [UInt8]
    package let payload: ArraySlice<UInt8>

    /// SHA-256.
    package static func digest(of bytes: some Sequence<UInt8>) -> [UInt8] {
        Array(SHA256.hash(data: Array(bytes)))
    }

    /// A file of sections, numbers ascending.
    package static func seal(
        _ sections: [(number: UInt16, bytes: [UInt8])], kind: ArtifactKind, digest: [UInt8]
    ) throws -> [UInt8] {
        for (number, bytes) in sections {
            let rule = SectionRule.all(of: kind).first { $0.number == number }!
            // What is too long to be read is not written.
            guard bytes.count <= rule.limit else {
                throw WireError.sectionTooLarge(
                    rule.name, bytes: UInt64(bytes.count), limit: rule.limit)
            }
        }
        let length = sections.reduce(0) { $0 + Section.headLength + $1.bytes.count }
        var out = header(kind: kind, digest: digest, payloadLength: length)
        out.reserveCapacity(headerLength + length + checksumLength)
        for (number, bytes) in sections {
            out += Section.head(number, length: bytes.count)
            out += bytes
        }
        out += checksum(out[...], kind)
        return out
    }

    /// Of a secret key's file by a hash that leaves nothing of it in memory.
    private static func checksum(_ bytes: ArraySlice<UInt8>, _ kind: ArtifactKind) -> [UInt8] {
        guard kind == .secretKey else { return Array(SHA256.hash(data: bytes)) }
        return [UInt8](unsafeUninitializedCapacity: checksumLength) { out, count in
            bytes.withUnsafeBufferPointer {
                bsk_secret_sha256(out.baseAddress!, $0.baseAddress!, $0.count)
            }
            count = checksumLength
        }
    }

    /// What stands before the payload.
    package static func header(
        kind: ArtifactKind, digest: [UInt8], payloadLength: Int
    ) -> [UInt8] {
        precondition(digest.count == 32)
        var out = Array(magicText.utf8)
        out += littleEndian(UInt64(version), bytes: 2)
        out += littleEndian(UInt64(kind.rawValue), bytes: 2)
        out += [0, 0, 0, 0]
        out += digest
        out += littleEndian(UInt64(payloadLength), bytes: 8)
        return out
    }

    /// Checks everything but the payload's meaning. Allocates nothing of the announced length.
    package static func open(
        _ bytes: [UInt8], expecting expected: ArtifactKind? = nil
    ) throws -> Envelope {
        let header = try Header(
            bytes.prefix(headerLength), of: bytes.count, expecting: expected)
        let end = bytes.count - checksumLength
        guard checksum(bytes[..<end], header.kind).elementsEqual(bytes[end...]) else {
            throw WireError.corrupt
        }
        return Envelope(
            kind: header.kind, digest: header.digest, payload: bytes[headerLength..<end])
    }

    static func requireMagic(_ bytes: ArraySlice<UInt8>) throws {
        guard bytes.prefix(8).elementsEqual(magicText.utf8) else { throw WireError.notAnArtifact }
    }

    package func sections() throws -> Sections { try Sections(payload, kind: kind) }

    /// Empty for what is not hexadecimal.
    package static func bytes(hexadecimal: Substring) -> [UInt8] {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        guard digits.count == hexadecimal.count, digits.count % 2 == 0 else { return [] }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    package static func littleEndian(_ value: UInt64, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }

    package static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension Envelope {
    /// What stands before a payload, in the order in which it is checked.
    package struct Header {
        package let kind: ArtifactKind
        package let digest: [UInt8]
        package let payloadLength: UInt64

        /// - Parameter bytes: `headerLength` of them, at any index.
        package init(_ bytes: ArraySlice<UInt8>) throws {
            let start = bytes.startIndex
            func field(_ offset: Int, _ count: Int) -> ArraySlice<UInt8> {
                bytes[start + offset..<start + offset + count]
            }
            try requireMagic(bytes)
            let version = Int(integer(field(8, 2)))
            guard version == Envelope.version else { throw WireError.unsupportedVersion(version) }
            let code = UInt16(integer(field(10, 2)))
            guard let kind = ArtifactKind(rawValue: code) else {
                throw WireError.unknownKind(Int(code))
            }
            guard integer(field(12, 4)) == 0 else {
                throw WireError.malformed("reserved bytes of the header are not zero")
            }
            self.kind = kind
            digest = Array(field(16, 32))
            payloadLength = integer(field(48, 8))
        }

        /// The header of an envelope that is alone in `count` bytes: its lengths are checked as well.
        /// - Parameter bytes: the first `headerLength` of them, or all where there are fewer.
        package init(
            _ bytes: ArraySlice<UInt8>, of count: Int, expecting expected: ArtifactKind?
        ) throws {
            try requireMagic(bytes)
            guard count >= headerLength + checksumLength else {
                throw WireError.wrongLength(
                    expected: UInt64(headerLength + checksumLength), found: UInt64(count))
            }
            try self.init(bytes)
            if let expected { try require(expected) }
            // Lengths say nothing where an envelope is one of several.
            guard !kind.hasGroups else {
                throw WireError.malformed("a file of groups, which are read one by one")
            }
            let present = UInt64(count - headerLength - checksumLength)
            guard payloadLength == present else {
                throw WireError.wrongLength(expected: payloadLength, found: present)
            }
            guard present <= UInt64(kind.maximumPayloadBytes) else {
                throw WireError.tooLarge(kind, bytes: present, limit: kind.maximumPayloadBytes)
            }
        }

        package func require(_ expected: ArtifactKind) throws {
            guard kind == expected else {
                throw WireError.wrongKind(expected: expected, found: kind)
            }
        }
    }

    /// Whether what was made for one plan is used with another.
    package static func requirePlan(_ expected: [UInt8], found digest: [UInt8]) throws {
        guard digest == expected else {
            throw WireError.wrongPlan(
                expected: hexadecimal(expected), found: hexadecimal(digest))
        }
    }

    /// Whether keys have other parameters, or another list, than the plan's.
    package static func requireKeySet(_ expected: [UInt8], found digest: [UInt8]) throws {
        guard digest == expected else {
            throw WireError.wrongKeySet(
                expected: hexadecimal(expected), found: hexadecimal(digest))
        }
    }
}
