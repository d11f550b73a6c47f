// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice
import TestSupport
import Testing

/// Ciphertexts that don't belong together are refused: nothing would tell afterwards.
@Suite struct OperandTests {
    @Test func ofTwoLevelsOrTwoPlaintextModuli() throws {
        let parameters = try BFVParameters.insecure(
            degree: 64,
            ciphertextModuli: BFVParameters.primes(bits: 40, count: 3, degree: 64),
            specialModulus: BFVParameters.primes(bits: 41, count: 1, degree: 64)[0],
            plaintextModuli: BFVParameters.primes(bits: 17, count: 2, degree: 64))
        let context = try BFVContext(parameters)
        let key = SecretKey(context: context)
        let encryptor = Encryptor(context: context, secretKey: key)
        let evaluator = Evaluator(context: context, keys: .none)
        let slots = (0..<UInt64(64)).map { $0 }
        let a = encryptor.encrypt(slots: slots, plaintextIndex: 0)
        let low = try evaluator.switchDown(a, toLevel: 2)
        let other = encryptor.encrypt(slots: slots, plaintextIndex: 1)
        for b in [low, other] {
            #expect(throws: EvaluationError.self) { try evaluator.add(a, b) }
            #expect(throws: EvaluationError.self) { try evaluator.subtract(a, b) }
            #expect(throws: EvaluationError.self) {
                try evaluator.multiplyWithoutRelinearizing(a, b)
            }
        }
        let decryptor = Decryptor(context: context, secretKey: key)
        let sum = try evaluator.add(a, a)
        #expect(decryptor.decrypt(sum).slots == slots.map { 2 * $0 })
    }
}
