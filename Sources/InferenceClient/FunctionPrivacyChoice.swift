// SPDX-License-Identifier: Apache-2.0

import Wire

/// How well replies hide the model from who decrypts them, in bits: of two models with the same outputs, those of one
/// are at most 2^-bits from what can be drawn without the model. docs/FunctionPrivacy.md
package enum FunctionPrivacyChoice {
    /// What may be asked for; 0: nothing is promised.
    package static let bits = [0, 40, 64, 80]

    /// - Throws: `WireError` for others.
    static func check(_ bits: UInt32) throws(WireError) -> Int {
        guard Self.bits.contains(Int(bits)) else {
            throw .outOfRange("\(bits) bits of function privacy")
        }
        return Int(bits)
    }

    static func report(_ bits: Int) -> ReportEntry {
        ReportEntry(
            "function_privacy_bits", "function privacy", .count(bits),
            text: bits == 0 ? "none" : "\(bits) bits a reply")
    }
}
