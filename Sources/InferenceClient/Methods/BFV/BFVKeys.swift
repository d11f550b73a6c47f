// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice
import Ring
import Wire

/// The keys of a key set, and their bytes: of each key its seed, then every b_j in turn, limb by limb (P last),
/// residues packed at the bits of their modulus.
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
    /// - Throws: `WireError` where the bytes are not just the set's.
    package init(
        encoded bytes: ArraySlice<UInt8>, _ set: BFVKeySet, _ context: LatticeContext
    ) throws {
        guard bytes.count == set.byteCount else {
            throw WireError.wrongCount(
                "bytes of evaluation keys", expected: set.byteCount, found: bytes.count)
        }
        var relinearization: KeySwitchingKey?
        var galois: [Int: KeySwitchingKey] = [:]
        var rest = bytes
        for (element, gadget) in set.list {
            let seed = Seed(rest.prefix(Seed.byteCount))!
            let size = KeySwitchingKey.packedByteCount(gadget, context: context)
            rest = rest.dropFirst(Seed.byteCount)
            let key = rest.prefix(size).withUnsafeBufferPointer { bytes in
                var next = bytes.baseAddress!
                return KeySwitchingKey(gadget: gadget, seed: seed, context: context) { count in
                    defer { next += count }
                    return next
                }
            }
            guard let key else { throw WireError.residueTooLarge("a switching key") }
            rest = rest.dropFirst(size)
            if element == 0 { relinearization = key } else { galois[element] = key }
        }
        self.set = set
        keys = EvaluationKeys(relinearization: relinearization, galois: galois)
    }
}
