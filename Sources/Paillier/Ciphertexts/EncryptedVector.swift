// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CGMP
import Ring
import Threading

/// Ciphertexts under one public key.
///
/// A ciphertext c is held n-adically, c = a0 + a1 n, times a power of the ring's R that all of the vector share: sums
/// multiply it by 1/R, and leave it to the next step that can take it out for nothing.
public struct EncryptedVector: Sendable {
    package let publicKey: PaillierPublicKey
    /// Numbers in it.
    public let count: Int
    package let numbers: Numbers
    /// f, where c R^(1 + f) is held: -1 where it is c itself.
    package let radixExponent: Int

    package init(
        publicKey: PaillierPublicKey, numbers: Numbers, radixExponent: Int = -1
    ) {
        self.publicKey = publicKey
        count = numbers.count
        self.numbers = numbers
        self.radixExponent = radixExponent
    }

    /// With each ciphertext itself held.
    package func normalized(pool: WorkerPool? = nil) -> EncryptedVector {
        if radixExponent == -1 { return self }
        let ring = publicKey.ring
        let factor = ring.constant(ring.radixPower(BigInt(-radixExponent)))
        let out = Numbers(ring: ring, count: count)
        var list = ProductList()
        for i in 0..<count { list.append(out[i], numbers[i], factor[0]) }
        withExtendedLifetime((self, factor)) { ring.multiply(list, pool: pool) }
        return EncryptedVector(publicKey: publicKey, numbers: out)
    }

    /// Some of the ciphertexts, in that order; indices may repeat.
    package func selecting(_ indices: [Int]) -> EncryptedVector {
        let ring = publicKey.ring
        let out = Numbers(ring: ring, count: indices.count)
        for (i, index) in indices.enumerated() {
            precondition((0..<count).contains(index), "no ciphertext \(index)")
            out[i].update(from: numbers[index], count: ring.stride)
        }
        return EncryptedVector(publicKey: publicKey, numbers: out, radixExponent: radixExponent)
    }

    /// Ciphertexts of the sums of plaintexts. Both of one key and one count.
    package func adding(_ other: EncryptedVector, pool: WorkerPool? = nil) -> EncryptedVector {
        precondition(count == other.count, "vectors of different counts")
        let out = Numbers(ring: publicKey.ring, count: count)
        var list = ProductList()
        for i in 0..<count { list.append(out[i], numbers[i], other.numbers[i]) }
        withExtendedLifetime((self, other)) { publicKey.ring.multiply(list, pool: pool) }
        return EncryptedVector(
            publicKey: publicKey, numbers: out,
            radixExponent: radixExponent + other.radixExponent)
    }

    /// One vector after the other. All under one key; at least one.
    package static func joining(_ vectors: [EncryptedVector]) throws(PaillierError)
        -> EncryptedVector
    {
        precondition(!vectors.isEmpty, "nothing to join")
        let key = vectors[0].publicKey
        for vector in vectors where !(vector.publicKey == key) { throw .otherKey }
        let parts = vectors.map { $0.normalized() }
        let out = Numbers(ring: key.ring, count: parts.reduce(0) { $0 + $1.count })
        var i = 0
        for part in parts {
            out[i].update(from: part.numbers[0], count: part.count * key.ring.stride)
            i += part.count
        }
        return EncryptedVector(publicKey: key, numbers: out)
    }
}

