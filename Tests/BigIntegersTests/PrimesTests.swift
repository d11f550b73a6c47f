// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import TestSupport
import Testing

@Suite struct PrimesTests {
    @Test func agreesWithASieve() {
        let limit = 20_000
        var composite = [Bool](repeating: false, count: limit)
        for p in 2..<limit where !composite[p] {
            for multiple in stride(from: p * p, to: limit, by: p) { composite[multiple] = true }
        }
        for n in 0..<limit {
            #expect(Primes.isPrime(UInt64(n)) == (n >= 2 && !composite[n]), "\(n)")
        }
    }

    @Test func agreesWithGMPOnWideNumbers() {
        var generator = SplitMix64(seed: 5)
        for _ in 0..<300 {
            let n = generator.next() | 1
            #expect(Primes.isPrime(n) == BigInt(n).isProbablePrime(), "\(n)")
        }
        #expect(Primes.isPrime(18_446_744_073_709_551_557) && !Primes.isPrime(.max))
    }

    @Test func descendingSearchSkipsTheExcluded() {
        let all = Primes.nttPrimes(bits: 49, count: 6, congruentTo1Modulo: 16384)
        #expect(all.count == 6 && all == all.sorted(by: >))
        #expect(all.allSatisfy { $0 % 16384 == 1 && $0 >> 48 == 1 && Primes.isPrime($0) })
        let fewer = Primes.nttPrimes(
            bits: 49, count: 4, congruentTo1Modulo: 16384, excluding: [all[0], all[2]])
        #expect(fewer == [all[1], all[3], all[4], all[5]])
    }

    @Test func searchEndsWhereThereAreNoMore() {
        #expect(Primes.nttPrimes(bits: 5, count: 9, congruentTo1Modulo: 2) == [31, 29, 23, 19, 17])
        #expect(Primes.nttPrimes(bits: 2, count: 9, congruentTo1Modulo: 1) == [3, 2])
        #expect(Primes.nttPrimes(bits: 10, count: 3, congruentTo1Modulo: 1 << 20).isEmpty)
        #expect(
            Primes.nttPrimes(from: 0, below: 20, count: 99, congruentTo1Modulo: 4) == [5, 13, 17])
        #expect(
            Primes.nttPrimes(from: 13, below: 18, count: 99, congruentTo1Modulo: 4) == [13, 17])
        #expect(Primes.nttPrimes(from: 20, below: 20, count: 1, congruentTo1Modulo: 1).isEmpty)
    }

    @Test func ascendingSearchMeetsDescending() {
        let down = Primes.nttPrimes(bits: 17, count: 100, congruentTo1Modulo: 2048)
        let up = Primes.nttPrimes(
            from: 1 << 16, below: 1 << 17, count: 100, congruentTo1Modulo: 2048)
        #expect(!up.isEmpty && up == down.reversed())
    }

    @Test func smallFactors() {
        // Of 2^127 - 1, a prime: with each odd number below the limit, and with the first prime above it.
        let large = (BigInt(1) << 127) - 1
        for factor in stride(from: 3, to: SmallFactors.limit, by: 2) {
            #expect(SmallFactors.divide(large * BigInt(factor)), "\(factor)")
        }
        #expect(!SmallFactors.divide(large))
        #expect(!SmallFactors.divide(large * 32771))
    }

    @Test(arguments: [16, 17, 63, 64, 65, 256]) func randomPrimes(bits: Int) {
        var generator = SplitMix64(seed: UInt64(bits))
        var last = BigInt()
        for _ in 0..<3 {
            let p = Primes.randomPrime(bits: bits) { count in
                (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            } accepting: {
                $0.residue(modulo: 3) == 2
            }
            #expect(p.bitLength == bits && (p >> (bits - 2)) == 3 && p.isProbablePrime())
            #expect(p.residue(modulo: 3) == 2 && p != last)
            last = p
        }
    }
}
