import BFV
import BigIntegers
import Inference

/// Limits that every plan keeps, whether it is written or read.
enum PlanChecks {
    /// All evaluation keys of a plan, packed: what one protobuf message holds.
    static let maximumKeyBytes = 1 << 31 - 1 << 20
    static let maximumTextBytes = 1024
    static let maximumOutputs = 1 << 16

    static func check(_ plan: ClientPlan) throws {
        guard plan.outputCount <= maximumOutputs, plan.labels.count <= maximumOutputs else {
            throw WireError.outOfRange(
                "\(plan.outputCount) outputs; at most \(maximumOutputs) are planned")
        }
        for label in plan.labels { try check(text: label, "a label") }
        try check(text: plan.certificate.boundMethod, "the bound method")
        // Honest margins are below the bits of a reply's residue.
        guard plan.certificate.noiseMarginBits.allSatisfy({ $0 > 0 && $0 < 64 }) else {
            throw WireError.outOfRange("the noise margins")
        }
        let bytes = keyBytes(plan)
        guard bytes <= maximumKeyBytes else {
            throw WireError.outOfRange(
                "evaluation keys of \(bytes) bytes; at most \(maximumKeyBytes) are made")
        }
    }

    /// Text that a terminal may show: no control characters.
    static func check(text: String, _ what: String) throws {
        guard text.utf8.count <= maximumTextBytes else {
            throw WireError.outOfRange(
                "\(what) of \(text.utf8.count) bytes; at most \(maximumTextBytes)")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw WireError.outOfRange("\(what) with control characters") }
    }

    /// (Galois element, gadget) of each key in the order of its file; element 0 stands for relinearization.
    static func keyList(_ plan: ClientPlan) -> [(element: Int, gadget: Gadget)] {
        let degree = plan.parameters.degree
        let galois = plan.keys.rotations.map {
            (element: $0.key.galoisElement(degree: degree), gadget: $0.value)
        }.sorted { $0.element < $1.element }
        return (plan.keys.relinearization.map { [(element: 0, gadget: $0)] } ?? []) + galois
    }

    /// Packed residues of all keys. At most 2^16 keys of 2^37 bytes: no overflow.
    private static func keyBytes(_ plan: ClientPlan) -> Int {
        let parameters = plan.parameters
        let bits = parameters.ciphertextModuli.map { $0.bitWidthUsed }
        let specialBits = parameters.specialModulus.bitWidthUsed
        return keyList(plan).reduce(0) { sum, key in
            let used = bits[..<key.gadget.level]
            let digits = used.reduce(0) { $0 + key.gadget.digitCount(modulusBits: $1) }
            return sum + digits * (used.reduce(specialBits, +) * parameters.degree / 8)
        }
    }
}
