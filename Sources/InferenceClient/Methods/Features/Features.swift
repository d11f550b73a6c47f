// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import IntegerNetworks
import Synchronization
import Threading
import Wire

extension MethodName {
    /// BFV, thousands of samples a group: a ciphertext for each feature, a slot for each sample. No rotations.
    package static let features = MethodName(rawValue: "features")
}

/// The method "features", of a client's plan.
package struct Features: BFVClientMethod {
    package static let name = MethodName.features

    package let settings: BFVSettings
    package let inputCount: Int
    package let outputCount: Int

    package init(settings: BFVSettings, inputCount: Int, outputCount: Int) {
        self.settings = settings
        self.inputCount = inputCount
        self.outputCount = outputCount
    }

    package var groupCapacity: Int { settings.parameters.slots.slotCount }

    package var requestCount: Int { settings.parameters.plaintextModuli.count * inputCount }
    package var ciphertextsHaveSeeds: Bool { false }
    package var repliesPerModulus: Int { outputCount }

    package func report(_ plan: ClientPlan) -> [ReportEntry] {
        settings.report(plan) + plan.costPerSample
    }

    package func encrypt(
        _ samples: ArraySlice<[Int]>, _ encryptor: Encryptor, on pool: WorkerPool,
        progress: @Sendable (Int, Int) throws -> Void
    ) throws -> SeededCiphertexts {
        let done = Atomic(0)
        @Sendable func tell() throws {
            try progress(done.add(1, ordering: .relaxed).newValue, requestCount)
        }
        return try encryptor.encryptMany(count: requestCount, pool: pool, progress: tell) { run in
            slots(of: run, samples)
        }
    }

    /// Of a run of ciphertexts, those of each modulus t_i in turn. Samples are read one after another, some features each:
    /// each sample lies elsewhere in memory.
    private func slots(
        of run: Range<Int>, _ samples: ArraySlice<[Int]>
    ) -> [(plaintextIndex: Int, values: [UInt64])] {
        let places = run.map { $0.quotientAndRemainder(dividingBy: inputCount) }
        let capacity = groupCapacity
        let integers = [Int](unsafeUninitializedCapacity: places.count * capacity) { all, count in
            for (slot, sample) in samples.enumerated() {
                sample.withUnsafeBufferPointer { sample in
                    for (i, place) in places.enumerated() {
                        all[i * capacity + slot] = sample[place.remainder]
                    }
                }
            }
            count = places.count * capacity
            // Idle slots hold samples again: the output of anything else would tell more of the model.
            for first in stride(from: 0, to: count, by: capacity) {
                for slot in first + samples.count..<first + capacity {
                    all[slot] = all[slot - samples.count]
                }
            }
        }
        return places.enumerated().map { i, place in
            let t = settings.parameters.plaintextModuli[place.quotient]
            return (
                place.quotient,
                integers[i * capacity..<(i + 1) * capacity].map {
                    ModularArithmetic.reduce(Int64($0), modulo: t)
                }
            )
        }
    }

    package func outputs(
        _ slots: [[UInt64]], _ decoder: OutputDecoder, samples: Int, noiseMarginBits: Double
    ) -> GroupOutputs {
        decoder.outputs(samples: samples, noiseMarginBits: noiseMarginBits) {
            slots[$0 * outputCount + $1][$2]
        }
    }
}
