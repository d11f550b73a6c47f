// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import Lattice
import Threading

/// A chain of moduli by what is dropped where.
struct ChainShape: Hashable {
    /// Bits dropped at each switch point; 0: none.
    var drops: [Int]
    /// Bits of what stays to the end, and in how many moduli.
    var final: Int
    var finalCount: Int
    /// Moduli of P.
    var specialCount = 1

    var bits: Int { drops.reduce(final, +) }

    /// With more bits that stay to the end.
    func wider(by bits: Int) -> ChainShape {
        var out = self
        out.final += bits
        let fewest = (out.final + ModulusChain.largestBits - 1) / ModulusChain.largestBits
        out.finalCount = max(out.finalCount, fewest)
        return out
    }
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
        specialCount = shape.specialCount
    }

    /// What is dropped where.
    var shape: ChainShape {
        var level = bits.count
        let drops = levels.map { next in
            defer { level = next }
            return bits[next..<level].reduce(0, +)
        }
        return ChainShape(
            drops: drops, final: bits[..<level].reduce(0, +), finalCount: level,
            specialCount: specialCount)
    }
}

/// Looks for a cheaper chain than a search by forecasts found: it tries every pattern of switch points to drop moduli at,
/// then moves bits between the stretches of the best ones. A little less than what noise would allow at one place often
/// saves a modulus at another.
///
/// Random steps, the same in every run.
struct ChainSearch<Family: CircuitFamily> {
    let search: ParameterSearch<Family>
    private var generator = SplitMix()

    /// Patterns that are tried, at most.
    private static var patterns: Int { 128 }
    /// Of these, those whose bits are moved, and how much longer than the best they may take.
    private static var finalists: Int { 3 }
    private static var tolerance: Double { 1.15 }
    /// Of the time, what patterns take, about.
    private static var patternShare: Double { 0.25 }
    /// Bits that are added to what a forecast asks for.
    private static var slack: Int { 8 }
    /// Chains that are tried for each finalist.
    private let trials: Int

    init(_ search: ParameterSearch<Family>, trials: Int) {
        self.search = search
        // Each is a run of the circuit, permutation by permutation.
        let steps = search.circuit.instructions.count + search.circuit.permutations.count
        size = max(1, Double(steps) / Double(Self.usualSteps))
        self.trials = max(1, Int(Double(trials) / size))
    }

    /// Of circuits with more, fewer chains are tried.
    private static var usualSteps: Int { 512 }
    /// A circuit's, in those.
    private let size: Double

    /// The cheapest that was found; of equal ones the shortest.
    ///
    /// - Parameter progress: called with the share done.
    mutating func improved(
        _ start: Candidate<Family>, progress: (Double) throws -> Void
    ) throws -> Candidate<Family> {
        var found = [start]
        var least = start.work
        let patterns = patterns(near: start)
        for (index, pattern) in patterns.enumerated() {
            try Cancellation.check()
            try progress(Self.patternShare * Double(index) / Double(patterns.count))
            // All that noise allows, or what one modulus takes: of any size, or of those that transform fastest.
            var shapes: [ChainShape] = []
            for bits in [
                .infinity, Double(ModulusChain.largestBits), Double(ModulusChain.fastestBits),
            ] {
                guard var shape = try search.shape(pattern: pattern, largestDrop: bits) else {
                    continue
                }
                shape.specialCount = start.chain.specialCount
                guard !shapes.contains(shape) else { continue }
                shapes.append(shape)
            }
            for shape in shapes {
                if let candidate = try candidate(near: shape, below: Self.tolerance * least) {
                    found.append(candidate)
                    least = min(least, candidate.work)
                }
            }
        }
        found.sort { $0.isBetter(than: $1) }
        var best = found[0]
        let finalists = found.prefix(Self.finalists).filter {
            $0.work < Self.tolerance * least
        }
        for (index, candidate) in finalists.enumerated() {
            let moved = try withBitsMoved(candidate) { share in
                let done = (Double(index) + share) / Double(finalists.count)
                try progress(Self.patternShare + (1 - Self.patternShare) * done)
            }
            if moved.isBetter(than: best) { best = moved }
        }
        return best
    }

    /// All of few switch points; of many, those that differ in one or two from where a chain drops moduli.
    private func patterns(near start: Candidate<Family>) -> [UInt128] {
        let masks = search.circuit.switchPoints.filter { $0 < UInt128.bitWidth }.map {
            UInt128(1) << UInt128($0)
        }
        var all: [UInt128] = [0]
        for mask in masks where all.count <= Self.patterns { all += all.map { $0 | mask } }
        if all.count <= Self.patterns { return all }
        var origin: UInt128 = 0
        for (point, bits) in start.chain.shape.drops.enumerated()
        where bits > 0 && point < UInt128.bitWidth {
            origin |= 1 << UInt128(point)
        }
        var out: [UInt128] = []
        for (index, first) in masks.enumerated() {
            for second in masks[index...] { out.append(origin ^ (first | second)) }
        }
        return Array(out.prefix(max(8, Int(Double(Self.patterns) / size))))
    }

