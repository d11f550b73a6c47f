// SPDX-License-Identifier: Apache-2.0

import BigIntegers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Bit sizes of the ciphertext moduli and where they are dropped, from a forecast.
package struct ModulusChain: Hashable {
    /// Sizes, q_0 first.
    var bits: [Int]
    /// Level at each switch point.
    var levels: [Int]
    /// Moduli of P.
    var specialCount = 1

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
        let totals = Self.carried(forecast.drops.map(\.bits), smallest: smallest)
        for (drop, total) in zip(forecast.drops, totals).reversed() {
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

    /// What too small drops leave is twice as much after the next products, and dropped there: with more to follow it
    /// would grow beyond all slack.
    package static func carried(_ drops: [Double], smallest: Int) -> [Int] {
        var left = 0.0
        return drops.enumerated().map { index, bits in
            let total = bits + 2 * left
            let rounded = Int(total.rounded(.up))
            left = rounded < smallest / 2 && drops.count - index > fewestCarried ? total : 0
            return rounded
        }
    }

    private static let fewestCarried = 4

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

    /// Levels of products that shall bring no unit: Q_l is -1 modulo t there.
    struct Products: Hashable {
        let modulus: UInt64
        let levels: Set<Int>
    }

    /// Bits by which a prime may be longer than its size, where that has too few.
    private static let longer = 0...2

    /// Distinct primes of about these sizes, none of `excluded`; nil where there are too few.
    func primes(
        degree: Int, excluding excluded: [UInt64], products: Products?, from memory: PlanningMemory
    ) -> [UInt64]? {
        if let products {
            return primes(products, degree: degree, excluding: excluded, from: memory)
        }
        var taken = Set(excluded)
        var out: [UInt64] = []
        for size in bits {
            guard
                let prime = Self.longer.lazy.compactMap({
                    memory.prime(
                        bits: min(size + $0, Self.largestBits), degree: degree, excluding: taken)
                }).first
            else { return nil }
            taken.insert(prime)
            out.append(prime)
        }
        return out
    }

    /// Between two levels of products the largest modulus makes up for the others.
    private func primes(
        _ products: Products, degree: Int, excluding excluded: [UInt64],
        from memory: PlanningMemory
    ) -> [UInt64]? {
        let t = products.modulus
        var taken = Set(excluded)
        var out: [UInt64] = []
        var first = 0
        for level in products.levels.sorted() {
            let sizes = Array(bits[first..<level])
            let residue = first == 0 ? t - 1 : 1
            guard
                let found = Self.group(
                    sizes, product: residue, modulo: t, degree: degree, taken: taken, from: memory)
            else { return nil }
            taken.formUnion(found)
            out += found
            first = level
        }
        for size in bits[first...] {
            guard let prime = memory.prime(bits: size, degree: degree, excluding: taken) else {
                return nil
            }
            taken.insert(prime)
            out.append(prime)
        }
        return out
    }

    /// How many of the other moduli are tried.
    private static let trials = 64

    /// Primes of about these sizes with a product that is `residue` modulo t.
    private static func group(
        _ sizes: [Int], product residue: UInt64, modulo t: UInt64, degree: Int,
        taken: Set<UInt64>, from memory: PlanningMemory
    ) -> [UInt64]? {
        let free = sizes.indices.max { sizes[$0] < sizes[$1] }!
        var passed = taken
        for _ in 0..<(sizes.count > 1 ? trials : 1) {
            var primes = [UInt64](repeating: 1, count: sizes.count)
            var used = passed
            for (index, size) in sizes.enumerated() where index != free {
                guard let prime = memory.prime(bits: size, degree: degree, excluding: used) else {
                    return nil
                }
                used.insert(prime)
                primes[index] = prime
            }
            let others = primes.reduce(1) { ModularArithmetic.multiply($0, $1 % t, modulo: t) }
            let wanted = ModularArithmetic.multiply(
                residue, ModularArithmetic.inverse(others, modulo: t)!, modulo: t)
            if let prime = memory.prime(
                bits: sizes[free], degree: degree, residue: wanted, modulo: t, excluding: used)
            {
                primes[free] = prime
                return primes
            }
            // The next prime in the place of one of the others.
            if let index = sizes.indices.last(where: { $0 != free }) {
                passed.insert(primes[index])
            }
        }
        return nil
    }
}
