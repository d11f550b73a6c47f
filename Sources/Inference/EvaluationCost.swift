// SPDX-License-Identifier: Apache-2.0

import InferenceClient
import Wire

/// What a full group takes on the server. Clients aren't told: counts depend on the weights.
package struct EvaluationCost: Sendable, Equatable {
    /// Of all plaintext moduli together. Exact.
    package let operations: OperationTally
    /// Encoded weights, keys as predictions read them, and ciphertexts in flight: an estimate.
    package let memoryBytes: Int

    package init(operations: OperationTally, memoryBytes: Int) {
        self.operations = operations
        self.memoryBytes = memoryBytes
    }
}

extension Blindsight_V6_EvaluationMessage {
    init(_ cost: EvaluationCost) {
        self.init()
        operations = cost.operations.entries.map {
            var message = Blindsight_V6_OperationCountMessage()
            message.name = $0.name
            message.count = UInt64($0.count)
            return message
        }
        memoryBytes = UInt64(cost.memoryBytes)
    }

    func cost() throws -> EvaluationCost {
        guard operations.count <= 64 else {
            throw WireError.outOfRange("\(operations.count) operation counts")
        }
        let counts = try operations.map { message in
            guard message.name.utf8.count <= 64,
                message.name.utf8.allSatisfy({ (97...122).contains($0) || $0 == 95 })
            else { throw WireError.malformed("the name of an operation") }
            return (name: message.name, count: try Self.integer(message.count))
        }
        return EvaluationCost(
            operations: OperationTally(counts), memoryBytes: try Self.integer(memoryBytes))
    }

    private static func integer(_ value: UInt64) throws -> Int {
        guard value < 1 << 53 else { throw WireError.outOfRange("a cost of \(value)") }
        return Int(value)
    }
}
