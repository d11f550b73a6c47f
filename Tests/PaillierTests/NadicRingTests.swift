// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Paillier
import Ring
import TestSupport
import Testing
import Threading

@Suite struct NadicRingTests {
    static let sizes = [256, 512, 1024, 1536, 2048, 3072, 4096]

    static func modulus(bits: Int, _ random: inout SplitMix64) -> BigInt {
        let n = random.bigInt(bits: bits)
        let odd = n.isOdd ? n : n + 1
        return odd.bitLength == bits ? odd : odd + (BigInt(1) << (bits - 1))
    }

    /// Values whose coordinates are random or at their ends.
    static func value(_ n: BigInt, _ random: inout SplitMix64) -> BigInt {
        func coordinate() -> BigInt {
            switch random.int(in: 0...5) {
            case 0: 0
            case 1: 1
            case 2: n - 1
            default: random.bigInt(below: n)
            }
        }
        let a0 = coordinate()
        return a0 + coordinate() * n
    }

    @Test(arguments: Path.here, sizes)
    func productsAndSquares(path: Path, bits: Int) {
        path.run {
            var random = SplitMix64(seed: UInt64(bits))
            for n in [Self.modulus(bits: bits, &random), (BigInt(1) << bits) - 1] {
                let ring = NadicRing(modulus: n, isSecret: false)
                #expect(ring.usesLanes == (path == .lanes))
                let inverse = ring.radix.inverse(modulo: ring.square)!
                for count in [1, 3, 8, 17] {
                    let values = (0..<3 * count).map { _ in Self.value(n, &random) }
                    let numbers = Numbers(ring: ring, count: 3 * count)
                    var list = ProductList()
                    for (i, value) in values.enumerated() { ring.set(numbers[i], to: value) }
                    #expect((0..<3 * count).allSatisfy { ring.held(numbers[$0]) == values[$0] })
                    for i in 0..<count {
                        // Into another, into an operand, and a square.
                        list.append(numbers[3 * i], numbers[3 * i], numbers[3 * i + 1])
                    }
                    for i in 0..<count {
                        list.append(numbers[3 * i + 2], numbers[3 * i + 2], numbers[3 * i + 2])
                    }
                    ring.multiply(list)
                    for i in 0..<count {
                        let product = values[3 * i] * values[3 * i + 1] * inverse
                        #expect(ring.held(numbers[3 * i]) == product.modulo(ring.square))
                        let square = values[3 * i + 2] * values[3 * i + 2] * inverse
                        #expect(ring.held(numbers[3 * i + 2]) == square.modulo(ring.square))
                    }
                }
            }
        }
    }

    /// Results are operands again: with lanes their coordinates may be above n.
    @Test(arguments: Path.here, [256, 1024, 2048, 4096])
    func longChains(path: Path, bits: Int) {
        path.run {
            var random = SplitMix64(seed: 7)
            let n = Self.modulus(bits: bits, &random)
            let ring = NadicRing(modulus: n, isSecret: true)
            let inverse = ring.radix.inverse(modulo: ring.square)!
            var values = (0..<9).map { _ in Self.value(n, &random) }
            let numbers = Numbers(ring: ring, count: 9)
            for i in 0..<9 { ring.set(numbers[i], to: values[i]) }
            for round in 0..<30 {
                var list = ProductList()
                let sums = Numbers(ring: ring, count: 9)
                for i in 0..<9 {
                    // Up to four numbers added up.
                    ring.add(sums[i], numbers[i], numbers[(i + 1) % 9])
                    ring.add(sums[i], sums[i], numbers[(i + 2) % 9])
                    ring.add(sums[i], sums[i], numbers[(i + 3) % 9])
                    list.append(sums[i], sums[i], round % 2 == 0 ? sums[i] : numbers[i])
                }
                ring.multiply(list)
                values = (0..<9).map { i in
                    let sum = (0..<4).reduce(BigInt()) { $0 + values[(i + $1) % 9] }
                    return (sum * (round % 2 == 0 ? sum : values[i]) * inverse).modulo(ring.square)
                }
                for i in 0..<9 { numbers[i].update(from: sums[i], count: ring.stride) }
                #expect((0..<9).allSatisfy { ring.held(numbers[$0]) == values[$0] })
            }
        }
    }

