// SPDX-License-Identifier: Apache-2.0

import Wire

/// Limits that every plan keeps, whether it is written or read.
package enum PlanLimits {
    static let maximumTextBytes = 1024
    static let maximumOutputs = 1 << 18

    /// Text that a terminal may show: no control characters.
    package static func check(text: String, _ what: String) throws {
        guard text.utf8.count <= maximumTextBytes else {
            throw WireError.outOfRange(
                "\(what) of \(text.utf8.count) bytes; at most \(maximumTextBytes)")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw WireError.outOfRange("\(what) with control characters") }
    }
}
