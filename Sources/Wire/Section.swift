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
        let start = payload.startIndex
        let ranges = try Self.ranges(payload.count, kind: kind) {
            payload[start + $0..<start + $0 + Section.headLength]
        }
        all = ranges.mapValues { payload[start + $0.lowerBound..<start + $0.upperBound] }
    }

    /// Where the sections of a payload lie, by its sections' heads alone.
    ///
    /// - Parameters:
    ///   - count: bytes of the payload.
    ///   - head: the head that begins so many bytes behind the payload's beginning.
    /// - Throws: `WireError`, and what `head` throws.
    package static func ranges(
        _ count: Int, kind: ArtifactKind, head: (Int) throws -> ArraySlice<UInt8>
    ) throws -> [UInt16: Range<Int>] {
        let rules = SectionRule.all(of: kind)
        var out: [UInt16: Range<Int>] = [:]
        var done = 0
        var last: UInt16?
        while done < count {
            guard count - done >= Section.headLength else {
                throw WireError.malformed("a section's head that is cut off")
            }
            let (number, flags, length) = try fields(head(done))
            done += Section.headLength
            guard length <= UInt64(count - done) else {
                throw WireError.wrongLength(expected: length, found: UInt64(count - done))
            }
            guard last.map({ $0 < number }) ?? true else {
                throw WireError.malformed("section \(number) after section \(last ?? 0)")
            }
            last = number
            let range = done..<done + Int(length)
            done = range.upperBound
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
            out[number] = range
        }
        for rule in rules where rule.isRequired {
            let isThere = out[rule.number] != nil
            let isReplaced = rule.substitute.map { out[$0] != nil } ?? false
            guard isThere || isReplaced else {
                throw WireError.malformed("the section \(rule.name) is missing")
            }
            guard !(isThere && isReplaced) else {
                throw WireError.malformed("the section \(rule.name) beside what replaces it")
            }
        }
        return out
    }

    /// A head's number, flags and length.
    private static func fields(
        _ head: ArraySlice<UInt8>
    ) throws -> (number: UInt16, flags: UInt64, length: UInt64) {
        func field(_ offset: Int, _ count: Int) -> UInt64 {
            Envelope.integer(head.dropFirst(offset).prefix(count))
        }
        let number = UInt16(field(0, 2))
        let flags = field(2, 2)
        guard flags <= Section.optionalFlag, field(4, 4) == 0 else {
            throw WireError.malformed("unknown flags of section \(number)")
        }
        return (number, flags, field(8, 8))
    }

    /// nil where it is absent.
    package subscript(_ number: UInt16) -> ArraySlice<UInt8>? { all[number] }

    /// - Precondition: its rule says that it is required, and that nothing stands in its place.
    package func required(_ number: UInt16) -> ArraySlice<UInt8> { all[number]! }
}
