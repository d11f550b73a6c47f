// SPDX-License-Identifier: Apache-2.0

/// Integer weights, a slot each. A diagonal of a convolution is mostly zeros, and a layer may have thousands of
/// diagonals: of those only what differs from zero is kept.
struct SlotWeights: Sendable {
    private enum Storage {
        case all([Int64])
        /// Slots and their weights; of equal slots the last counts.
        case some([Int32], [Int64])
        /// As many as a period, a power of two, over and over.
        case repeating([Int64])
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
        storage = .repeating([weight])
        self.count = count
    }

    /// Slots after which they are made to repeat: powers of two; nil where they are what they are.
    var period: Int? { if case .repeating(let weights) = storage { weights.count } else { nil } }

    /// Whether each is known to be 1.
    var areOne: Bool { if case .repeating([1]) = storage { true } else { false } }

    /// The same where `isUsed`, and elsewhere what lets all of them repeat after the fewest slots, up to `most`; nil where
    /// nothing does.
    func repeating(where isUsed: [Bool], most: Int) -> SlotWeights? {
        let weights = all
        var period = 1
        search: while period <= min(most, count) {
            var found = [Int64?](repeating: nil, count: period)
            for (slot, weight) in weights.enumerated() where isUsed[slot] {
                let place = slot & (period - 1)
                guard found[place] ?? weight == weight else {
                    period *= 2
                    continue search
                }
                found[place] = weight
            }
            return SlotWeights(repeating: found.map { $0 ?? 0 }, count: count)
        }
        return nil
    }

    private init(repeating weights: [Int64], count: Int) {
        storage = .repeating(weights)
        self.count = count
    }

    init(_ weights: [Int64]) {
        storage = .all(weights)
        count = weights.count
    }

    /// Of every slot.
    var all: [Int64] {
        switch storage {
        case .all(let weights): weights
        case .some(let slots, let weights): Self.expanded(slots, weights, count)
        case .repeating(let weights): (0..<count).map { weights[$0 & (weights.count - 1)] }
        }
    }

    /// - Parameter weight: of 0 it makes 0.
    func mapped(_ weight: (Int64) -> Int64) -> SlotWeights {
        switch storage {
        case .all(let weights): SlotWeights(weights.map(weight))
        case .some(let slots, let weights):
            SlotWeights(slots: slots, weights: weights.map(weight), count: count)
        case .repeating(let weights):
            SlotWeights(repeating: weights.map(weight), count: count)
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
        case .repeating(let weights):
            SlotWeights(
                repeating: weights.count == 1 ? weights : weights.repeated(times),
                count: count * times)
        }
    }

    private static func expanded(_ slots: [Int32], _ weights: [Int64], _ count: Int) -> [Int64] {
        var out = [Int64](repeating: 0, count: count)
        for (slot, weight) in zip(slots, weights) { out[Int(slot)] = weight }
        return out
    }
}
