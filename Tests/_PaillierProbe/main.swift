// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CGMP
import Foundation
import Paillier
import Ring

// What Paillier's scheme does with secrets, once, for a tool that watches it: Scripts/check-constant-time.sh.
//
//   PaillierProbe trace SECRETS      SECRETS (a number) is what exponents, messages, masks and powers are made from;
//   moduli and
//                                    lengths are always the same

/// SplitMix64 (Steele, Lea and Flood, 2014), without a branch.
struct Words {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@inline(never) func keep<T>(_: T) {}

func trace(secrets: UInt64) {
    var words = Words(state: secrets)
    // An odd modulus of 8 limbs with its top bits set; that it is no prime doesn't matter here.
    let modulus = (BigInt(1) << 512) - 105
    let ring = NadicRing(modulus: modulus, isSecret: true)
    let limbs = ring.limbs
    let base = ring.constant(BigInt(3).power(700))

    // Secret coordinates, all below n.
    let secret = LimbBuffer(count: 2 * limbs, isSecret: true)
    let numbers = Numbers(ring: ring, count: 3)
    for i in 0..<3 {
        for w in 0..<2 * limbs { secret.base[w] = words.next() >> 1 }
        ring.load(numbers[i], from: secret.base)
    }
    // Products, squares, sums.
    for _ in 0..<5 {
        ring.multiply(numbers[0], numbers[0], numbers[1])
        ring.multiply(numbers[1], numbers[1], numbers[1])
        ring.add(numbers[2], numbers[2], numbers[0])
        ring.store(secret.base, from: numbers[2])
    }
    // A secret exponent, as decryption's.
    let exponentWords = (0..<2).map { _ in words.next() }
    let exponent = exponentWords.withUnsafeBufferPointer {
        Exponent(limbs: $0.baseAddress!, bits: 128)
    }
    ring.raise(numbers, to: exponent)
    // Secret exponents of a fixed base, as masks'.
    let table = FixedBase(ring: ring, base: base[0], exponentBits: 70)
    let exponents = LimbBuffer(count: 3 * table.exponentWords, isSecret: true)
    for i in 0..<exponents.count { exponents.base[i] = words.next() }
    table.powers(of: exponents.base, count: 3) { numbers[$0] }
    // Joining what is known mod p and mod q.
    let parts = LimbBuffer(count: 7 * limbs + Int(bsg_join_scratch(mp_size_t(limbs))))
    for i in 0..<parts.count { parts.base[i] = words.next() >> 1 }
    let limb = UnsafeMutableRawPointer(parts.base).assumingMemoryBound(to: UInt.self)
    bsg_join(
        limb, limb + 2 * limbs, limb + 3 * limbs, limb + 4 * limbs, limb + 5 * limbs,
        limb + 6 * limbs, mp_size_t(limbs), limb + 7 * limbs)
    keep((numbers, parts, secret, exponents))
}

let arguments = CommandLine.arguments
guard arguments.count == 3, arguments[1] == "trace", let secrets = UInt64(arguments[2]) else {
    print("usage: PaillierProbe trace SECRETS")
    exit(64)
}
trace(secrets: secrets)
