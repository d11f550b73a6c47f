// SPDX-License-Identifier: Apache-2.0

/// Odd primes below 2^15: what most numbers have as a factor, and is found sooner than by a test for primes.
package enum SmallFactors {
    /// Products of neighbouring primes, each as large as a word holds: one division tells of several.
    private static let products: [(product: UInt64, primes: ArraySlice<UInt64>)] = {
        var isComposite = [Bool](repeating: false, count: limit)
        for p in stride(from: 3, to: limit, by: 2) where !isComposite[p] {
            for multiple in stride(from: p * p, to: limit, by: 2 * p) {
                isComposite[multiple] = true
            }
        }
        let primes = stride(from: 3, to: limit, by: 2).filter { !isComposite[$0] }.map(UInt64.init)
        var found: [(product: UInt64, primes: ArraySlice<UInt64>)] = []
        var start = 0
        while start < primes.count {
            var (end, product) = (start, UInt64(1))
            while end < primes.count {
                let (larger, overflows) = product.multipliedReportingOverflow(by: primes[end])
                if overflows { break }
                (end, product) = (end + 1, larger)
            }
            found.append((product, primes[start..<end]))
            start = end
        }
        return found
    }()

    /// Numbers from here on have more factors than themselves if one of these primes divides them.
    package static let limit = 1 << 15

    /// Whether one of them divides n. Variable time.
    package static func divide(_ n: BigInt) -> Bool {
        products.contains { product, primes in
            let residue = n.residue(modulo: product)
            return primes.contains { residue % $0 == 0 }
        }
    }
}
