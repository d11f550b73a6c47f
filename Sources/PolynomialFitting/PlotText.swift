// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Text of plots: the same everywhere, whatever the locale.
enum PlotText {
    /// With this many digits after the point, for sizes below 10^15.
    static func fixed(_ value: Double, decimals: Int) -> String {
        let units = Int((abs(value) * pow(10, Double(decimals))).rounded())
        let digits = String(units)
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        let sign = value < 0 && units != 0 ? "-" : ""
        guard decimals > 0 else { return sign + padded }
        return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
    }

    /// At most this many digits that count, without zeros at the end: 0.125, -3, 12300, 4.5e-7. Larger whole numbers
    /// are rounded.
    static func short(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite else { return value.isNaN ? "not a number" : value < 0 ? "-∞" : "∞" }
        guard value != 0 else { return "0" }
        var exponent = Int(floor(log10(abs(value))))
        // 9.996 has three digits as 10.0.
        let unit = pow(10, Double(exponent - digits + 1))
        let rounded = (abs(value) / unit).rounded()
        if rounded >= pow(10, Double(digits)) { exponent += 1 }
        if exponent >= -4 && exponent < 6 {
            let places = digits - 1 - exponent
            if places >= 0 { return trimmed(fixed(value, decimals: places)) }
            let whole = pow(10, Double(-places))
            return fixed((value / whole).rounded() * whole, decimals: 0)
        }
        // Scaled twice: 10^-320 has no reciprocal.
        let half = exponent / 2
        let mantissa = value / pow(10, Double(half)) / pow(10, Double(exponent - half))
        return trimmed(fixed(mantissa, decimals: digits - 1)) + "e\(exponent)"
    }

    /// A count: 950, 12.3 thousand, 4.56 million.
    static func count(_ value: Int) -> String {
        for (size, name) in [
            (1_000_000_000, "billion"), (1_000_000, "million"), (10_000, "thousand"),
        ]
        where value >= size {
            let unit = name == "thousand" ? 1000 : size
            return short(Double(value) / Double(unit)) + " " + name
        }
        return String(value)
    }

    /// For XML: markup escaped, characters that XML doesn't allow left out, at most this long.
    static func escaped(_ text: String, limit: Int = 72) -> String {
        let shown = text.count > limit ? text.prefix(limit - 1) + "…" : text[...]
        var result = ""
        for scalar in shown.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result += " "
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": break
            // What turns the direction of writing, or is not seen.
            case _ where scalar.properties.isDefaultIgnorableCodePoint: break
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var result = text
        while result.last == "0" { result.removeLast() }
        if result.last == "." { result.removeLast() }
        return result == "-0" ? "0" : result
    }
}
