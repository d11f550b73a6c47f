// SPDX-License-Identifier: Apache-2.0

/// Integer weights, a slot each. A diagonal of a convolution is mostly zeros, and a layer may have thousands of
/// diagonals: of those only what differs from zero is kept.
struct SlotWeights: Sendable {
    private enum Storage {
        case all([Int64])
        /// Slots and their weights; of equal slots the last counts.
        case some([Int32], [Int64])
        /// The same everywhere.
        case constant(Int64)
    }

    private let storage: Storage
    private let count: Int

    /// - Parameters:
    ///   - slots: where weights are, each below `count`; everywhere else they are 0.
    ///   - weights: one a slot.
    init(slots: [Int32], weights: [Int64], count: Int) {
        precondition(slots.count == weights.count)
        self.count = count
        // Twelve bytes a weight, or eight.
        if 3 * slots.count < 2 * count {
            storage = .some(slots, weights)
        } else {
            storage = .all(Self.expanded(slots, weights, count))
        }
    }

    init(constant weight: Int64, count: Int) {
        storage = .constant(weight)
        self.count = count
    }

    /// Whether they are made as one weight for all slots: a constant polynomial.
    var isConstant: Bool { if case .constant = storage { true } else { false } }

    init(_ weights: [Int64]) {
        storage = .all(weights)
        count = weights.count
    }

    /// Of every slot.
    var all: [Int64] {
        switch storage {
        case .all(let weights): weights
        case .some(let slots, let weights): Self.expanded(slots, weights, count)
        case .constant(let weight): [Int64](repeating: weight, count: count)
        }
    }

    /// Each slot's weight so many times in a row.
    func repeated(_ times: Int) -> SlotWeights {
        switch storage {
        case .all(let weights): SlotWeights(weights.repeated(times))
        case .some(let slots, let weights):
            SlotWeights(
                slots: slots.flatMap { slot in
                    (0..<times).map { slot * Int32(times) + Int32($0) }
                }, weights: weights.repeated(times), count: count * times)
        case .constant(let weight): SlotWeights(constant: weight, count: count * times)
        }
    }

    private static func expanded(_ slots: [Int32], _ weights: [Int64], _ count: Int) -> [Int64] {
        var out = [Int64](repeating: 0, count: count)
        for (slot, weight) in zip(slots, weights) { out[Int(slot)] = weight }
        return out
    }

    /// The weight that all of so many slots have; nil where they differ, or fewer have any.
    func common(of slots: Int) -> Int64? {
        let weights =
            switch storage {
            case .all(let weights): weights.filter { $0 != 0 }
            case .some(_, let weights): weights
            case .constant(let weight): [Int64](repeating: weight, count: count)
            }
        guard weights.count == slots, let first = weights.first else { return nil }
        return weights.allSatisfy { $0 == first } ? first : nil
    }
}
