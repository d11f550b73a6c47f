// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import IntegerNetworks
import TensorGraphs
import Wire

/// A certified plan: the server's artifact. Holds the network's weights; everything a client needs is in `client`,
/// which doesn't.
public struct Plan: Sendable {
    package let network: IntegerNetwork
    /// The half to give to clients: no weights in it.
    public let client: ClientPlan
    package let method: any ServerMethod
    /// The ONNX file that the network was made from, for comparisons with it; nil where there is none.
    package internal(set) var model: [UInt8]?

    package init(
        _ network: IntegerNetwork, outputs: OutputReading, method: any ServerMethod,
        model: [UInt8]? = nil, identity: PlanIdentity = .random(), prefix: InputProgram? = nil
    ) throws {
        self.network = network
        self.method = method
        self.model = model
        client = try ClientPlan(
            input: network.input, outputs: outputs, method: method.client,
            identity: identity, prefix: prefix)
    }

    package var certificate: Certificate { client.certificate }
    /// Of a full group.
    package var cost: CostEstimate { client.cost }
    /// Of a full group.
    package var evaluation: EvaluationCost { method.evaluation }

    /// Seconds of so many samples on one core, by counts.
    package func seconds(samples: Int, speed: MachineSpeed = .reference) -> Double {
        client.sum(samples) { method.seconds(samples: $0, speed: speed) }
    }

    /// The plan with the model that its network was made from.
    package func with(model: [UInt8]) -> Plan {
        var out = self
        out.model = model
        return out
    }

    /// The plan for samples of which the client makes something first.
    package func with(prefix: InputProgram?) throws -> Plan {
        try Plan(
            network, outputs: client.outputs, method: method, model: model,
            identity: client.identity, prefix: prefix)
    }

    /// Products in a row double the bits of everything: far more than any ring carries is refused at once.
    package static func checkDepth(_ network: IntegerNetwork) throws {
        // Tables take many products in a row, none of which doubles what is there to tell apart; searches number two switch
        // points each in 128 bits.
        let most = network.hasTables ? 60 : 12
        guard network.depth <= most else {
            throw PlanError.noParameters(
                "\(network.depth) products in a row; at most \(most) are planned")
        }
    }
}
