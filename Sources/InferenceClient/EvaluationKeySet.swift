// SPDX-License-Identifier: Apache-2.0

import Wire

/// What a server needs of a client, once: evaluation keys, or a public key. It serves all plans with the key set that
/// it was made for.
public struct EvaluationKeySet: Sendable {
    /// Keys as a client made them, or their bytes, which the server's half of the method reads.
    package enum Material: Sendable {
        case made(any KeyMaterial)
        case encoded(ArraySlice<UInt8>)
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
            case .encoded(let bytes): Array(bytes)
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
        let envelope = try Envelope.open(bytes, expecting: .evaluationKeys)
        let sections = try envelope.sections()
        self.init(
            method: try MethodName(section: sections.required(SectionRule.Number.method)),
            keySet: envelope.digest,
            material: .encoded(sections.required(SectionRule.Number.key)))
    }
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
