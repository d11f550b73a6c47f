// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring

/// n, and h_s = h^n mod n^2 for h = -y^2 mod n: what encrypts.
///
/// Damgard, Jurik and Nielsen ("A generalization of Paillier's public-key system with applications to electronic
/// voting", 2010): the mask of a ciphertext is h_s^r for r of |n|/2 bits, in place of r^n.
public final class PaillierPublicKey: Sendable {
    /// How large the modulus n is.
    public let size: PaillierKeySize
    /// n.
    package let modulus: BigInt
    package let ring: NadicRing
    /// h_s, in Montgomery form.
    package let mask: Numbers
    /// a0 and a1 of h_s.
    private let maskCoordinates: [BigInt]

    /// Bytes of a coordinate.
    package var coordinateBytes: Int { (size.bits + 7) / 8 }
    /// Bytes of a ciphertext: two coordinates.
    package var ciphertextBytes: Int { 2 * coordinateBytes }
    /// The largest plaintext: (n - 1) / 2. The smallest is its negative.
    public var maximumPlaintext: BigInt { modulus >> 1 }

    /// - Parameters:
    ///   - modulus: n.
    ///   - mask: h_s, in 2..<n^2.
    package init(size: PaillierKeySize, modulus n: BigInt, mask: BigInt) throws(PaillierError) {
        guard n.bitLength == size.bits, n.isOdd else {
            throw .invalidKey("n must be odd and have \(size.bits) bits")
        }
        // A factor that trial division finds is none of ours.
        for prime in SmallPrimes.upTo65535 where n.residue(modulo: UInt64(prime)) == 0 {
            throw .invalidKey("n has a small factor")
        }
        guard mask > 1, mask < n * n - 1 else { throw .invalidKey("h_s is out of range") }
        let (a1, a0) = mask.quotientAndRemainder(dividingBy: n)
        guard a0 > 1, a0 < n - 1, a0.greatestCommonDivisor(n) == 1 else {
            throw .invalidKey("h_s is not invertible, or of tiny order")
        }
        self.size = size
        modulus = n
        ring = NadicRing(modulus: n, isSecret: false)
        self.mask = ring.constant(mask * ring.radix)
        maskCoordinates = [a0, a1]
    }
}

extension PaillierPublicKey {
    package static func == (a: PaillierPublicKey, b: PaillierPublicKey) -> Bool {
        a === b || a.modulus == b.modulus && a.maskCoordinates == b.maskCoordinates
    }
}

// Little endian: "BPK1", bits of n (4 bytes), n, then a0 and a1 of h_s = a0 + a1 n, ceil(bits / 8) bytes each.
extension PaillierPublicKey {
    private static let magic = Array("BPK1".utf8)

    /// What `init(bytes:)` reads.
    public var bytes: [UInt8] {
        Self.magic + KeyBytes.header(size.bits)
            + ([modulus] + maskCoordinates).flatMap {
                $0.littleEndianBytes(count: coordinateBytes)!
            }
    }

    /// A key from outside. Nobody without the factors can tell whether h_s is an n-th power: trust whoever made the
    /// key, as for n.
    /// - Parameter allowsInsecure: takes sizes under 2048 bits, and odd ones.
    public convenience init(bytes: [UInt8], allowsInsecure: Bool = false) throws(PaillierError) {
        let (size, numbers) = try KeyBytes.read(
            bytes, magic: Self.magic, allowsInsecure: allowsInsecure, halves: [2, 2, 2])
        let n = numbers[0]
        guard numbers[1] < n, numbers[2] < n else { throw .invalidKey("h_s is out of range") }
        try self.init(size: size, modulus: n, mask: numbers[1] + numbers[2] * n)
    }
}

/// What the forms of both keys share.
enum KeyBytes {
    static func header(_ bits: Int) -> [UInt8] { (0..<4).map { UInt8(bits >> (8 * $0) & 0xFF) } }

    /// The size and the numbers after it. `halves`: the length of each, in halves of n.
    static func read(
        _ bytes: [UInt8], magic: [UInt8], allowsInsecure: Bool, halves: [Int]
    ) throws(PaillierError) -> (PaillierKeySize, [BigInt]) {
        guard bytes.count >= 8, Array(bytes[..<4]) == magic else {
            throw .malformed("these bytes are no key of this kind")
        }
        let bits = (0..<4).reduce(0) { $0 | Int(bytes[4 + $1]) << (8 * $1) }
        let size = try PaillierKeySize(bits: bits, allowsInsecure: allowsInsecure)
        let lengths = halves.map { (bits * $0 / 2 + 7) / 8 }
        guard bytes.count == 8 + lengths.reduce(0, +) else {
            throw .malformed("\(bytes.count) bytes for a key of \(bits) bits")
        }
        var numbers: [BigInt] = []
        var start = 8
        for length in lengths {
            numbers.append(BigInt(littleEndianBytes: bytes[start..<start + length]))
            start += length
        }
        return (size, numbers)
    }
}

enum SmallPrimes {
    /// The 6542 primes below 2^16.
    static let upTo65535: [UInt32] = {
        var composite = [Bool](repeating: false, count: 1 << 16)
        var primes: [UInt32] = []
        for i in 2..<1 << 16 where !composite[i] {
            primes.append(UInt32(i))
            for multiple in Swift.stride(from: i * i, to: 1 << 16, by: i) {
                composite[multiple] = true
            }
        }
        return primes
    }()
}
