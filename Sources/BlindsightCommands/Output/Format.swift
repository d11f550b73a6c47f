// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Numbers for people.
enum Format {
    /// "999 B", "2.14 kB", "33.9 MB", "550 kB": three digits, decimal units.
    static func bytes(_ count: Int) -> String {
        if count < 1000 { return "\(count) B" }
        var value = Double(count)
        for unit in ["kB", "MB"] {
            value /= 1000
            guard value < 999.5 else { continue }
            return decimals(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + " \(unit)"
        }
        return decimals(value / 1000, 2) + " GB"
    }

    /// "61 ms", "2.8 s", "4:05 min".
    static func duration(_ duration: Duration) -> String {
        let milliseconds = duration.milliseconds
        if milliseconds < 9.95 { return decimals(milliseconds, 1) + " ms" }
        if milliseconds < 999.5 { return decimals(milliseconds, 0) + " ms" }
        if milliseconds < 99_950 { return decimals(milliseconds / 1000, 1) + " s" }
        let seconds = Int(milliseconds / 1000)
        return "\(seconds / 60):" + (seconds % 60 < 10 ? "0" : "") + "\(seconds % 60) min"
    }

    /// "-1,234,567".
    static func grouped(_ value: BigInt) -> String {
        let digits = Array(value.magnitude.description)
        var result = value.isNegative ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return result
    }

    static func grouped(_ value: Int) -> String { grouped(BigInt(value)) }

    /// As C prints it; a number of a report is far shorter than the buffer.
    static func decimals(_ value: Double, _ count: Int) -> String {
        String(unsafeUninitializedCapacity: 512) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                withVaList([Int32(count), value]) {
                    let length = vsnprintf(text.baseAddress, text.count, "%.*f", $0)
                    return min(max(Int(length), 0), text.count - 1)
                }
            }
        }
    }

    static func percent(_ value: Double) -> String { decimals(value * 100, 2) + "%" }

    /// "forward_ntts" as "forward NTTs".
    static func words(_ name: String) -> String {
        name.split(separator: "_", omittingEmptySubsequences: false)
            .map { $0 == "ntts" ? "NTTs" : String($0) }.joined(separator: " ")
    }
}

extension Duration {
    var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1e3 + Double(attoseconds) * 1e-15
    }
}
