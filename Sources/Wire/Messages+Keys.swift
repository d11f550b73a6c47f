import BigIntegers
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

    func secretKey(_ context: RLWEContext) throws -> SecretKey {
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
