// SPDX-License-Identifier: Apache-2.0

/// What a plan costs its client, exactly, known before any key is made.
public struct CostEstimate: Sendable, Equatable {
    /// Bytes of a full group's body, without its head.
    public let requestBytes: Int
    /// Bytes of the reply to a full group, without its head.
    public let replyBytes: Int
    /// Bytes of what a client gives its server once.
    public let evaluationKeyBytes: Int

    init(_ method: some ClientMethod) {
        requestBytes = method.requestLength(samples: method.groupCapacity)
        replyBytes = method.replyLength(samples: method.groupCapacity)
        evaluationKeyBytes = method.evaluationKeyBytes
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