    @Test(arguments: Path.here, [true, false])
    func powers(path: Path, isSecret: Bool) {
        path.run {
            var random = SplitMix64(seed: 9)
            let ring = NadicRing(modulus: Self.modulus(bits: 512, &random), isSecret: true)
            for (bits, exponent) in [
                (1, BigInt(0)), (1, 1), (4, 15), (65, BigInt(1) << 64),
                (300, random.bigInt(bits: 300)),
                (256, 3),
            ] {
                let bases = (0..<10).map { _ in Self.value(ring.modulus, &random) }
                let numbers = Numbers(ring: ring, count: 10)
                for i in 0..<10 { ring.set(numbers[i], to: bases[i] * ring.radix) }
                ring.raise(numbers, to: Exponent(exponent, bits: bits, isSecret: isSecret))
                for i in 0..<10 {
                    let power = bases[i].powerVariableTime(exponent, modulus: ring.square)
                    #expect(ring.held(numbers[i]) == (power * ring.radix).modulo(ring.square))
                }
            }
        }
    }

    @Test(arguments: Path.here, [(3, 64), (5, 130), (6, 127), (7, 200), (8, 97)])
    func fixedBases(path: Path, shape: (window: Int, bits: Int)) {
        path.run {
            var random = SplitMix64(seed: 11)
            let ring = NadicRing(modulus: Self.modulus(bits: 512, &random), isSecret: true)
            let base = Self.value(ring.modulus, &random)
            let number = ring.constant(base * ring.radix)
            let table = FixedBase(
                ring: ring, base: number[0], exponentBits: shape.bits, window: shape.window)
            let limit = BigInt(1) << shape.bits
            let exponents =
                [0, 1, limit - 1, limit >> 1] + (0..<33).map { _ in random.bigInt(below: limit) }
            let words = LimbBuffer(count: exponents.count * table.exponentWords)
            for (i, e) in exponents.enumerated() {
                e.copyLimbs(
                    to: words.base + i * table.exponentWords, count: table.exponentWords)
            }
            let out = Numbers(ring: ring, count: exponents.count)
            let counts = Array(1...9) + [37]
            for (count, pool) in counts.map({ ($0, nil) }) + [(37, WorkerPool(threads: 2))] {
                // From 2 on, so that few exponents are no special ones.
                let first = count == 37 ? 0 : 2
                table.powers(
                    of: words.base + first * table.exponentWords, count: count, pool: pool
                ) { out[first + $0] }
                for (i, e) in exponents.enumerated() where (first..<first + count).contains(i) {
                    let power = base.powerVariableTime(e, modulus: ring.square)
                    #expect(ring.held(out[i]) == (power * ring.radix).modulo(ring.square))
                }
            }
        }
    }

    @Test(arguments: Path.here, [1, 2, 3, 7, 16, 21])
    func inverses(path: Path, count: Int) {
        path.run {
            var random = SplitMix64(seed: 13)
            let ring = NadicRing(modulus: Self.modulus(bits: 256, &random), isSecret: false)
            var values: [BigInt] = []
            while values.count < count {
                let value = Self.value(ring.modulus, &random)
                if value.inverse(modulo: ring.square) != nil { values.append(value) }
            }
            let numbers = Numbers(ring: ring, count: count)
            for i in 0..<count { ring.set(numbers[i], to: values[i] * ring.radix) }
            ring.invert((0..<count).map { numbers[$0] }, pool: WorkerPool(threads: 1))
            for i in 0..<count {
                let inverse = values[i].inverse(modulo: ring.square)!
                #expect(ring.held(numbers[i]) == (inverse * ring.radix).modulo(ring.square))
            }
        }
    }
}