// Little endian: a0, then a1, bits / 8 bytes each, of one ciphertext after the other.
extension EncryptedVector {
    /// `count` times `publicKey.ciphertextBytes` bytes, what `init(bytes:publicKey:)` reads.
    public var bytes: [UInt8] {
        let plain = normalized()
        let ring = publicKey.ring
        let words = 2 * ring.limbs
        var bytes = [UInt8](repeating: 0, count: count * publicKey.ciphertextBytes)
        bytes.withUnsafeMutableBytes { target in
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words) { buffer in
                for i in 0..<count {
                    ring.store(buffer.baseAddress!, from: plain.numbers[i])
                    for w in 0..<words {
                        target.storeBytes(
                            of: buffer[w].littleEndian, toByteOffset: (i * words + w) * 8,
                            as: UInt64.self)
                    }
                }
            }
        }
        return bytes
    }

    /// Ciphertexts from outside: each within range and invertible mod n.
    /// - Throws: `malformed` for a length that is no whole number of ciphertexts, `invalidCiphertext`.
    public init(bytes: [UInt8], publicKey: PaillierPublicKey) throws(PaillierError) {
        guard bytes.count % publicKey.ciphertextBytes == 0 else {
            throw .malformed(
                "\(bytes.count) bytes are no whole number of ciphertexts of "
                    + "\(publicKey.ciphertextBytes)")
        }
        let ring = publicKey.ring
        let words = 2 * ring.limbs
        let count = bytes.count / publicKey.ciphertextBytes
        let numbers = Numbers(ring: ring, count: count)
        let invalid = bytes.withUnsafeBytes { source -> Int? in
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words) { buffer in
                for i in 0..<count {
                    for w in 0..<words {
                        buffer[w] = UInt64(
                            littleEndian: source.loadUnaligned(
                                fromByteOffset: (i * words + w) * 8, as: UInt64.self))
                    }
                    guard ring.isReduced(buffer.baseAddress!) else { return i }
                    ring.load(numbers[i], from: buffer.baseAddress!)
                }
                return nil
            }
        }
        if let invalid { throw .invalidCiphertext(index: invalid) }
        if let invalid = ring.firstNotInvertible(numbers) {
            throw .invalidCiphertext(index: invalid)
        }
        self.init(publicKey: publicKey, numbers: numbers)
    }

    /// Ciphertexts as other libraries have them: integers in 0..<n^2.
    package init(integers: [BigInt], publicKey: PaillierPublicKey) throws(PaillierError) {
        let ring = publicKey.ring
        let numbers = Numbers(ring: ring, count: integers.count)
        for (i, value) in integers.enumerated() {
            guard !value.isNegative, value < ring.square else {
                throw .invalidCiphertext(index: i)
            }
            ring.set(numbers[i], to: value)
        }
        if let invalid = ring.firstNotInvertible(numbers) {
            throw .invalidCiphertext(index: invalid)
        }
        self.init(publicKey: publicKey, numbers: numbers)
    }

    /// The ciphertexts as integers in 0..<n^2.
    public var integers: [BigInt] {
        let plain = normalized()
        return (0..<count).map { publicKey.ring.held(plain.numbers[$0]) }
    }
}

extension NadicRing {
    /// Whether both coordinates, in limbs, are below n.
    fileprivate func isReduced(_ words: UnsafePointer<UInt64>) -> Bool {
        withScratch { scratch in
            (0..<2).allSatisfy {
                bsg_is_less(
                    Self.limbPointer(words + $0 * limbs), scalar.n, mp_size_t(limbs), scratch) == 1
            }
        }
    }

    /// The first number that shares a factor with n. One greatest common divisor, of the product of all, unless there
    /// is one.
    fileprivate func firstNotInvertible(_ numbers: Numbers) -> Int? {
        if numbers.count == 0 { return nil }
        let product = Numbers(ring: self, count: 8)
        for l in 0..<8 { set(product[l], to: 1) }
        // Eight products by turns; powers of R don't matter.
        for start in Swift.stride(from: 0, to: numbers.count, by: 8) {
            var list = ProductList()
            for i in start..<min(start + 8, numbers.count) {
                list.append(product[i - start], product[i - start], numbers[i])
            }
            multiply(list)
        }
        var all = BigInt(1)
        for l in 0..<8 { all = (all * coordinates(product[l]).0).modulo(modulus) }
        if all.greatestCommonDivisor(modulus) == 1 { return nil }
        return (0..<numbers.count).first {
            coordinates(numbers[$0]).0.greatestCommonDivisor(modulus) != 1
        }
    }
}
