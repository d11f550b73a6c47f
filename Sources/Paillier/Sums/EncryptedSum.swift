// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Threading

/// An encrypted vector of one client, or the sum of several.
package struct EncryptedSum: Sendable {
    package let layout: SumLayout
    package let vector: EncryptedVector
    /// Vectors in it, as those who added them say.
    package let terms: Int

    /// - Throws: `otherLayout`, `tooManyTerms`.
    package func adding(
        _ other: EncryptedSum, pool: WorkerPool? = nil
    ) throws(SumError) -> EncryptedSum {
        guard layout.isSame(as: other.layout) else {
            throw .otherLayout("its key, or what was agreed on, is another")
        }
        let (all, overflow) = terms.addingReportingOverflow(other.terms)
        guard !overflow, all <= layout.clients else {
            throw .tooManyTerms(found: overflow ? Int.max : all, most: layout.clients)
        }
        return EncryptedSum(
            layout: layout, vector: vector.adding(other.vector, pool: pool), terms: all)
    }
}

// Little endian: "BPS1", bits of n (4 bytes), count, magnitude, clients and terms (8 bytes each), the lowest 16 bytes of
// n, by which vectors of another key are told, then the ciphertexts as `EncryptedVector` has them.
extension EncryptedSum {
    private static let magic = Array("BPS1".utf8)
    static let headerBytes = 4 + 4 + 4 * 8 + 16

    private static func head(_ layout: SumLayout, terms: Int) -> [UInt8] {
        let numbers = [layout.count, Int(layout.magnitude), layout.clients, terms]
        return magic + KeyBytes.header(layout.publicKey.size.bits)
            + numbers.flatMap { number in (0..<8).map { UInt8(number >> (8 * $0) & 0xFF) } }
            + layout.publicKey.modulus.littleEndianBytes(count: layout.publicKey.coordinateBytes)!
            .prefix(16)
    }

    /// What `init(bytes:layout:)` reads.
    package var bytes: [UInt8] { Self.head(layout, terms: terms) + vector.bytes }

    /// From outside: each ciphertext within range and invertible.
    /// - Throws: `SumError`: `malformed`, `otherLayout`, `tooManyTerms`; `PaillierError` for what is no ciphertext.
    package init(bytes: [UInt8], layout: SumLayout) throws {
        guard bytes.count >= Self.headerBytes, Array(bytes[..<4]) == Self.magic else {
            throw SumError.malformed("these bytes are no encrypted vector")
        }
        let terms = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[32 + $1]) << UInt64(8 * $1) }
        guard terms >= 1 else { throw SumError.malformed("a sum of no vectors") }
        let expected = Self.head(layout, terms: Int(truncatingIfNeeded: terms))
        for (what, range) in [
            ("its key is of another size", 4..<8), ("it has another number of integers", 8..<16),
            ("its integers have another magnitude", 16..<24),
            ("it is for another number of clients", 24..<32), ("its key is another", 40..<56),
        ] where bytes[range] != expected[range] {
            throw SumError.otherLayout(what)
        }
        guard terms <= UInt64(layout.clients) else {
            throw SumError.tooManyTerms(
                found: Int(clamping: terms), most: layout.clients)
        }
        guard bytes.count == layout.byteCount else {
            throw SumError.malformed("\(bytes.count) bytes, where \(layout.byteCount) are needed")
        }
        self.init(
            layout: layout,
            vector: try EncryptedVector(
                bytes: Array(bytes[Self.headerBytes...]), publicKey: layout.publicKey),
            terms: Int(terms))
    }
}
