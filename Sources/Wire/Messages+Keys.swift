import CKernels
import Foundation
import Inference
import RLWE
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
        self.coefficients = Data(Packing.pack(words, bits: 2))
    }

    func secretKey(_ context: RLWEContext) throws -> SecretKey {
        let n = context.degree
        let bytes = [UInt8](coefficients)
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
        return SecretKey(context: context, coefficients: out)
    }
}

extension Blindsight_V1_EvaluationKeyMessage {
    init(_ keys: EvaluationKeys) {
        self.init()
        let relinearization = keys.relinearization.map { [(0, $0)] } ?? []
        let galois = keys.galois.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        self.keys = (relinearization + galois).map { element, key in
            var message = Blindsight_V1_SwitchingKeyMessage()
            message.element = UInt32(element)
            message.seed = Data(key.seed.bytes)
            message.residues = Data(key.b.flatMap { Packing.pack($0) })
            return message
        }
    }

    /// Exactly the keys of `plan`, in order.
    func keys(_ plan: ClientPlan, _ context: RLWEContext) throws -> EvaluationKeys {
        let degree = context.degree
        var expected = plan.keys.rotations.map {
            ($0.key.galoisElement(degree: degree), $0.value)
        }.sorted { $0.0 < $1.0 }
        if let gadget = plan.keys.relinearization { expected.insert((0, gadget), at: 0) }
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
    fileprivate func key(_ gadget: Gadget, _ context: RLWEContext) throws -> KeySwitchingKey {
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
