// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import IntegerNetworks
import Threading
import Wire

extension MethodName {
    /// BFV, one sample a group: a slot for each feature, and more than one where that saves rotations.
    package static let slots = MethodName(rawValue: "slots")
}

/// The method "slots", of a client's plan: how one sample lies in the slots of one ciphertext, or a few.
package struct Slots: BFVClientMethod {
    package static let name = MethodName.slots

    package let settings: BFVSettings
    /// Of each ciphertext of a sample: the index of the input that each slot holds.
    package let inputLayouts: [SlotLayout]
    /// The output that each slot is a share of.
    package let outputLayout: SlotLayout
    /// Pairs of factors, each with a pad of the server's, that the client multiplies for each t_i; then a reply has two
    /// ciphertexts a pair and one more. 0: it has one, of what is to be summed.
    package let factorPairs: Int

    package init(
        settings: BFVSettings, inputLayouts: [SlotLayout], outputLayout: SlotLayout,
        factorPairs: Int = 0
    ) {
        self.settings = settings
        self.factorPairs = factorPairs
        self.inputLayouts = inputLayouts
        self.outputLayout = outputLayout
    }

    package var groupCapacity: Int { 1 }

    package var requestCount: Int {
        settings.parameters.plaintextModuli.count * inputLayouts.count
    }
    package var ciphertextsHaveSeeds: Bool { true }
    package var repliesPerModulus: Int { 2 * factorPairs + 1 }

    package func encrypt(
        _ samples: ArraySlice<[Int]>, _ encryptor: Encryptor, on pool: WorkerPool,
        progress: @Sendable (Int, Int) throws -> Void
    ) throws -> SlotsRequest {
        let input = samples[samples.startIndex].map(Int64.init)
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
            var sums = [UInt64](repeating: 0, count: decoder.outputCount)
            for (slot, output) in outputLayout.features.enumerated()
            where output != SlotLayout.empty {
                sums[Int(output)] = ModularArithmetic.add(
                    sums[Int(output)], values[slot], modulo: t)
            }
            return sums
        }
        return decoder.outputs(samples: samples, noiseMarginBits: noiseMarginBits) {
            channel, output, _ in
            sums[channel][output]
        }
    }

    /// The products of all pairs, summed, less the last; or the last alone.
    private func multiplied(_ slots: ArraySlice<[UInt64]>, modulo t: UInt64) -> [UInt64] {
        guard factorPairs > 0, let last = slots.last else { return slots[slots.startIndex] }
        return last.indices.map { slot in
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
    }
}
