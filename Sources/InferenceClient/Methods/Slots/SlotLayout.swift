// SPDX-License-Identifier: Apache-2.0

import BFV

/// Which feature each slot holds: slot r C + i is row r, column i, of `SlotShape`'s rows of C columns.
package struct SlotLayout: Sendable, Hashable {
    package static let empty: Int32 = -1

    /// The feature of each slot, or `empty`.
    package let features: [Int32]

    package init(features: [Int32]) {
        precondition(features.count >= 2 && features.count & (features.count - 1) == 0)
        self.features = features
    }

    package var slotCount: Int { features.count }

    /// Slots whose feature comes from `feature(row, column)`.
    package init(_ shape: SlotShape, feature: (Int, Int) -> Int?) {
        let columns = shape.columns
        self.init(
            features: (0..<shape.slotCount).map { slot in
                feature(slot / columns, slot % columns).map(Int32.init) ?? Self.empty
            })
    }

    /// Whether moving every row by `columns` columns leaves each feature in place.
    package func repeats(every columns: Int, _ shape: SlotShape) -> Bool {
        let all = shape.columns
        return features.indices.allSatisfy { slot in
            features[slot] == features[slot / all * all + (slot + columns) % all]
        }
    }

    /// The fewest columns, a power of two, after which every row repeats.
    package func period(_ shape: SlotShape) -> Int {
        var period = shape.columns
        while period > 1, repeats(every: period / 2, shape) { period /= 2 }
        return period
    }

    /// The same with every feature's number raised.
    package func shifted(by count: Int) -> SlotLayout {
        SlotLayout(features: features.map { $0 == Self.empty ? $0 : $0 + Int32(count) })
    }

    /// Puts each feature's value into its slots; empty slots get zero.
    package func place<Value: ExpressibleByIntegerLiteral>(_ values: [Value]) -> [Value] {
        features.map { $0 == Self.empty ? 0 : values[Int($0)] }
    }
}
