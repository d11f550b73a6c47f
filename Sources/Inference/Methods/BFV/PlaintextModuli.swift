// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The choice of plaintext moduli.
enum PlaintextModuli {
    /// Primes beyond it are not tried.
    private static let limit = UInt64(1) << 49
    /// How many primes are tried for a generator that is short at every embedding: fewer where reduction is slow.
    private static func trials(index: Int) -> Int { max(4, 256 / index) }

    /// `count` moduli of index k with a product of primes above `bound`; nil where the primes would be too large.
    /// One modulus of k > 1 is chosen for its short generator, all else for small primes.
    static func choose(
        count: Int, above bound: BigInt, shape: SlotShape
    ) -> [PlaintextModulus]? {
        guard let smallest = smallest(count: count, above: bound, degree: shape.degree) else {
            return nil
        }
        func ideal(_ prime: UInt64) -> PlaintextModulus? {
            let found = PlaintextModulus.ideal(
                prime: prime, index: shape.index, degree: shape.degree)
            return found?.reciprocal == nil ? nil : found
        }
        guard count == 1, shape.index > 1 else {
            let found = smallest.compactMap(ideal)
            return found.count == count ? found : nil
        }
        var best: PlaintextModulus?
        var candidate = smallest[0]
        var left = trials(index: shape.index)
        // A prime twice as large is no better than the smallest by more than its own size costs.
        while left > 0, candidate < min(limit, 2 * smallest[0]) {
            if Primes.isPrime(candidate) {
                left -= 1
                if let found = ideal(candidate),
                    found.largestEmbedding < best?.largestEmbedding ?? .infinity
                {
                    best = found
                }
            }
            candidate += UInt64(2 * shape.degree)
        }
        return best.map { [$0] }
    }

    /// The `count` consecutive primes, 1 modulo 2N, with the smallest product above `bound`.
    private static func smallest(count: Int, above bound: BigInt, degree: Int) -> [UInt64]? {
        let step = UInt64(2 * degree)
        // Skip ahead: the largest of them is at least the count-th root of the bound, and primes are never far apart.
        let rootBits = max(bound, BigInt(1)).log2Lower / Double(count)
        guard rootBits < 49 else { return nil }
        let root = exp2(rootBits)
        let first = max(root / 4, root - Double(count) * 256 * Double(step))
        var candidate = max(1, UInt64(max(first, 1)) / step) * step + 1
        var window: [UInt64] = []
        while candidate < limit {
            if candidate > 1 << 10, Primes.isPrime(candidate) {
                window.append(candidate)
                if window.count > count { window.removeFirst() }
                if window.count == count,
                    window.reduce(BigInt(1), { $0 * BigInt($1) }) > bound
                {
                    return window
                }
            }
            candidate += step
        }
        return nil
    }
}
