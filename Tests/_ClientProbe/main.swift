// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Foundation
import Lattice
import Ring

// What a client does, alone: timed, or run once for a tool that watches it.
//
//   ClientProbe time [repetitions [operation]]   median times at N = 8192 with 4 moduli
//   ClientProbe trace SECRETS        one of each operation in a small ring; SECRETS (a number) is what the key,
//                                    errors and messages are made from, and nothing else depends on it

/// Primes 1 modulo 2N, all distinct.
func primes(_ bits: [Int], degree: Int) -> [UInt64] {
    var used: Set<UInt64> = []
    return bits.map {
        let prime = Primes.nttPrimes(
            bits: $0, count: 1, congruentTo1Modulo: UInt64(2 * degree), excluding: used)[0]
        used.insert(prime)
        return prime
    }
}

/// The plaintext moduli that are looked at: 17 bits with k = 1, or 35 bits with k = 4.
func context(degree: Int, index: Int, ciphertextBits: [Int]) throws -> BFVContext {
    let all = primes(ciphertextBits + [49], degree: degree)
    let plaintext = Primes.nttPrimes(
        bits: index == 1 ? 17 : 35, count: 20, congruentTo1Modulo: UInt64(2 * degree)
    ).lazy.compactMap { PlaintextModulus.ideal(prime: $0, index: index, degree: degree) }.first!
    return try BFVContext(
        .insecure(
            degree: degree, ciphertextModuli: Array(all[..<ciphertextBits.count]),
            specialModulus: all[ciphertextBits.count],
            plaintexts: [plaintext]))
}

/// SplitMix64 (Steele, Lea and Flood, 2014), without a branch.
struct Words: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: UInt64) -> UInt64 {
        next().multipliedFullWidth(by: bound).high
    }
}

func seed(_ byte: UInt8) -> Seed { Seed([UInt8](repeating: byte, count: Seed.byteCount))! }

@inline(never) func keep<T>(_: T) {}

func median(_ repetitions: Int, _ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    var times: [Duration] = []
    for _ in 0..<repetitions { times.append(try clock.measure(body)) }
    let middle = times.sorted()[repetitions / 2]
    return Double(middle.components.attoseconds) / 1e15
}

func time(repetitions: Int, only: String?) throws {
    for index in [1, 4] {
        let context = try context(degree: 8192, index: index, ciphertextBits: [48, 48, 48, 36])
        let secret = SecretKey(context: context)
        let encryptor = Encryptor(context: context, secretKey: secret)
        let publicEncryptor = PublicEncryptor(
            context: context, publicKey: KeyGenerator(secretKey: secret).publicKey())
        let decryptor = Decryptor(context: context, secretKey: secret)
        let evaluator = Evaluator(
            context: context, keys: EvaluationKeys(relinearization: nil, galois: [:]))
        var words = Words(state: 1)
        let t = context.parameters.plaintextModuli[0]
        let slots = (0..<8192 / index).map { _ in words.below(t) }
        let top = encryptor.encrypt(slots: slots, plaintextIndex: 0)
        let open = publicEncryptor.encrypt(slots: slots, plaintextIndex: 0)
        let bottom = encryptor.encrypt(slots: slots, plaintextIndex: 0, level: 1)
        let reply = try evaluator.compress(top, c0Bits: 20, c1Bits: 32)
        precondition(decryptor.decrypt(top).slots == slots)
        precondition(decryptor.decrypt(open).slots == slots)
        precondition(decryptor.decrypt(bottom).slots == slots)
        let found = try decryptor.decrypt(reply).slots
        precondition(found == slots)
        let rows: [(String, () throws -> Void)] = [
            ("encrypt", { keep(encryptor.encrypt(slots: slots, plaintextIndex: 0)) }),
            (
                "encrypt with the public key",
                { keep(publicEncryptor.encrypt(slots: slots, plaintextIndex: 0)) }
            ),
            ("decrypt, level 4", { keep(decryptor.decrypt(top)) }),
            ("decrypt, level 1", { keep(decryptor.decrypt(bottom)) }),
            ("decrypt a reply", { keep(try decryptor.decrypt(reply)) }),
        ]
        for (name, body) in rows where only == nil || name == only {
            let time = try median(repetitions, body)
            print("k = \(index)  \(name): \(String(format: "%.3f", time)) ms")
        }
    }
}

/// Everything that touches a secret, once, with the public randomness always the same. What `secrets` says goes into
/// the ternary key, the errors, and the messages.
func trace(secrets: UInt64, degree: Int) throws {
    for index in [1, 4] {
        let context = try context(degree: degree, index: index, ciphertextBits: [48, 36])
        let t = context.parameters.plaintextModuli[0]
        var words = Words(state: secrets)
        // One after the other, whatever they are: the key's bounds are checked elsewhere, by drawing again.
        var source = Keystream(secrets: words.next())
        let drawn = Samplers.ternary(degree: degree, from: &source)
        let secret = SecretKey(context: context.lattice, coefficients: drawn)
        let slots = (0..<degree / index).map { _ in words.below(t) }
        let decryptor = Decryptor(context: context, secretKey: secret)

        let generator = KeyGenerator(secretKey: secret)
        let key = generator.publicKey(seed: seed(1), errors: &source)
        let level = context.maximumLevel
        let symmetric = Encryptor(context: context, secretKey: secret).encrypt(
            slots: slots, plaintextIndex: 0, level: level, seed: seed(2), errors: &source)
        let open = PublicEncryptor(context: context, publicKey: key).encrypt(
            slots: slots, plaintextIndex: 0, level: level, source: &source)
        let evaluator = Evaluator(
            context: context, keys: EvaluationKeys(relinearization: nil, galois: [:]))
        let bottom = try evaluator.switchDown(symmetric, toLevel: 1)
        keep(decryptor.decrypt(open))
        keep(decryptor.decrypt(bottom))
        keep(try decryptor.decrypt(evaluator.compress(symmetric, c0Bits: 17, c1Bits: 32)))
    }
}

extension Keystream {
    /// A stream under a key that differs with `secrets`.
    init(secrets: UInt64) {
        var words = Words(state: secrets)
        let bytes = (0..<4).flatMap { _ in
            withUnsafeBytes(of: words.next()) { Array($0) }
        }
        self.init(seed: Seed(bytes)!, stream: 0)
    }
}

let arguments = CommandLine.arguments
switch arguments.dropFirst().first {
case "time":
    try time(
        repetitions: arguments.count > 2 ? Int(arguments[2])! : 1001,
        only: arguments.count > 3 ? arguments[3] : nil)
case "trace" where arguments.count == 3 && UInt64(arguments[2]) != nil:
    try trace(secrets: UInt64(arguments[2])!, degree: 64)
default:
    print("usage: ClientProbe time [repetitions [operation]] | trace SECRETS")
    exit(64)
}
