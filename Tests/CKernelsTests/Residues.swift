// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport

/// A buffer of 64-byte aligned words, as the kernels want them.
final class Buffer<Element> {
    let words: UnsafeMutableBufferPointer<Element>

    init(_ values: [Element]) {
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: max(64, values.count * MemoryLayout<Element>.stride), alignment: 64)
        let base = raw.bindMemory(to: Element.self, capacity: values.count)
        words = UnsafeMutableBufferPointer(start: base, count: values.count)
        _ = words.initialize(from: values)
    }

    deinit { UnsafeMutableRawPointer(words.baseAddress!).deallocate() }

    var p: UnsafeMutablePointer<Element> { words.baseAddress! }
    var array: [Element] { Array(words) }
}

func mulMod(_ a: UInt64, _ b: UInt64, _ q: UInt64) -> UInt64 {
    q.dividingFullWidth(a.multipliedFullWidth(by: b)).remainder
}

func powMod(_ base: UInt64, _ exponent: UInt64, _ q: UInt64) -> UInt64 {
    var result: UInt64 = 1
    var base = base
    var exponent = exponent
    while exponent != 0 {
        if exponent & 1 == 1 { result = mulMod(result, base, q) }
        base = mulMod(base, base, q)
        exponent >>= 1
    }
    return result
}

/// Miller and Rabin; these bases are exact for 64-bit numbers.
func isPrime(_ n: UInt64) -> Bool {
    let bases: [UInt64] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]
    if bases.contains(n) { return true }
    if n < 2 || bases.contains(where: { n % $0 == 0 }) { return false }
    let shift = (n - 1).trailingZeroBitCount
    return bases.allSatisfy { base in
        var x = powMod(base, (n - 1) >> UInt64(shift), n)
        if x == 1 || x == n - 1 { return true }
        for _ in 1..<max(shift, 1) {
            x = mulMod(x, x, n)
            if x == n - 1 { return true }
        }
        return false
    }
}

/// The largest prime of exactly `bits` bits that is 1 mod `step`, or nil.
func largestPrime(bits: UInt64, step: UInt64 = 2) -> UInt64? {
    let top: UInt64 = 1 << bits
    var n = (top - 2) / step * step + 1
    while n > top / 2 {
        if isPrime(n) { return n }
        n -= step
    }
    return nil
}

/// The smallest prime of exactly `bits` bits that is 1 mod `step`, or nil.
func smallestPrime(bits: UInt64, step: UInt64 = 2) -> UInt64? {
    let bottom: UInt64 = 1 << (bits - 1)
    var n = (bottom + step - 1) / step * step + 1
    while n < 2 * bottom {
        if isPrime(n) { return n }
        n += step
    }
    return nil
}

/// A primitive root of unity mod q of order `order`, a power of two that divides q - 1.
func primitiveRoot(order: UInt64, q: UInt64) -> UInt64 {
    for g in UInt64(2)... {
        let root = powMod(g, (q - 1) / order, q)
        if powMod(root, order / 2, q) == q - 1 { return root }
    }
    fatalError()
}

/// The largest prime below `bound`.
func prime(below bound: UInt64) -> UInt64 {
    var n = (bound - 2) | 1
    while !isPrime(n) { n -= 2 }
    return n
}

/// Sizes and moduli: the largest and the smallest prime of each bit length, and some a little over
/// a power of two, where a quotient's estimate is at its worst.
let testModuli: [UInt64] =
    [17, 18, 19].map { prime(below: $0 << 45) }
    + [11, 12, 17, 20, 25, 30, 36, 40, 45, 47, 48, 49, 50].flatMap { bits in
        [largestPrime(bits: bits)!, smallestPrime(bits: bits)!]
    }

func modulus(_ q: UInt64) -> bsk_modulus {
    var m = bsk_modulus()
    bsk_modulus_init(&m, q)
    return m
}

/// Random residues mod q among which every 5th or so is an extreme: 0, 1, q-1, near q/2.
func residues(_ n: Int, _ q: UInt64, _ rng: inout SplitMix64) -> Buffer<UInt64> {
    let extremes = [0, 1, q - 1, q - 2, q / 2, q / 2 + 1]
    return Buffer(
        (0..<n).map { _ in
            let choice = Int.random(in: 0..<30, using: &rng)
            return choice < extremes.count
                ? extremes[choice] : UInt64.random(in: 0..<q, using: &rng)
        })
}

/// Only q - 1: what drives lazy sums to their largest.
func largest(_ n: Int, _ q: UInt64) -> Buffer<UInt64> {
    Buffer(Array(repeating: q - 1, count: n))
}

/// Random residues just below q: large sums that still vary.
func high(_ n: Int, _ q: UInt64, _ rng: inout SplitMix64) -> Buffer<UInt64> {
    Buffer((0..<n).map { _ in UInt64.random(in: q - q / 64..<q, using: &rng) })
}

/// x mod q in [0, q).
func reduce(_ x: Int64, _ q: UInt64) -> UInt64 {
    let r = x % Int64(q)
    return UInt64(r < 0 ? r + Int64(q) : r)
}

/// The centered representative of x.
func center(_ x: UInt64, _ q: UInt64) -> Int64 {
    x <= q / 2 ? Int64(x) : Int64(x) - Int64(q)
}
