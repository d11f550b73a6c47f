// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice

/// One row of the report.
struct Measurement: Codable {
    let operation: String
    let degree: Int
    let limbs: Int
    /// log2 of Q, and of QP.
    let ciphertextBits: Int
    let keyBits: Int
    let medianMicroseconds: Double
    /// How many timings the median is of.
    let samples: Int
    /// Exact counts of one run; those of zero are left out. Nil where the library doesn't count.
    let counts: [String: Int]?
    /// Plaintext read in one run over its time, where the operation streams plaintexts.
    var gigabytesPerSecond: Double?
    /// Residues times weights, 10^9 a second, where that is what an operation does.
    var gigaProductsPerSecond: Double?
    let note: String

    init(
        _ operation: String, ring: BenchmarkRing, limbs: Int? = nil, timing: Timing,
        per parts: Int = 1,
        counts: [String: Int]? = nil, streamedBytes: Int? = nil, note: String
    ) {
        self.operation = operation
        degree = ring.degree
        self.limbs = limbs ?? ring.limbs
        ciphertextBits = ring.ciphertextBits
        keyBits = ring.keyBits
        medianMicroseconds = timing.median * 1e6 / Double(parts)
        samples = timing.samples
        self.counts = counts
        gigabytesPerSecond = streamedBytes.map { Double($0) / timing.median / 1e9 }
        self.note = note
    }
}

/// All that `micro` measured.
struct MicroReport: Codable {
    let tool: String
    let available: Bool
    let kernels: String
    let plaintextModulus: UInt64
    let bandwidth: Bandwidth
    let rows: [Measurement]
}

/// What one core reads, in 10^9 bytes a second.
struct Bandwidth: Codable {
    let l2GigabytesPerSecond: Double
    let memoryGigabytesPerSecond: Double
}

extension OperationCounter {
    /// The counts of one call, by name, without zeros.
    func counts(of body: () throws -> Void) rethrows -> [String: Int] {
        let before = value.dictionary
        try body()
        var counts: [String: Int] = [:]
        for (old, new) in zip(before, value.dictionary) where new.count != old.count {
            counts[new.name] = new.count - old.count
        }
        return counts
    }
}
