// SPDX-License-Identifier: Apache-2.0

/// What a cell of a CSV file may be taken for.
enum CSVCell: Equatable {
    /// A decimal number that is finite in 32 bits. `comma`: whether a comma marks its decimals, and none could group
    /// its thousands ("0,5"), or that is open ("1,234").
    case number(Float, comma: Comma)
    /// A word: what a column may be called, and no value is written like.
    case name
    /// Anything else: why it is no number, and what to do.
    case other(String)

    enum Comma { case absent, decimal, open }

    private static let missing: Set<String> = [
        "", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "+nan", "null", "none", "nil", "nat",
        "-", "--", "?", ".", "missing", "#null!", "#div/0!", "#value!", "#ref!", "#num!", "#name?",
        "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan",
    ]
    static func isMissing(_ text: String) -> Bool { missing.contains(text.lowercased()) }

    private static let booleans: Set<String> = ["true", "false", "yes", "no"]
    private static let infinities: Set<String> = [
        "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "1.#inf", "-1.#inf",
    ]
    static let longestNumber = 64

    /// - Parameter commas: whether a comma may mark decimals.
    init(_ bytes: ArraySlice<UInt8>, commas: Bool) {
        if let (value, comma) = Self.number(bytes, commas: commas) {
            self =
                value.isFinite
                ? .number(value, comma: comma)
                : .other("is beyond what 32-bit floating point holds")
            return
        }
        self = Self.word(String(decoding: bytes, as: UTF8.self))
    }

    /// Decimal numbers only: no hexadecimal, infinities or NaN, which Float's parser takes.
    private static func number(
        _ bytes: ArraySlice<UInt8>, commas: Bool
    ) -> (Float, Comma)? {
        guard !bytes.isEmpty, bytes.count <= longestNumber else { return nil }
        var comma: Int?
        for (index, byte) in zip(bytes.indices, bytes) {
            switch byte {
            case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "e"),
                UInt8(ascii: "E"):
                continue
            case UInt8(ascii: "."):
                if comma != nil { return nil }
            case UInt8(ascii: ",") where commas && comma == nil: comma = index
            default: return nil
            }
        }
        guard let comma else {
            return Float(String(decoding: bytes, as: UTF8.self)).map { ($0, .absent) }
        }
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        let (whole, part) = (bytes[..<comma], bytes[(comma + 1)...])
        guard whole.last.map(isDigit) == true, part.first.map(isDigit) == true,
            !whole.contains(UInt8(ascii: "."))
        else { return nil }
        let text =
            String(decoding: whole, as: UTF8.self) + "." + String(decoding: part, as: UTF8.self)
        guard let value = Float(text) else { return nil }
        // "1,234" is 1234 to some; "0,234", "1234,567" and "1,5" are not.
        let digits = whole.drop { !isDigit($0) }
        let isOpen =
            part.count == 3 && part.allSatisfy(isDigit) && digits.count <= 3
            && digits.first != UInt8(ascii: "0")
        return (value, isOpen ? .open : .decimal)
    }

    private static func word(_ text: String) -> CSVCell {
        let lower = text.lowercased()
        if missing.contains(lower) {
            return .other(
                lower.isEmpty
                    ? "is empty: fill in missing values as the model was trained, or leave the row out"
                    : "is a missing value: fill it in as the model was trained, or leave the row out"
            )
        }
        if booleans.contains(lower) { return .other("is a truth value: write 1 or 0") }
        if infinities.contains(lower) { return .other("is no finite number") }
        let bare = lower.drop(while: { "$€£".contains($0) }).drop(while: { $0 == " " })
        let amount = bare.last.map { "%$€£".contains($0) } == true ? bare.dropLast() : bare
        if amount.count < lower.count, Float(amount.filter { $0 != " " }) != nil {
            return .other("has a sign of unit: write the number alone, as the model was trained")
        }
        if lower.drop(while: { "+-".contains($0) }).hasPrefix("0x"), Float(lower) != nil {
            return .other("is hexadecimal: write it in decimal digits")
        }
        if Float(lower.replacing("_", with: "")) != nil
            || Float(lower.replacing("d", with: "e")) != nil
        {
            return .other("is not written as a decimal number, such as -1.5e3")
        }
        let hasLetter = lower.unicodeScalars.contains { $0.properties.isAlphabetic }
        guard hasLetter else {
            let grouped = text.allSatisfy { $0.isNumber || "+-.,' ".contains($0) }
            return .other(
                grouped && text.contains(where: \.isNumber)
                    ? "is not one number: use a dot for decimals, nothing between thousands, and one separator in "
                        + "all lines" : "is no number")
        }
        return .name
    }

    /// Why it is no number.
    var reason: String? {
        switch self {
        case .number: nil
        case .name: "is text: the model takes numbers; encode categories as it was trained"
        case .other(let reason): reason
        }
    }
}
