// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Bit sizes of the ciphertext moduli and where they are dropped, from a forecast.
struct ModulusChain: Hashable {
    /// Sizes, q_0 first.
    var bits: [Int]
    /// Level at each switch point.
    var levels: [Int]

    static let largestBits = 49
    /// The largest size at which vectors transform at full speed.
    static let fastestBits = 47

    /// The smallest size at which a degree has primes to choose from.
    static func smallestBits(degree: Int) -> Int { (2 * degree).trailingZeroBitCount + 4 }

    init(bits: [Int], levels: [Int]) {
        self.bits = bits
        self.levels = levels
    }

    /// - Parameters:
    ///   - splits: whether what a stretch drops may be dropped in two parts, early and late.
    ///   - slack: bits added to the last stretch.
    ///   - hasWideBase: whether q_0 is as large as it may be, for replies of wide plaintext moduli.
    init(
        forecast: NoiseForecast, switchPointCount: Int, degree: Int, splits: Bool, slack: Int,
        hasWideBase: Bool = false
    ) {
        let smallest = Self.smallestBits(degree: degree)
        let final = Int(forecast.finalBits.rounded(.up)) + slack
        let finalCount = (final + Self.largestBits - 1) / Self.largestBits
        var bits = Self.finalBits(
            final, count: finalCount, smallest: smallest, hasWideBase: hasWideBase)
        // From the last stretch to the first: what is dropped last comes first in the chain.
        var groups: [(point: Int, count: Int)] = []
        for drop in forecast.drops.reversed() {
            let total = Int(drop.bits.rounded(.up))
            guard total >= smallest / 2 else { continue }
            var early = splits ? min(Int(drop.early), total - smallest, Self.largestBits) : 0
            if early < smallest || drop.earlyPoint == nil { early = 0 }
            let late = max(total - early, smallest)
            let lateCount = (late + Self.largestBits - 1) / Self.largestBits
            bits += Self.divide(late, into: lateCount)
            groups.append((drop.latePoint, lateCount))
            if early > 0, let point = drop.earlyPoint {
                bits.append(early)
                groups.append((point, 1))
            }
        }
        var level = bits.count
        var levels = [Int](repeating: 0, count: switchPointCount)
        var pending = groups
        for point in 0..<switchPointCount {
            while let group = pending.last, group.point <= point {
                level -= group.count
                pending.removeLast()
            }
            levels[point] = level
        }
        self.bits = bits
        self.levels = levels
    }

    /// Sizes of the moduli that stay to the end.
    static func finalBits(
        _ bits: Int, count: Int, smallest: Int, hasWideBase: Bool
    ) -> [Int] {
        guard hasWideBase, count > 1 else { return divide(max(bits, smallest), into: count) }
        let rest = max(bits - largestBits, smallest * (count - 1))
        return [largestBits] + divide(rest, into: count - 1)
    }

    static func divide(_ total: Int, into count: Int) -> [Int] {
        (0..<count).map { (total + $0) / count }.reversed()
    }

    /// Distinct primes of these sizes, none of `excluded`; nil where a size has too few.
    func primes(
        degree: Int, excluding excluded: [UInt64], from memory: PlanningMemory
    ) -> [UInt64]? {
        var taken = Set(excluded)
        var out: [UInt64] = []
        for size in bits {
            guard let prime = memory.prime(bits: size, degree: degree, excluding: taken) else {
                return nil
            }
            taken.insert(prime)
            out.append(prime)
        }
        return out
    }
}
