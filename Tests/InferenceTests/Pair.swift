// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Inference
import InferenceClient

/// A client and a server of one plan, under fresh keys.
struct Pair {
    let client: Client
    let server: Server

    init(_ plan: Plan, threads: Int = 1) throws {
        client = try Client(plan.client, threads: threads)
        server = try Server(plan, keys: client.evaluationKeys(), threads: threads)
    }

    /// Through encryption and back.
    func predictions(_ inputs: [[Int]]) throws -> Predictions {
        let request = try client.encrypt(quantized: inputs)
        return try client.decrypt(server.predict(request), of: request)
    }
}

extension Plan {
    /// Parameters and keys of a plan on BFV.
    var settings: BFVSettings {
        if let slots = client.method as? Slots { return slots.settings }
        return (client.method as! Features).settings
    }

    var slots: SlotsPlan { method as! SlotsPlan }
    var features: FeaturesPlan { method as! FeaturesPlan }
}
