// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CGMP
import CKernels
import Ring

/// Numbers of a ring, one after the other.
package final class Numbers: @unchecked Sendable {
    package let count: Int
    private let stride: Int
    private let buffer: LimbBuffer

    package init(ring: NadicRing, count: Int) {
        self.count = count
        stride = ring.stride
        buffer = LimbBuffer(count: max(count, 1) * ring.stride, isSecret: ring.isSecret)
    }

    package subscript(index: Int) -> UnsafeMutablePointer<UInt64> {
        buffer.base + index * stride
    }

    /// For tests: whether the memory is wiped when it is released.
    package var isWiped: Bool { buffer.isSecret }
}

// What goes in and comes out has both coordinates below n, in limbs of 64 bits: 2 * limbs words, a0 then a1.
extension NadicRing {
    /// number = the words that are given.
    package func load(
        _ number: UnsafeMutablePointer<UInt64>, from words: UnsafePointer<UInt64>
    ) {
        guard usesLanes else {
            number.update(from: words, count: 2 * limbs)
            return
        }
        for i in 0..<2 {
            Self.withPadded(limbs: limbs, digits: digits, isSecret: isSecret) { padded in
                padded.update(from: words + i * limbs, count: limbs)
                bsk_unpack(
                    number + i * digits,
                    UnsafeRawPointer(padded).assumingMemoryBound(to: UInt8.self), 52, digits)
            }
        }
        for i in 2 * digits..<stride { number[i] = 0 }
    }

    /// words = the number. Constant time.
    package func store(
        _ words: UnsafeMutablePointer<UInt64>, from number: UnsafePointer<UInt64>
    ) {
        guard usesLanes else {
            words.update(from: number, count: 2 * limbs)
            return
        }
        var high: (UInt64, UInt64) = (0, 0)
        for i in 0..<2 {
            Self.withPadded(limbs: limbs, digits: digits, isSecret: isSecret) { padded in
                bsk_pack(
                    UnsafeMutableRawPointer(padded).assumingMemoryBound(to: UInt8.self),
                    number + i * digits, 52, digits)
                (words + i * limbs).update(from: padded, count: limbs)
                if i == 0 { high.0 = padded[limbs] } else { high.1 = padded[limbs] }
            }
        }
        withScratch { scratch in
            withUnsafePointer(to: scalar) {
                bsg_nadic_canonical(
                    $0, Self.limbPointer(words), UInt(high.0), UInt(high.1), scratch)
            }
        }
    }

    /// number = value mod n^2. Variable time.
    package func set(_ number: UnsafeMutablePointer<UInt64>, to value: BigInt) {
        let (a1, a0) = value.modulo(square).quotientAndRemainder(dividingBy: modulus)
        set(number, a0, a1)
    }

    /// number = a0 + a1 n, both below n.
    package func set(_ number: UnsafeMutablePointer<UInt64>, _ a0: BigInt, _ a1: BigInt) {
        let words = LimbBuffer(count: 2 * limbs, isSecret: isSecret)
        a0.copyLimbs(to: words.base, count: limbs)
        a1.copyLimbs(to: words.base + limbs, count: limbs)
        withExtendedLifetime(words) { load(number, from: words.base) }
    }

    /// a0 and a1, below n.
    package func coordinates(_ number: UnsafePointer<UInt64>) -> (BigInt, BigInt) {
        let words = LimbBuffer(count: 2 * limbs, isSecret: isSecret)
        return withExtendedLifetime(words) {
            store(words.base, from: number)
            return (
                BigInt(limbs: words.base, count: limbs),
                BigInt(limbs: words.base + limbs, count: limbs)
            )
        }
    }

    /// The residue that is held, below n^2, as it is: in Montgomery form x R for x.
    package func held(_ number: UnsafePointer<UInt64>) -> BigInt {
        let (a0, a1) = coordinates(number)
        return a0 + a1 * modulus
    }

    /// A number that holds `value` mod n^2. Variable time.
    package func constant(_ value: BigInt) -> Numbers {
        let number = Numbers(ring: self, count: 1)
        set(number[0], to: value)
        return number
    }

    /// R^exponent mod n^2; the exponent may be negative. Variable time in the exponent.
    package func radixPower(_ exponent: BigInt) -> BigInt {
        let power = radix.powerVariableTime(exponent.magnitude, modulus: square)
        // n is odd, so that R has an inverse.
        return exponent.isNegative ? power.inverse(modulo: square)! : power
    }

    func withScratch<R>(_ body: (UnsafeMutablePointer<UInt>) -> R) -> R {
        withUnsafeTemporaryAllocation(
            of: UInt.self, capacity: Int(bsg_nadic_scratch(mp_size_t(limbs)))
        ) { scratch in
            defer { if isSecret { bsk_wipe(scratch.baseAddress!, scratch.count * 8) } }
            return body(scratch.baseAddress!)
        }
    }

    static func limbPointer(_ words: UnsafeMutablePointer<UInt64>) -> UnsafeMutablePointer<UInt> {
        UnsafeMutableRawPointer(words).assumingMemoryBound(to: UInt.self)
    }

    static func limbPointer(_ words: UnsafePointer<UInt64>) -> UnsafePointer<UInt> {
        UnsafeRawPointer(words).assumingMemoryBound(to: UInt.self)
    }
}