    /// The cheapest of a shape, with as few more bits as certify.
    /// - Parameter limit: of its work.
    private func candidate(
        near shape: ChainShape, below limit: Double
    ) throws -> Candidate<Family>? {
        var best: Candidate<Family>?
        // First as many as the moduli hold.
        let room = shape.finalCount * ModulusChain.largestBits - shape.final
        // From wide digits to narrow ones, which cost more and add less noise.
        for share in ParameterSearch<Family>.shares {
            var (low, high) = (-1, min(room, Self.slack))
            var most = try candidate(shape.wider(by: high), share, below: limit)
            if most == nil, high < Self.slack {
                (low, high) = (high, Self.slack)
                most = try candidate(shape.wider(by: high), share, below: limit)
            }
            guard var found = most, found.work < limit else { continue }
            while high - low > 1 {
                let middle = (low + high) / 2
                if let better = try candidate(shape.wider(by: middle), share) {
                    (found, high) = (better, middle)
                } else {
                    low = middle
                }
            }
            if best.map({ found.isBetter(than: $0) }) ?? true { best = found }
            if high == 0 { break }
        }
        return best
    }

    /// After random steps, each kept where it is better.
    private mutating func withBitsMoved(
        _ start: Candidate<Family>, progress: (Double) throws -> Void
    ) throws -> Candidate<Family> {
        var best = start
        var done = 0
        while done < trials {
            try Cancellation.check()
            try progress(Double(done) / Double(trials))
            let (shape, share) = step(from: best)
            done += 1
            guard shape != best.chain.shape || share != best.share,
                let first = try candidate(shape, share, below: 1.1 * best.work),
                first.work < 1.1 * best.work
            else { continue }
            let found = try shortest(shape, first, &done)
            if found.isBetter(than: best) { best = found }
        }
        return best
    }

    private mutating func step(
        from candidate: Candidate<Family>
    ) -> (shape: ChainShape, share: Double) {
        let smallest = ModulusChain.smallestBits(degree: search.circuit.degree)
        let largest = ModulusChain.largestBits
        var shape = candidate.chain.shape
        for point in shape.drops.indices
        where shape.drops[point] > 0 && generator.next(below: 2) == 0 {
            shape.drops[point] = max(
                smallest, shape.drops[point] + generator.next(below: 13) - 6)
        }
        // No fewer moduli than bits need, no smaller ones than there are primes of.
        let bits = max(smallest, shape.final + generator.next(below: 17) - 8)
        let fewest = (bits + largest - 1) / largest
        shape.final = bits
        shape.finalCount = min(
            max(fewest, shape.finalCount + generator.next(below: 3) - 1), max(1, bits / smallest))
        if shape.specialCount > 1 {
            let other = shape.specialCount + generator.next(below: 3) - 1
            shape.specialCount = min(max(1, other), LatticeParameters.mostSpecialModuli)
        }
        let shares = ParameterSearch<Family>.shares
        let share =
            generator.next(below: 2) == 0
            ? candidate.share : shares[generator.next(below: shares.count)]
        return (shape, share)
    }

    /// With the fewest final bits that certify.
    private func shortest(
        _ shape: ChainShape, _ first: Candidate<Family>, _ done: inout Int
    ) throws -> Candidate<Family> {
        var found = first
        var low = shape.finalCount * ModulusChain.smallestBits(degree: search.circuit.degree) - 1
        var high = shape.final
        var shape = shape
        while high - low > 1 {
            shape.final = (low + high) / 2
            done += 1
            if let better = try candidate(shape, found.share) {
                found = better
                high = shape.final
            } else {
                low = shape.final
            }
        }
        return found
    }

    private func candidate(
        _ shape: ChainShape, _ share: Double, below limit: Double = .infinity
    ) throws -> Candidate<Family>? {
        let chain = ModulusChain(shape, hasWideBase: Family.hasWideBase)
        return limit < .infinity
            ? try search.candidate(chain, share: share, below: limit)
            : try search.candidate(chain, share: share)
    }
}

extension Candidate {
    /// Cheaper, or as cheap with less to send.
    fileprivate func isBetter(than other: Candidate) -> Bool {
        (work, bitsSent) < (other.work, other.bitsSent)
    }

    /// Of a residue of the request and one of the reply.
    private var bitsSent: Int {
        chain.shape.bits + choices.replyC0Bits + choices.replyC1Bits
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
