// SPDX-License-Identifier: Apache-2.0

import Blindsight

/// Samples and groups in words.
struct GroupText {
    let samples: Int
    let capacity: Int

    var groups: Int { (samples + capacity - 1) / capacity }

    /// "10,000 samples in 2 groups of 8,192"; "3 samples" where a group holds one.
    var text: String {
        let count = "\(Format.grouped(samples)) \(samples == 1 ? "sample" : "samples")"
        guard capacity > 1 else { return count }
        return count + " in \(Format.grouped(groups)) \(groups == 1 ? "group" : "groups") of "
            + Format.grouped(capacity)
    }

    /// "the last uses 1,808 of 8,192 places (78 % of it idle)"; nil where all are full.
    var waste: String? {
        let used = samples % capacity
        guard used > 0 else { return nil }
        let idle = Int((100 * Double(capacity - used) / Double(capacity)).rounded())
        return "\(samples < capacity ? "it" : "the last") uses \(Format.grouped(used)) of "
            + "\(Format.grouped(capacity)) places (\(idle) % of it idle)"
    }

    /// Samples in a second.
    static func rate(_ samples: Int, _ time: Duration) -> Int {
        Int(Double(samples) * 1000 / max(time.milliseconds, 1e-3))
    }
}
