// SPDX-License-Identifier: Apache-2.0

/// A part of a payload. Payloads of all kinds but requests and replies are sections, their numbers ascending:
/// number (2 bytes), flags (2), zero (4), length (8), bytes. Integers are little endian.
package struct Section: Sendable {
    package static let headLength = 16
    /// Set where a reader that doesn't know the section may leave it out.
    static let optionalFlag: UInt64 = 1

    package let number: UInt16
    package let bytes: ArraySlice<UInt8>

    /// What stands before the bytes.
    package static func head(_ number: UInt16, length: Int) -> [UInt8] {
        Envelope.littleEndian(UInt64(number), bytes: 2) + [UInt8](repeating: 0, count: 6)
            + Envelope.littleEndian(UInt64(length), bytes: 8)
    }
}

/// The sections of one payload.
package struct Sections: Sendable {
    private var all: [UInt16: ArraySlice<UInt8>] = [:]

    /// Splits a payload by the rules of its kind: order, sizes and limits are checked, and that nothing is left over.
    /// - Throws: `WireError`.
    package init(_ payload: ArraySlice<UInt8>, kind: ArtifactKind) throws {
        let rules = SectionRule.all(of: kind)
        var rest = payload
        var last: UInt16?
        while !rest.isEmpty {
            guard rest.count >= Section.headLength else {
                throw WireError.malformed("a section's head that is cut off")
            }
            let start = rest.startIndex
            let number = UInt16(Envelope.integer(rest[start..<start + 2]))
            let flags = Envelope.integer(rest[start + 2..<start + 4])
            guard flags <= Section.optionalFlag, Envelope.integer(rest[start + 4..<start + 8]) == 0
            else { throw WireError.malformed("unknown flags of section \(number)") }
            let length = Envelope.integer(rest[start + 8..<start + 16])
            rest = rest.dropFirst(Section.headLength)
            guard length <= UInt64(rest.count) else {
                throw WireError.wrongLength(expected: length, found: UInt64(rest.count))
            }
            guard last.map({ $0 < number }) ?? true else {
                throw WireError.malformed("section \(number) after section \(last ?? 0)")
            }
            last = number
            let bytes = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            guard let rule = rules.first(where: { $0.number == number }) else {
                guard flags == Section.optionalFlag, length <= SectionRule.unknownLimit else {
                    throw WireError.unknownSection(Int(number), of: kind)
                }
                continue
            }
            guard flags == 0 else {
                throw WireError.malformed("the section \(rule.name) must not be optional")
            }
            guard length <= UInt64(rule.limit) else {
                throw WireError.sectionTooLarge(rule.name, bytes: length, limit: rule.limit)
            }
            guard !rule.isReserved else { throw WireError.reservedSection(rule.name, of: kind) }
            all[number] = bytes
        }
        for rule in rules where rule.isRequired && all[rule.number] == nil {
            throw WireError.malformed("the section \(rule.name) is missing")
        }
    }

    /// nil where it is absent.
    package subscript(_ number: UInt16) -> ArraySlice<UInt8>? { all[number] }

    /// - Precondition: its rule says that it is required.
    package func required(_ number: UInt16) -> ArraySlice<UInt8> { all[number]! }
}
