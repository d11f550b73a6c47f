// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice
import Ring
import Wire

/// The keys of a key set, and their bytes: of each key its seed, then every b_j in turn, limb by limb (P last),
/// residues in Montgomery form packed at the bits of their modulus.
package struct BFVKeys: KeyMaterial {
    package let set: BFVKeySet
    package let keys: EvaluationKeys

    /// - Throws: `InferenceError.missingKey` where a key of the set is missing.
    package init(_ set: BFVKeySet, _ keys: EvaluationKeys) throws {
        self.set = set
        self.keys = keys
        for (element, gadget) in set.list {
            guard key(element)?.gadget == gadget else {
                throw InferenceError.missingKey(
                    element == 0 ? "the relinearization key" : "Galois key \(element)")
            }
        }
    }

    private func key(_ element: Int) -> KeySwitchingKey? {
        element == 0 ? keys.relinearization : keys.galois[element]
    }

    package func encoded() throws -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: set.byteCount) { bytes, initialized in
            for (element, _) in set.list {
                let key = key(element)!
                for byte in key.seed.bytes {
                    bytes.initializeElement(at: initialized, to: byte)
                    initialized += 1
                }
                key.pack(into: bytes.baseAddress! + initialized)
                initialized += key.packedByteCount
            }
        }
    }

    /// Reads keys straight into the form that predictions read.
    /// - Throws: `WireError` where the bytes are not just the set's, and what the reader throws.
    package init(
        _ reader: SectionReader, _ set: BFVKeySet, _ context: LatticeContext
    ) throws {
        guard reader.remaining == set.byteCount else {
            throw WireError.wrongCount(
                "bytes of evaluation keys", expected: set.byteCount, found: reader.remaining)
        }
        var relinearization: KeySwitchingKey?
        var galois: [Int: KeySwitchingKey] = [:]
        // One limb of any key.
        let limb = UnsafeMutableRawBufferPointer.allocate(
            byteCount: context.degree * 8, alignment: 16)
        defer { limb.deallocate() }
        func next(_ count: Int) throws -> UnsafeRawBufferPointer {
            let bytes = UnsafeMutableRawBufferPointer(rebasing: limb[..<count])
            try reader.read(into: bytes)
            return UnsafeRawBufferPointer(bytes)
        }
        for (element, gadget) in set.list {
            let seed = Seed(try next(Seed.byteCount))!
            let key = try KeySwitchingKey(gadget: gadget, seed: seed, context: context) {
                try next($0).assumingMemoryBound(to: UInt8.self).baseAddress!
            }
            guard let key else { throw WireError.residueTooLarge("a switching key") }
            if element == 0 { relinearization = key } else { galois[element] = key }
        }
        self.set = set
        keys = EvaluationKeys(relinearization: relinearization, galois: galois)
    }
}
