// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import IntegerNetworks
import Threading
import Wire

extension MethodName {
    /// BFV, one sample a group or a few side by side: a slot for each feature, and more than one where that saves rotations.
    package static let slots = MethodName(rawValue: "slots")
}

/// The method "slots", of a client's plan: how a group's samples lie in the slots of one ciphertext, or a few.
package struct Slots: BFVClientMethod {
    package static let name = MethodName.slots

    package let settings: BFVSettings
    /// Of a group: a power of two.
    package let samples: Int
    /// Of each ciphertext of a group: the index of the input that each slot holds. Those of sample s come after those of
    /// the samples before.
    package let inputLayouts: [SlotLayout]
    /// Of each ciphertext of a reply modulo one t_i: the output that each slot is a share of, through all samples. Networks
    /// of more outputs than slots have several; all shares of an output are in one.
    package let outputLayouts: [SlotLayout]
    /// Pairs of factors, each with a pad of the server's, that the client multiplies for each t_i; then a reply has two
    /// ciphertexts a pair and one more, of one layout. 0: it has one a layout, of what is to be summed.
    package let factorPairs: Int

    package init(
        settings: BFVSettings, samples: Int = 1, inputLayouts: [SlotLayout],
        outputLayouts: [SlotLayout],
        factorPairs: Int = 0
    ) {
        precondition(factorPairs == 0 || outputLayouts.count == 1)
        self.samples = samples
        self.settings = settings
        self.factorPairs = factorPairs
        self.inputLayouts = inputLayouts
        self.outputLayouts = outputLayouts
    }

    package var groupCapacity: Int { samples }

    package func report(_ plan: ClientPlan) -> [ReportEntry] {
        settings.report(plan) + (samples > 1 ? plan.costPerSample : [])
    }

    /// The inputs of a group's samples one after another. Idle slots hold samples again: the output of anything else would
    /// tell more of the model.
    package static func inputs(_ samples: ArraySlice<[Int]>, of capacity: Int) -> [Int64] {
        (0..<capacity).flatMap {
            samples[samples.startIndex + $0 % samples.count].map(Int64.init)
        }
    }

    package var requestCount: Int {
        settings.parameters.plaintextModuli.count * inputLayouts.count
    }
    package var ciphertextsHaveSeeds: Bool { true }
    package var repliesPerModulus: Int {
        factorPairs > 0 ? 2 * factorPairs + 1 : outputLayouts.count
    }

    package func encrypt(
        _ samples: ArraySlice<[Int]>, _ encryptor: Encryptor, on pool: WorkerPool,
        progress: @Sendable (Int, Int) throws -> Void
    ) throws -> SlotsRequest {
        let input = Self.inputs(samples, of: self.samples)
        let ciphertexts = inputLayouts.flatMap { layout in
            let slots = layout.place(input)
            return settings.parameters.plaintextModuli.enumerated().map { index, t in
                encryptor.encrypt(
                    slots: slots.map { ModularArithmetic.reduce($0, modulo: t) },
                    plaintextIndex: index)
            }
        }
        try progress(1, 1)
        return SlotsRequest(ciphertexts: ciphertexts)
    }

    /// Outputs from the slots modulo each t_i: sums each output's slots, then joins the moduli by CRT; the one integer
    /// of the certified range with these residues.
    package func outputs(
        _ slots: [[UInt64]], _ decoder: OutputDecoder, samples: Int, noiseMarginBits: Double
    ) -> GroupOutputs {
        let sums = settings.parameters.plaintextModuli.enumerated().map { index, t in
            let first = index * repliesPerModulus
            let values = multiplied(slots[first..<first + repliesPerModulus], modulo: t)
            var sums = [UInt64](repeating: 0, count: self.samples * decoder.outputCount)
            for (layout, values) in zip(outputLayouts, values) {
                for (slot, output) in layout.features.enumerated()
                where output != SlotLayout.empty {
                    sums[Int(output)] = ModularArithmetic.add(
                        sums[Int(output)], values[slot], modulo: t)
                }
            }
            return sums
        }
        return decoder.outputs(samples: samples, noiseMarginBits: noiseMarginBits) {
            channel, output, sample in
            sums[channel][sample * decoder.outputCount + output]
        }
    }

    /// The products of all pairs, summed, less the last; or, without pairs, what there is.
    private func multiplied(_ slots: ArraySlice<[UInt64]>, modulo t: UInt64) -> [[UInt64]] {
        guard factorPairs > 0, let last = slots.last else { return Array(slots) }
        let products = last.indices.map { slot -> UInt64 in
            var sum = ModularArithmetic.subtract(0, last[slot], modulo: t)
            for pair in 0..<factorPairs {
                let place = slots.startIndex + 2 * pair
                sum = ModularArithmetic.add(
                    sum,
                    ModularArithmetic.multiply(
                        slots[place][slot], slots[place + 1][slot], modulo: t), modulo: t)
            }
            return sum
        }
        return [products]
    }
}
