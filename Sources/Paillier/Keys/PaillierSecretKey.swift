// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring

/// The factors p and q of n. Wiped on release; never printed.
public final class PaillierSecretKey: Sendable {
    /// For those who encrypt and compute.
    public let publicKey: PaillierPublicKey
    package let p: SecretPrime
    package let q: SecretPrime

    /// A fresh key from the operating system's generator. Takes from tenths of a second to seconds; variable time.
    public static func generate(size: PaillierKeySize = .bits3072) -> PaillierSecretKey {
        var source = Keystream()
        while true {
            let p = prime(bits: size.bits / 2, from: &source) { _ in true }
            let q = prime(bits: size.bits / 2, from: &source) { fit(p, $0) }
            let n = p * q
            let y = BigInt(littleEndianBytes: bytes(size.bits / 8 + 8, from: &source))
            let h = (-(y * y)).modulo(n)
            let mask = h.powerVariableTime(n, modulus: n * n)
            // Fails where h lacks order, which is rare.
            if let key = try? PaillierSecretKey(size: size, p: p, q: q, mask: mask) { return key }
        }
    }

    /// Checks all that can be: sizes, primes, h_s a power of order free of small cofactors.
    package init(
        size: PaillierKeySize, p: BigInt, q: BigInt, mask: BigInt
    ) throws(PaillierError) {
        for prime in [p, q] {
            guard prime.bitLength == size.bits / 2, prime.residue(modulo: 4) == 3,
                prime.isProbablePrime(rounds: 40)
            else { throw .invalidKey("a factor is no prime that is 3 modulo 4") }
        }
        guard Self.fit(p, q) else { throw .invalidKey("the factors don't fit each other") }
        publicKey = try PaillierPublicKey(size: size, modulus: p * q, mask: mask)
        self.p = SecretPrime(p, other: q, mask: mask)
        self.q = SecretPrime(q, other: p, mask: mask)
        guard self.p.hasOrder(mask), self.q.hasOrder(mask) else {
            throw .invalidKey("h_s is no n-th power of large order")
        }
    }

    /// gcd(p - 1, q - 1) = 2, so that the squares mod n are cyclic; |p - q| is above 2^(|p| - 100), as FIPS 186-5 has
    /// it, against Fermat's factoring (for small insecure keys: above 2^(|p| / 2)); p q has all its bits; gcd(n, phi) =
    /// 1.
    private static func fit(_ p: BigInt, _ q: BigInt) -> Bool {
        let bits = p.bitLength
        return (p - 1).greatestCommonDivisor(q - 1) == 2
            && (p - q).bitLength > max(bits - 100, bits / 2) && (p * q).bitLength == 2 * bits
            && (p * q).greatestCommonDivisor((p - 1) * (q - 1)) == 1
    }

    private static func prime(
        bits: Int, from source: inout Keystream, accepting: (BigInt) -> Bool
    ) -> BigInt {
        Primes.randomPrime(
            bits: bits,
            randomBytes: {
                var bytes = Self.bytes($0, from: &source)
                bytes[0] |= 3
                return bytes
            }, accepting: accepting)
    }

    private static func bytes(_ count: Int, from source: inout Keystream) -> [UInt8] {
        source.words((count + 7) / 8).withWords { words in
            Array(UnsafeRawBufferPointer(start: words, count: count))
        }
    }
}

extension PaillierSecretKey: CustomReflectable {
    /// Empty: nothing of a secret is printed.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

// Little endian: "BSK1", bits of n (4 bytes), p, q, bits / 16 bytes each, then a0 and a1 of h_s, bits / 8 bytes each.
extension PaillierSecretKey {
    private static let magic = Array("BSK1".utf8)

    /// What `init(bytes:)` reads. A secret: the caller's to wipe.
    public func secretBytes() -> [UInt8] {
        let tail = publicKey.bytes.suffix(2 * publicKey.coordinateBytes)
        let half = publicKey.size.bits / 16
        var out = Self.magic + KeyBytes.header(publicKey.size.bits)
        // Grown once: what an array leaves behind when it grows is not wiped.
        out.reserveCapacity(out.count + 2 * half + tail.count)
        for prime in [p.prime, q.prime] {
            var bytes = prime.littleEndianBytes(count: half)!
            out += bytes
            bytes.wipe()
        }
        out += tail
        return out
    }

    /// A key from outside, checked in full: takes some tenths of a second.
    public convenience init(bytes: [UInt8], allowsInsecure: Bool = false) throws(PaillierError) {
        let (size, numbers) = try KeyBytes.read(
            bytes, magic: Self.magic, allowsInsecure: allowsInsecure, halves: [1, 1, 2, 2])
        let n = numbers[0] * numbers[1]
        guard numbers[2] < n, numbers[3] < n else { throw .invalidKey("h_s is out of range") }
        try self.init(
            size: size, p: numbers[0], q: numbers[1], mask: numbers[2] + numbers[3] * n)
    }
}
