// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// What all parties of a sum agree on: vectors of `count` integers in -magnitude...magnitude, of at most `clients`
/// clients, packed so that no sum of them leaves its slot.
///
/// Clients encrypt under the public key, a server adds ciphertexts and has no key, and who holds the secret key sees the
/// sum alone, as long as the server and that party don't work together: then they see every vector. Nothing proves that
/// a client's ciphertexts hold integers in range; one that lies spoils the sum (Phong, Aono, Hayashi, Wang and Moriai,
/// "Privacy-preserving deep learning via additively homomorphic encryption", 2018, packs the same way).
package struct SumLayout: Sendable {
    package let publicKey: PaillierPublicKey
    /// Integers in a vector.
    package let count: Int
    /// The largest of one client's, without its sign.
    package let magnitude: Int64
    /// Vectors in a sum, at most.
    package let clients: Int
    package let packing: PackingLayout

    /// Vectors longer than this are a mistake: 2 GB of integers.
    private static let mostIntegers = 1 << 28

    /// - Throws: `invalidLayout` where a number is below 1, or sums don't fit a signed word of 64 bits.
    package init(
        count: Int, magnitude: Int64, clients: Int, publicKey: PaillierPublicKey
    ) throws(SumError) {
        guard (1...Self.mostIntegers).contains(count) else {
            throw .invalidLayout(
                "\(count) integers in a vector; 1 to \(Self.mostIntegers) can be summed")
        }
        guard magnitude >= 1 else {
            throw .invalidLayout("a magnitude of \(magnitude); 1 is the least")
        }
        guard clients >= 1 else { throw .invalidLayout("\(clients) clients; 1 is the least") }
        let (bound, overflow) = magnitude.multipliedReportingOverflow(by: Int64(clients))
        guard !overflow else {
            throw .invalidLayout(
                "sums of \(clients) integers up to \(magnitude) don't fit 64 bits; use a smaller magnitude"
            )
        }
        let slotBits = PackingLayout.slotBits(outputBound: BigInt(bound))
        do { packing = try PackingLayout(slotBits: slotBits, publicKey: publicKey) } catch {
            throw .invalidLayout(error.description)
        }
        self.publicKey = publicKey
        self.count = count
        self.magnitude = magnitude
        self.clients = clients
    }

    /// Ciphertexts of a vector.
    package var ciphertextCount: Int { (count + packing.count - 1) / packing.count }
    /// Bytes of an encrypted vector, and of a sum.
    package var byteCount: Int {
        EncryptedSum.headerBytes + ciphertextCount * publicKey.ciphertextBytes
    }

    /// One client's vector, encrypted: a sum of one.
    /// - Throws: `countMismatch`, `valueOutOfRange`.
    package func encrypt(
        _ values: [Int64], with encryptor: PaillierEncryptor
    ) throws(SumError) -> EncryptedSum {
        guard encryptor.publicKey == publicKey else { throw .otherLayout("its key is another") }
        guard values.count == count else {
            throw .countMismatch(expected: count, found: values.count)
        }
        for (index, value) in values.enumerated() where value.magnitude > magnitude.magnitude {
            throw .valueOutOfRange(index: index, value: value, magnitude: magnitude)
        }
        do {
            let plaintexts = try stride(from: 0, to: count, by: packing.count).map {
                try packing.pack(values[$0..<min($0 + packing.count, count)].map { BigInt($0) })
            }
            return EncryptedSum(
                layout: self, vector: try encryptor.encrypt(plaintexts), terms: 1)
        } catch {
            // All integers are in range, and all packed ones within the key's.
            preconditionFailure("\(error)")
        }
    }

    /// The sums, one for each place of the vectors.
    /// - Parameter leastTerms: how many vectors must have been added, as the sum itself says; what its server says of it
    ///   can't be checked.
    /// - Throws: `otherLayout`, `tooFewTerms`, `sumOutOfRange`; `PaillierError.faultDetected`.
    package func decrypt(
        _ sum: EncryptedSum, with decryptor: PaillierDecryptor, leastTerms: Int
    ) throws -> [Int64] {
        guard sum.layout.isSame(as: self), decryptor.secretKey.publicKey == publicKey else {
            throw SumError.otherLayout("its key, or what was agreed on, is another")
        }
        guard sum.terms >= leastTerms else {
            throw SumError.tooFewTerms(found: sum.terms, least: leastTerms)
        }
        let bound = UInt64(sum.terms) * magnitude.magnitude
        var values: [Int64] = []
        values.reserveCapacity(count)
        for (index, plaintext) in try decryptor.decrypt(sum.vector).enumerated() {
            let slots = packing.unpack(plaintext)
            let used = min(packing.count, count - values.count)
            // Nothing above the last slot, nothing in idle ones, nothing that the vectors can't add up to.
            let numbers = slots.prefix(used).compactMap { Int64(exactly: $0) }
            guard numbers.count == used, numbers.allSatisfy({ $0.magnitude <= bound }),
                try packing.pack(Array(slots.prefix(used))) == plaintext
            else { throw SumError.sumOutOfRange(ciphertext: index) }
            values += numbers
        }
        return values
    }

    func isSame(as other: SumLayout) -> Bool {
        count == other.count && magnitude == other.magnitude && clients == other.clients
            && publicKey == other.publicKey
    }
}
