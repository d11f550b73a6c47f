// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Paillier
import TestSupport
import Testing

@Suite struct KeyTests {
    @Test(arguments: [256, 512, 1024])
    func freshKeysAreValid(bits: Int) throws {
        let key = PaillierSecretKey.generate(size: .insecure(bits: bits))
        let (p, q) = (key.p.prime, key.q.prime)
        #expect(key.publicKey.modulus == p * q)
        #expect((p * q).bitLength == bits && p.bitLength == bits / 2)
        #expect(p.residue(modulo: 4) == 3 && q.residue(modulo: 4) == 3)
        #expect((p - 1).greatestCommonDivisor(q - 1) == 2)
        #expect(PaillierSecretKey.generate(size: .insecure(bits: bits)).p.prime != p)
    }

    @Test func formsRoundTrip() throws {
        let key = try KeyVectors.of(bits: 512).secretKey()
        let secret = try PaillierSecretKey(bytes: key.secretBytes(), allowsInsecure: true)
        #expect(secret.p.prime == key.p.prime && secret.q.prime == key.q.prime)
        #expect(secret.publicKey == key.publicKey)
        let other = try PaillierPublicKey(bytes: key.publicKey.bytes, allowsInsecure: true)
        #expect(other == key.publicKey && other.bytes == key.publicKey.bytes)
        #expect(throws: PaillierError.self) { try PaillierPublicKey(bytes: key.publicKey.bytes) }
        #expect(throws: PaillierError.self) { try PaillierSecretKey(bytes: key.secretBytes()) }
        // 2048 bits need no leave.
        let large = try KeyVectors.of(bits: 2048).secretKey()
        _ = try PaillierPublicKey(bytes: large.publicKey.bytes)
        _ = try PaillierSecretKey(bytes: large.secretBytes())
    }

    @Test func malformedKeysAreRefused() throws {
        let key = try KeyVectors.of(bits: 512).secretKey()
        let (open, secret) = (key.publicKey.bytes, key.secretBytes())
        for bytes in [open, secret] {
            for length in 0..<bytes.count {
                let cut = Array(bytes[..<length])
                #expect(throws: PaillierError.self) {
                    try PaillierPublicKey(bytes: cut, allowsInsecure: true)
                }
                #expect(throws: PaillierError.self) {
                    try PaillierSecretKey(bytes: cut, allowsInsecure: true)
                }
            }
        }
        #expect(throws: PaillierError.self) {
            try PaillierPublicKey(bytes: open + [0], allowsInsecure: true)
        }
        #expect(throws: PaillierError.self) {
            try PaillierPublicKey(bytes: secret, allowsInsecure: true)
        }
        // Each byte changed: a secret key no longer fits; a public one may, but must not trap.
        for i in stride(from: 0, to: secret.count, by: 7) {
            var changed = secret
            changed[i] ^= 0x10
            #expect(throws: PaillierError.self) {
                try PaillierSecretKey(bytes: changed, allowsInsecure: true)
            }
        }
        for i in open.indices {
            var changed = open
            changed[i] ^= 0xFF
            _ = try? PaillierPublicKey(bytes: changed, allowsInsecure: true)
        }
    }

    @Test func unfitNumbersAreRefused() throws {
        let v = KeyVectors.of(bits: 512)
        let (p, q, n, mask) = (hex(v.p), hex(v.q), hex(v.n), hex(v.mask))
        func secret(_ p: BigInt, _ q: BigInt, _ mask: BigInt) throws -> PaillierSecretKey {
            try PaillierSecretKey(size: v.size, p: p, q: q, mask: mask)
        }
        _ = try secret(p, q, mask)
        let bad: [(BigInt, BigInt, BigInt)] = [
            (p, p, mask), (p + 2, q, mask), (p, q - 4, mask), (p * 4 - 1, q, mask), (1, q, mask),
            // Not an n-th power; of order 2 or 1; not invertible; out of range.
            (p, q, mask + 1), (p, q, n * n - 1), (p, q, 1), (p, q, 0), (p, q, p),
            (p, q, n * n + mask),
            // A square has order (p - 1) / 2 only.
            (p, q, (mask * mask).modulo(n * n)),
        ]
        for (p, q, mask) in bad {
            #expect(throws: PaillierError.self) { try secret(p, q, mask) }
        }
        for n in [n - 1, n - 2, n * 2 + 1, (BigInt(1) << 511) + 1 - 2, 3] {
            #expect(throws: PaillierError.self) {
                try PaillierPublicKey(size: v.size, modulus: n, mask: 4)
            }
        }
    }

    /// Nothing of a secret in text or mirrors.
    @Test func secretsAreNotPrinted() throws {
        let key = try KeyVectors.of(bits: 512).secretKey()
        var dumped = ""
        dump(key, to: &dumped)
        #expect("\(key)" == "Paillier.PaillierSecretKey")
        #expect(!dumped.contains(key.p.prime.description))
        #expect(Mirror(reflecting: key).children.isEmpty)
    }

    /// The rings of the factors, masks and tables hold memory that is wiped when it is released.
    @Test(arguments: Path.here) func secretMemoryIsMarked(path: Path) throws {
        try path.run { () throws in
            let key = try KeyVectors.of(bits: 512).secretKey()
            #expect(key.p.ring.isSecret && key.q.ring.isSecret)
            #expect(!key.publicKey.ring.isSecret)
            #expect(gmpMemoryIsWiped())
            let owner = PaillierOwnerEncryptor(secretKey: key)
            #expect(owner.halves.allSatisfy { $0.table.isWiped })
            #expect(PaillierEncryptor(publicKey: key.publicKey).source.table.isWiped)
            #expect(Numbers(ring: key.p.ring, count: 1).isWiped)
            #expect(Exponent(3, bits: 2, isSecret: true).isWiped)
        }
    }
}
