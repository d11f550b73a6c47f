import BFV
import Lattice
import Ring
import Wire

/// The keys of a key set, and their bytes: of each key its seed, then every b_j in turn, limb by limb (P last), residues packed at the
/// bits of their modulus.
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
        var out: [UInt8] = []
        out.reserveCapacity(set.byteCount)
        for (element, _) in set.list {
            let key = key(element)!
            out += key.seed.bytes
            for b in key.b { out += ResiduePacking.pack(b) }
        }
        return out
    }

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
            rest = rest.dropFirst(Seed.byteCount)
            let basis = context.extendedBasis(level: gadget.level)
            let digits = gadget.digits(of: context.basis(level: gadget.level)).count
            let size = ResiduePacking.byteCount(of: basis)
            let b = try (0..<digits).map { _ in
                defer { rest = rest.dropFirst(size) }
                return try ResiduePacking.unpack(
                    rest.prefix(size), basis: basis, what: "a switching key")
            }
            let key = KeySwitchingKey(gadget: gadget, seed: seed, b: b)
            if element == 0 { relinearization = key } else { galois[element] = key }
        }
        self.set = set
        keys = EvaluationKeys(relinearization: relinearization, galois: galois)
    }
}
