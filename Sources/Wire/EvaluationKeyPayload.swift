import Inference
import RLWE
import Ring

/// The payload of evaluation keys: the bytes of an `EvaluationKeyMessage`, written and read in place. A message would hold
/// every key twice more on its way.
enum EvaluationKeyPayload {
    // Of EvaluationKeyMessage, then of SwitchingKeyMessage: field number and wire type.
    private static let keyTag: UInt8 = 1 << 3 | 2
    private static let elementTag: UInt8 = 1 << 3 | 0
    private static let seedTag: UInt8 = 2 << 3 | 2
    private static let residuesTag: UInt8 = 3 << 3 | 2

    /// - Throws: `WireError` where the keys are not exactly those of `plan`.
    static func encode(_ keys: EvaluationKeys, plan: ClientPlan) throws -> [UInt8] {
        let expected = PlanChecks.keyList(plan)
        let found = keys.galois.count + (keys.relinearization == nil ? 0 : 1)
        guard found == expected.count else {
            throw WireError.wrongCount("evaluation keys", expected: expected.count, found: found)
        }
        let parts = try expected.map { element, gadget in
            guard let key = element == 0 ? keys.relinearization : keys.galois[element],
                key.gadget == gadget, key.basis.degree == plan.parameters.degree,
                key.basis.moduli == Array(plan.parameters.ciphertextModuli[..<gadget.level])
                    + [plan.parameters.specialModulus]
            else { throw WireError.malformed("evaluation keys that were not made for this plan") }
            return (head: head(element, seed: key.seed, key.packedByteCount), key: key)
        }
        let count = parts.reduce(0) { $0 + $1.head.count + $1.key.packedByteCount }
        return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
            for (head, key) in parts {
                for byte in head {
                    bytes.initializeElement(at: initialized, to: byte)
                    initialized += 1
                }
                key.pack(into: bytes.baseAddress! + initialized)
                initialized += key.packedByteCount
            }
        }
    }

    /// Exactly the keys of `plan`, in order.
    static func decode(
        _ payload: ArraySlice<UInt8>, plan: ClientPlan, context: RLWEContext
    ) throws -> EvaluationKeys {
        var rest = payload
        var relinearization: KeySwitchingKey?
        var galois: [Int: KeySwitchingKey] = [:]
        for (element, gadget) in PlanChecks.keyList(plan) {
            let size = try length(of: keyTag, in: &rest)
            guard size <= rest.count else { throw notCanonical }
            let key = try key(rest.prefix(size), element: element, gadget, context)
            rest = rest.dropFirst(size)
            if element == 0 { relinearization = key } else { galois[element] = key }
        }
        guard rest.isEmpty else { throw notCanonical }
        return EvaluationKeys(relinearization: relinearization, galois: galois)
    }

    private static func key(
        _ message: ArraySlice<UInt8>, element: Int, _ gadget: Gadget, _ context: RLWEContext
    ) throws -> KeySwitchingKey {
        var rest = message
        // Zero is not written.
        let found = rest.first == elementTag ? try length(of: elementTag, in: &rest) : 0
        guard found == element else {
            throw WireError.malformed(
                "a key for Galois element \(found) in the place of \(element)")
        }
        let seedSize = try length(of: seedTag, in: &rest)
        guard seedSize == Seed.byteCount, let seed = Seed(rest.prefix(seedSize)) else {
            throw WireError.wrongCount(
                "seed bytes", expected: Seed.byteCount, found: seedSize)
        }
        rest = rest.dropFirst(seedSize)
        let size = try length(of: residuesTag, in: &rest)
        let expected = KeySwitchingKey.packedByteCount(gadget, context: context)
        guard size == expected, rest.count == expected else {
            throw WireError.wrongCount(
                "bytes of a switching key", expected: expected, found: size)
        }
        let key = rest.withUnsafeBufferPointer {
            KeySwitchingKey(gadget: gadget, seed: seed, packed: $0, context: context)
        }
        guard let key else { throw WireError.residueTooLarge("a switching key") }
        return key
    }

    private static var notCanonical: WireError {
        .malformed("the payload of an evaluation key is not in canonical form")
    }

    /// The number that follows a tag, which must stand there.
    private static func length(of tag: UInt8, in rest: inout ArraySlice<UInt8>) throws -> Int {
        guard rest.popFirst() == tag else { throw notCanonical }
        let bytes = rest
        guard let value = Int(exactly: try PayloadFields.varint(&rest)),
            bytes.starts(with: varint(value))
        else { throw notCanonical }
        return value
    }

    /// What stands before a key's residues.
    private static func head(_ element: Int, seed: Seed, _ size: Int) -> [UInt8] {
        var fields: [UInt8] = element == 0 ? [] : [elementTag] + varint(element)
        fields += [seedTag, UInt8(Seed.byteCount)] + seed.bytes
        fields += [residuesTag] + varint(size)
        return [keyTag] + varint(fields.count + size) + fields
    }

    private static func varint(_ value: Int) -> [UInt8] {
        var (rest, out) = (value, [UInt8]())
        while rest >= 128 {
            out.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return out + [UInt8(rest)]
    }
}
