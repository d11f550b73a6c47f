// SPDX-License-Identifier: Apache-2.0

import Wire

/// What tells a plan from all others that say the same: 128 random bits. Of two networks of one form clients are told
/// nothing else that differs, and a request for one must not be answered by the other.
package struct PlanIdentity: Sendable, Equatable {
    package let words: [UInt64]

    package static func random() -> PlanIdentity {
        var generator = SystemRandomNumberGenerator()
        return PlanIdentity(unchecked: [generator.next(), generator.next()])
    }

    /// - Throws: `WireError` for another number of words than two.
    package init(words: [UInt64]) throws {
        guard words.count == 2 else {
            throw WireError.outOfRange("an identity of \(words.count) words")
        }
        self.init(unchecked: words)
    }

    private init(unchecked words: [UInt64]) { self.words = words }
}
