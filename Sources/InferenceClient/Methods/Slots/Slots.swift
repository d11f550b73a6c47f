// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import IntegerNetworks
import Lattice
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

    package init(settings: BFVSettings, inputLayouts: [SlotLayout], outputLayout: SlotLayout) {
        self.settings = settings
        self.inputLayouts = inputLayouts
        self.outputLayout = outputLayout
    }

    package var groupCapacity: Int { 1 }

    package func requestLength(samples: Int) -> Int {
        let parameters = settings.parameters
        return parameters.plaintextModuli.count * inputLayouts.count
            * (32 + parameters.freshBytes)
    }

    package func replyLength(samples: Int) -> Int {
        settings.parameters.plaintextModuli.count * settings.replyCiphertextBytes
    }

    package func certificate(_ outputs: OutputReading) -> Certificate {
        settings.certificate(outputs)
    }

    package func keySet() throws -> [UInt8] { try settings.keys.identity() }

    package func seconds(_ cost: CostEstimate, samples: Int, speed: MachineSpeed) -> Double {
        speed.seconds(cost.operations, degree: settings.parameters.degree)
    }

    package func report(_ plan: ClientPlan) -> [ReportEntry] { settings.report(plan) }

    package func makeSession(_ plan: ClientPlan, on pool: WorkerPool) throws -> SlotsSession {
        let context = try BFVContext(settings.parameters)
        return SlotsSession(
            self, plan.outputs, context, secretKey: SecretKey(context: context.lattice), pool: pool)
    }

    package func session(
        _ plan: ClientPlan, secret: ArraySlice<UInt8>, on pool: WorkerPool
    ) throws -> SlotsSession {
        let context = try BFVContext(settings.parameters)
        return SlotsSession(
            self, plan.outputs, context,
            secretKey: try BFVSecret.key(secret, context.lattice), pool: pool)
    }

    /// Outputs from the slots modulo each t_i: sums each output's slots, then joins the moduli by CRT; the one integer
    /// of the certified range with these residues.
    package func join(
        _ slots: [[UInt64]], _ decoder: OutputDecoder, outputCount: Int, noiseMarginBits: Double
    ) -> GroupOutputs {
        let sums = slots.enumerated().map { index, values in
            let t = settings.parameters.plaintextModuli[index]
            var sums = [UInt64](repeating: 0, count: outputCount)
            for (slot, output) in outputLayout.features.enumerated()
            where output != SlotLayout.empty {
                sums[Int(output)] = ModularArithmetic.add(
                    sums[Int(output)], values[slot], modulo: t)
            }
            return sums
        }
        return decoder.outputs(samples: 1, noiseMarginBits: noiseMarginBits) { channel, output, _ in
            sums[channel][output]
        }
    }
}

extension BFVParameters {
    /// Packed residues of one polynomial of a fresh ciphertext.
    package var freshBytes: Int {
        ciphertextModuli.reduce(0) {
            $0 + ResiduePacking.byteCount(degree, bits: $1.bitWidthUsed)
        }
    }
}
