// SPDX-License-Identifier: Apache-2.0

import Foundation
import Paillier

/// Everything that is measured for one key.
struct PaillierRows {
    struct Row: Codable {
        let operation: String
        /// Of one encryption, decryption, sum, dot product or sample.
        let microseconds: Double
        let samples: Int
    }

    struct Report: Codable {
        var bits: Int
        var kernels: String
        var rows: [Row]
        /// For the peer to decrypt: ciphertexts in hexadecimal and their plaintexts.
        var ciphertexts: [String]
        var plaintexts: [String]
    }

    let secret: PaillierSecretKey
    let seconds: Double
    let only: String?

    func measure() throws -> Report {
        let key = secret.publicKey
        let open = PaillierEncryptor(publicKey: key)
        let short = PaillierEncryptor(
            publicKey: key, exponent: .assumingShortExponents(bits: 256))
        let owner = PaillierOwnerEncryptor(secretKey: secret)
        let decryptor = PaillierDecryptor(secretKey: secret)
        let evaluator = PaillierEvaluator(publicKey: key)
        var rows: [Row] = []
        func add(
            _ name: String, per count: Int, before: () -> Void = {}, _ body: () throws -> Void
        ) rethrows {
            if let only, !name.contains(only) { return }
            let (time, samples) = try median(before: before, body)
            rows.append(
                Row(operation: name, microseconds: time * 1e6 / Double(count), samples: samples))
        }

        let messages = (0..<64).map { BigInt($0 * 1001 - 7) }
        try add("encrypt, public", per: 64) { keep(try open.encrypt(messages)) }
        try add("encrypt, public, one", per: 1) { keep(try open.encrypt([5])) }
        try add("encrypt, short exponent", per: 64) { keep(try short.encrypt(messages)) }
        try add("encrypt, owner", per: 64) { keep(try owner.encrypt(messages)) }
        // One lane goes to the check.
        let batchOf63 = try owner.encrypt(Array(messages.prefix(63)))
        try add("decrypt", per: 63) { keep(try decryptor.decrypt(batchOf63)) }
        let one = try owner.encrypt([messages[3]])
        try add("decrypt, one", per: 1) { keep(try decryptor.decrypt(one)) }
        let many = try owner.encrypt(messages + messages + messages + messages)
        try add("add", per: 256) { keep(try evaluator.add(many, many)) }

        var state: UInt64 = 1
        func weight() -> BigInt {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return BigInt(Int((state >> 33) % 255) - 127)
        }
        func matrix(_ rowCount: Int, _ columns: Int, batch: Int) -> PaillierMatrix {
            PaillierMatrix(
                rows: (0..<rowCount).map { _ in (0..<columns).map { _ in weight() } },
                publicKey: key, batch: batch)
        }
        let features = try owner.encrypt((0..<30).map { BigInt($0 * 17 - 200) })
        let dot = matrix(1, 30, batch: 1)
        let dots = matrix(1, 30, batch: 8)
        let batch = [EncryptedVector](repeating: features, count: 32)
        try add("dot product of 30", per: 1) {
            keep(try evaluator.multiplyRevealingWeights(dot, [features]))
        }
        try add("dot product of 30, batch", per: 32) {
            keep(try evaluator.multiplyRevealingWeights(dots, batch))
        }
        try add("dot product of 30, batch, re-randomized", per: 32) {
            keep(try evaluator.multiply(dots, batch))
        }
        // Slots of 40 bits, as many as a plaintext holds.
        let slots = (key.size.bits - 2) / 40
        try add("score 30 features, packed, re-randomized", per: 32 * slots) {
            keep(try evaluator.multiply(dots, batch))
        }
        let fill = { evaluator.fillMasks(to: 32) }
        try add("score 30 features, packed, masks made ahead", per: 32 * slots, before: fill) {
            keep(try evaluator.multiply(dots, batch))
        }
        for bits in [40, 64, 80] {
            let name = "score 30 features, packed, function privacy \(bits)"
            if let only, !name.contains(only) { continue }
            let hiding = PaillierEvaluator(publicKey: key, functionPrivacyBits: bits)
            try add(name, per: 32 * slots) { keep(try hiding.multiply(dots, batch)) }
        }
        let pixels = try owner.encrypt((0..<784).map { BigInt($0 % 256) })
        let layer = matrix(10, 784, batch: 1)
        try add("784 x 10", per: 1) {
            keep(try evaluator.multiplyRevealingWeights(layer, [pixels]))
        }
        try add("784 x 10, re-randomized", per: 1) { keep(try evaluator.multiply(layer, [pixels])) }

        let sample: [BigInt] = [0, 1, -1, key.maximumPlaintext, -key.maximumPlaintext, 123_456_789]
        let fresh = try open.encrypt(sample).integers + owner.encrypt(sample).integers
        return Report(
            bits: key.size.bits,
            kernels: ProcessInfo.processInfo.environment["BLINDSIGHT_KERNELS"] ?? "all",
            rows: rows, ciphertexts: fresh.map { $0.text(radix: 16) },
            plaintexts: (sample + sample).map { $0.text(radix: 16) })
    }

    /// The median of at least 5 timings, of more within the time.
    private func median(
        before: () -> Void, _ body: () throws -> Void
    ) rethrows -> (Double, Int) {
        let clock = ContinuousClock()
        before()
        try body()
        var times: [Double] = []
        let start = clock.now
        while times.count < 5 || (clock.now - start < .seconds(seconds) && times.count < 2000) {
            before()
            times.append(try clock.measure(body) / .seconds(1))
        }
        return (times.sorted()[times.count / 2], times.count)
    }
}

@inline(never) func keep<T>(_: T) {}
