// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import Lattice

/// A chain of moduli by what is dropped where.
struct ChainShape: Hashable {
    /// Bits dropped at each switch point; 0: none.
    var drops: [Int]
    /// Bits of what stays to the end, and in how many moduli.
    var final: Int
    var finalCount: Int

    var bits: Int { drops.reduce(final, +) }
}

extension ModulusChain {
    /// - Parameter hasWideBase: whether q_0 is as large as it may be.
    init(_ shape: ChainShape, hasWideBase: Bool) {
        var bits = Self.finalBits(
            shape.final, count: shape.finalCount, smallest: 1, hasWideBase: hasWideBase)
        var counts: [Int] = []
        for drop in shape.drops.reversed() {
            let count = (drop + Self.largestBits - 1) / Self.largestBits
            bits += Self.divide(drop, into: count)
            counts.append(count)
        }
        var level = bits.count
        levels = counts.reversed().map { count in
            level -= count
            return level
        }
        self.bits = bits
    }

    /// What is dropped where.
    var shape: ChainShape {
        var level = bits.count
        let drops = levels.map { next in
            defer { level = next }
            return bits[next..<level].reduce(0, +)
        }
        return ChainShape(
            drops: drops, final: bits[..<level].reduce(0, +), finalCount: level)
    }
}

/// Looks for cheaper chains near one that certifies: bits move between stretches, stretches lose their switch or get
/// one. Forecasts know one way only, to drop noise as far as it goes; a little less at one place often saves a modulus
/// at another.
///
/// A walk of random steps, the same in every run.
struct ChainSearch<Family: CircuitFamily> {
    let search: ParameterSearch<Family>
    private var generator = SplitMix()
    /// Chains that may still be tried.
    private var trials = 2000

    init(_ search: ParameterSearch<Family>) { self.search = search }

    /// The cheapest that was found; of equal ones the shortest.
    mutating func improved(_ start: Candidate<Family>) throws -> Candidate<Family> {
        var best = start
        while trials > 0 {
            let (shape, share) = step(from: best)
            if let found = try shortest(shape, share: share, beside: best) { best = found }
        }
        return best
    }

    /// A neighbour, without its final bits.
    private mutating func step(
        from candidate: Candidate<Family>
    ) -> (shape: ChainShape, share: Double) {
        let smallest = ModulusChain.smallestBits(degree: search.circuit.degree)
        var shape = candidate.chain.shape
        for point in shape.drops.indices where generator.next(below: 3) == 0 {
            let bits = shape.drops[point]
            if bits == 0 {
                guard generator.next(below: 3) == 0 else { continue }
                shape.drops[point] = smallest + generator.next(below: 24)
            } else {
                let moved = bits + generator.next(below: 13) - 6
                shape.drops[point] = moved < smallest || generator.next(below: 6) == 0 ? 0 : moved
            }
        }
        shape.finalCount = max(1, shape.finalCount + generator.next(below: 3) - 1)
        let shares = ParameterSearch<Family>.shares
        let share =
            generator.next(below: 2) == 0
            ? candidate.route.share : shares[generator.next(below: shares.count)]
        return (shape, share)
    }

    /// The fewest final bits with which a shape certifies, where it is better than `best`.
    private mutating func shortest(
        _ shape: ChainShape, share: Double, beside best: Candidate<Family>
    ) throws -> Candidate<Family>? {
        var shape = shape
        var low = shape.finalCount * ModulusChain.smallestBits(degree: search.circuit.degree) - 1
        var high = shape.finalCount * ModulusChain.largestBits
        // First about what the best has, so that hopeless shapes cost one trial.
        shape.final = min(high, best.chain.shape.bits - shape.drops.reduce(0, +) + 12)
        guard shape.final > low, let first = try candidate(shape, share),
            first.work < 1.1 * best.work
        else { return nil }
        var found = first
        high = shape.final
        while high - low > 1 {
            shape.final = (low + high) / 2
            if let better = try candidate(shape, share) {
                found = better
                high = shape.final
            } else {
                low = shape.final
            }
        }
        let isBetter =
            (found.work, found.chain.shape.bits) < (best.work, best.chain.shape.bits)
        return isBetter ? found : nil
    }

    private mutating func candidate(
        _ shape: ChainShape, _ share: Double
    ) throws -> Candidate<Family>? {
        trials -= 1
        return try search.candidate(
            ModulusChain(shape, hasWideBase: Family.hasWideBase), share: share)
    }
}

/// A generator for searches that must find the same in every run (Steele, Lea and Flood, 2014).
private struct SplitMix {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// In 0..<bound, nearly uniform.
    mutating func next(below bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int(truncatingIfNeeded: (z ^ (z >> 31)) >> 1) % bound
    }
}
