// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import IntegerNetworks

/// What a method is asked to plan.
package struct PlanningTask {
    package let network: IntegerNetwork
    /// Bounds among it.
    package let outputs: OutputReading
    package let planner: Planner
    /// Samples that are scored at once.
    package let samples: Int
    /// A plan whose keys must serve.
    package let within: ClientPlan?
    /// What replies must hide.
    package internal(set) var privacy: FunctionPrivacy
    /// Of this network.
    let memory: PlanningMemory
    /// A line on what is being done. An error that it throws ends the planning.
    package let progress: (String) throws -> Void

    /// What residues modulo the plaintext moduli must tell apart: outputs, and what tables read.
    var widestRange: BigInt { max(outputs.widestRange, BigInt(network.widestTable)) }

    /// Plaintext moduli that a plan may have: a table is a polynomial modulo one of them.
    var plaintextCounts: ClosedRange<Int> { 1...(network.hasTables ? 1 : 8) }

    /// The method of the plan whose keys must serve, where there is one.
    /// - Throws: `PlanError` for a plan of another method.
    func within<Client: ClientMethod>(_: Client.Type) throws -> Client? {
        guard let within else { return nil }
        guard let client = within.method as? Client else {
            throw PlanError.unsuited(
                Client.name, "the plan to stay within has the method '\(within.methodName)'")
        }
        return client
    }
}
