import BFV
import BigIntegers
import CKernels
import Foundation
import Inference
import Lattice
import Ring

extension Blindsight_V1_SecretKeyMessage {
    /// 0, 1, or 2 for -1, in 2 bits. Constant time.
    init(_ coefficients: SecretCoefficients) {
        self.init()
        var words = withExtendedLifetime(coefficients) {
            (0..<coefficients.count).map { index in
                let value = UInt64(bitPattern: coefficients.base[index])
                return (value & 1) &+ (value >> 63)
            }
        }
        defer { words.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) } }
        var packed = Packing.pack(words, bits: 2)
        self.coefficients = Data(packed)
        packed.wipe()
    }

    /// Zeroes the coefficients. Call it on a variable that shares its storage with none.
    mutating func wipe() {
        coefficients.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { bsk_wipe(base, bytes.count) }
        }
    }

    func secretKey(_ context: LatticeContext) throws -> SecretKey {
        let n = context.degree
        var bytes = [UInt8](coefficients)
        defer { bytes.wipe() }
        guard bytes.count == Packing.byteCount(n, bits: 2) else {
            throw WireError.wrongCount(
                "secret key bytes", expected: Packing.byteCount(n, bits: 2), found: bytes.count)
        }
        var words = Packing.unpack(bytes, count: n, bits: 2)
        defer { words.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) } }
        guard bsk_all_below(words, 3, n) == 1 else {
            throw WireError.outOfRange("a coefficient of the secret key")
        }
        let out = SecretCoefficients(count: n)
        for index in 0..<n {
            // 2 becomes -1 without a branch.
            out.base[index] = Int64(words[index] & 1) - Int64(words[index] >> 1)
        }
        try Self.checkBounds(out)
        return SecretKey(context: context, coefficients: out)
    }
}

extension Blindsight_V1_SecretKeyMessage {
    /// The noise certificate counts on what key generation makes sure of.
    private static func checkBounds(_ coefficients: SecretCoefficients) throws {
        var values = withExtendedLifetime(coefficients) {
            (0..<coefficients.count).map { Double(coefficients.base[$0]) }
        }
        defer { values.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) } }
        guard SecretBounds(degree: coefficients.count).hold(for: values) else {
            throw WireError.outOfRange("a secret key that key generation never gives")
        }
    }
}

extension Blindsight_V1_EvaluationKeyMessage {
    /// - Throws: `WireError` where the keys are not exactly those of `plan`.
    init(_ keys: EvaluationKeys, _ plan: ClientPlan) throws {
        self.init()
        let expected = PlanChecks.keyList(plan)
        let found = keys.galois.count + (keys.relinearization == nil ? 0 : 1)
        guard found == expected.count else {
            throw WireError.wrongCount("evaluation keys", expected: expected.count, found: found)
        }
        self.keys = try expected.map { element, gadget in
            guard let key = element == 0 ? keys.relinearization : keys.galois[element],
                key.gadget == gadget, let basis = key.b.first?.basis,
                basis.degree == plan.parameters.degree,
                basis.moduli == Array(plan.parameters.ciphertextModuli[..<gadget.level])
                    + [plan.parameters.specialModulus]
            else { throw WireError.malformed("evaluation keys that were not made for this plan") }
            var message = Blindsight_V1_SwitchingKeyMessage()
            message.element = UInt32(element)
            message.seed = Data(key.seed.bytes)
            message.residues = Data(key.b.flatMap { Packing.pack($0) })
            return message
        }
    }

    /// Exactly the keys of `plan`, in order.
    func keys(_ plan: ClientPlan, _ context: BFVContext) throws -> EvaluationKeys {
        let expected = PlanChecks.keyList(plan)
        guard keys.count == expected.count else {
            throw WireError.wrongCount(
                "evaluation keys", expected: expected.count, found: keys.count)
        }
        var relinearization: KeySwitchingKey?
        var galois: [Int: KeySwitchingKey] = [:]
        for (message, (element, gadget)) in zip(keys, expected) {
            guard Int(message.element) == element else {
                throw WireError.malformed(
                    "a key for Galois element \(message.element) in the place of \(element)")
            }
            let key = try message.key(gadget, context)
            if element == 0 { relinearization = key } else { galois[element] = key }
        }
        return EvaluationKeys(relinearization: relinearization, galois: galois)
    }
}

extension Blindsight_V1_SwitchingKeyMessage {
    fileprivate func key(_ gadget: Gadget, _ context: BFVContext) throws -> KeySwitchingKey {
        guard let seed = Seed(self.seed) else {
            throw WireError.wrongCount(
                "seed bytes", expected: Seed.byteCount, found: self.seed.count)
        }
        let basis = context.extendedBasis(level: gadget.level)
        let digits = gadget.digits(of: context.basis(level: gadget.level)).count
        let size = Packing.byteCount(of: basis)
        let bytes = [UInt8](residues)
        guard bytes.count == digits * size else {
            throw WireError.wrongCount(
                "bytes of a switching key", expected: digits * size, found: bytes.count)
        }
        let b = try (0..<digits).map {
            try Packing.unpack(
                bytes[$0 * size..<($0 + 1) * size], basis: basis, what: "a switching key")
        }
        return KeySwitchingKey(gadget: gadget, seed: seed, b: b)
    }
}
