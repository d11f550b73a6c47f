// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import IntegerNetworks
import Lattice
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

    /// Ciphertexts of a request.
    package var requestCount: Int { settings.parameters.plaintextModuli.count * inputCount }

    package func requestLength(samples: Int) -> Int {
        32
            + SeededCiphertexts.byteCounts(parameters: settings.parameters, count: requestCount)
            .reduce(0, +)
    }

    package func replyLength(samples: Int) -> Int {
        settings.parameters.plaintextModuli.count * outputCount * settings.replyCiphertextBytes
    }

    package func certificate(_ outputs: OutputReading) -> Certificate {
        settings.certificate(outputs)
    }

    package func keySet() throws -> [UInt8] { try settings.keys.identity() }

    package func seconds(_ cost: CostEstimate, samples: Int, speed: MachineSpeed) -> Double {
        speed.seconds(cost.operations, degree: settings.parameters.degree)
    }

    package func report(_ plan: ClientPlan) -> [ReportEntry] {
        let samples = groupCapacity
        return settings.report(plan) + [
            ReportEntry(
                "request_bytes_per_sample", "upload a sample, full groups",
                .bytes(plan.cost.requestBytes / samples), in: .cost),
            ReportEntry(
                "reply_bytes_per_sample", "download a sample, full groups",
                .bytes(plan.cost.replyBytes / samples), in: .cost),
        ]
    }

    package func makeSession(_ plan: ClientPlan, on pool: WorkerPool) throws -> FeaturesSession {
        let context = try BFVContext(settings.parameters)
        return FeaturesSession(
            self, plan.outputs, context, secretKey: SecretKey(context: context.lattice), pool: pool)
    }

    package func session(
        _ plan: ClientPlan, secret: ArraySlice<UInt8>, on pool: WorkerPool
    ) throws -> FeaturesSession {
        let context = try BFVContext(settings.parameters)
        return FeaturesSession(
            self, plan.outputs, context,
            secretKey: try BFVSecret.key(secret, context.lattice), pool: pool)
    }
}
