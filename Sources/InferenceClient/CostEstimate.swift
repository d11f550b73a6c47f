// SPDX-License-Identifier: Apache-2.0

/// What a plan costs, known before any key is made. Counts and bytes are exact; memory is an estimate.
public struct CostEstimate: Sendable, Equatable {
    /// Of one group, all plaintext moduli together.
    package let operations: OperationTally
    /// Bytes of a full group's body, without its head, and without a seed that all of its ciphertexts share.
    public let requestBytes: Int
    /// Bytes of the reply to a full group, without its head.
    public let replyBytes: Int
    /// Bytes of what a client gives its server once.
    public let evaluationKeyBytes: Int
    /// Encoded weights, keys as predictions read them, and ciphertexts in flight.
    package let serverMemoryBytes: Int

    package init(
        operations: OperationTally, requestBytes: Int, replyBytes: Int, evaluationKeyBytes: Int,
        serverMemoryBytes: Int
    ) {
        self.operations = operations
        self.requestBytes = requestBytes
        self.replyBytes = replyBytes
        self.evaluationKeyBytes = evaluationKeyBytes
        self.serverMemoryBytes = serverMemoryBytes
    }
}

/// Operations by name, as a method counts them, in a fixed order.
package struct OperationTally: Sendable, Hashable {
    /// Lower case, underscores.
    package let names: [String]
    package let counts: [Int]

    package init(_ entries: [(name: String, count: Int)]) {
        names = entries.map(\.name)
        counts = entries.map(\.count)
    }

    /// Of a name that the method doesn't count: nil.
    package subscript(name: String) -> Int? {
        names.firstIndex(of: name).map { counts[$0] }
    }

    package var entries: [(name: String, count: Int)] { Array(zip(names, counts)) }
}
