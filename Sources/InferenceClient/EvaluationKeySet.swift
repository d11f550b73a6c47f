// SPDX-License-Identifier: Apache-2.0

import Files
import Wire

/// What a server needs of a client, once: evaluation keys, or a public key. It serves all plans with the key set that
/// it was made for.
public struct EvaluationKeySet: Sendable {
    /// Keys as a client made them, or where their bytes are, which the server's half of the method reads.
    package enum Material: Sendable {
        case made(any KeyMaterial)
        case encoded(EncodedKeys)
    }

    package let method: MethodName
    /// SHA-256 of what the keys depend on.
    package let keySet: [UInt8]
    package let material: Material

    package init(method: MethodName, keySet: [UInt8], material: Material) {
        self.method = method
        self.keySet = keySet
        self.material = material
    }

    /// The bytes of evaluation.key.
    public func serialized() throws -> [UInt8] {
        let keys: [UInt8] =
            switch material {
            case .made(let keys): try keys.encoded()
            case .encoded(let keys): try keys.reader().whole { try $0.bytes() }
            }
        return try Envelope.seal(
            [
                (SectionRule.Number.method, Array(method.rawValue.utf8)),
                (SectionRule.Number.key, keys),
            ], kind: .evaluationKeys, digest: keySet)
    }

    /// - Parameter bytes: what `serialized` gave. Envelope and checksum are checked here, the keys by the server that
    ///   is made with them.
    /// - Throws: an error that says what is wrong with the bytes.
    public init(serialized bytes: [UInt8]) throws {
        _ = try Envelope.open(bytes, expecting: .evaluationKeys)
        try self.init(MemorySource(bytes), isChecked: true)
    }

    /// Keys that stay where they are, such as in a file, and are read when a server is made with them: then the checksum
    /// is compared, not before. A source that changes until then is noticed, since the checksum is of what was checked
    /// here and what is read there.
    /// - Throws: an error that says what is wrong with the head of the file.
    package init(reading source: any ByteSource) throws {
        try self.init(source, isChecked: false)
    }

    private init(_ source: any ByteSource, isChecked: Bool) throws {
        let start = Envelope.headerLength
        let bytes = try source.bytes(min(start, source.count), at: 0)
        let header = try Envelope.Header(
            bytes[...], of: source.count, expecting: .evaluationKeys)
        let ranges = try Sections.ranges(Int(header.payloadLength), kind: .evaluationKeys) {
            try source.bytes(Section.headLength, at: start + $0)[...]
        }
        let range = ranges[SectionRule.Number.key]!
        let keys = start + range.lowerBound..<start + range.upperBound
        // The key section's number is the highest that is required, and what comes before it is short.
        let before = try source.bytes(keys.lowerBound, at: 0)
        guard before.starts(with: bytes), let name = ranges[SectionRule.Number.method] else {
            throw WireError.corrupt
        }
        self.init(
            method: try MethodName(
                section: before[start + name.lowerBound..<start + name.upperBound]),
            keySet: header.digest,
            material: .encoded(
                EncodedKeys(source: source, range: keys, before: isChecked ? nil : before)))
    }
}

/// Where the bytes of keys are.
package struct EncodedKeys: Sendable {
    fileprivate let source: any ByteSource
    fileprivate let range: Range<Int>
    /// What stands before them; nil where the checksum was compared.
    fileprivate let before: [UInt8]?

    package func reader() -> SectionReader { SectionReader(source, range: range, after: before) }
}

extension MethodName {
    /// - Throws: `WireError` for anything but a short name in lower case.
    package init(section bytes: ArraySlice<UInt8>) throws {
        let name = String(decoding: bytes, as: UTF8.self)
        guard (1...64).contains(bytes.count),
            bytes.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
        else { throw WireError.malformed("the name of a method") }
        self.init(rawValue: name)
    }
}
