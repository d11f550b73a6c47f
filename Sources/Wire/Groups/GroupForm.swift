// SPDX-License-Identifier: Apache-2.0

/// The form that a plan's groups have.
package struct GroupForm: Sendable {
    package let kind: ArtifactKind
    /// Of the plan; nil: any, but the same in all groups.
    let plan: [UInt8]?
    /// The most samples in a group; nil: any.
    let capacity: Int?
    /// Bytes of the body of a group of so many samples; nil: any.
    let bodyLength: (@Sendable (_ samples: Int) -> Int)?

    package init(
        _ kind: ArtifactKind, plan: [UInt8], capacity: Int,
        bodyLength: @escaping @Sendable (_ samples: Int) -> Int
    ) {
        self.kind = kind
        self.plan = plan
        self.capacity = capacity
        self.bodyLength = bodyLength
    }

    /// Groups whose plan is not known.
    package init(anyPlan kind: ArtifactKind) {
        self.kind = kind
        plan = nil
        capacity = nil
        bodyLength = nil
    }

    /// Bytes of a group, envelope and all, at most; 0 where the plan is not known.
    var largestLength: Int {
        guard let capacity, let bodyLength else { return 0 }
        return GroupHead.length + bodyLength(capacity) + Envelope.checksumLength
    }

    /// Whether a head is of this form.
    /// - Throws: `WireError`.
    package func check(_ head: GroupHead) throws {
        if let plan { try Envelope.requirePlan(plan, found: head.plan) }
        if let capacity {
            guard head.sampleCount <= capacity else {
                throw WireError.outOfRange("\(head.sampleCount) samples in a group")
            }
            // All but the last are full, so that a sample's place follows from its number.
            guard head.index + 1 == head.groupCount || head.sampleCount == capacity else {
                throw WireError.malformed(
                    "\(head.sampleCount) samples in group \(head.index), which is not the last")
            }
        }
        if let expected = bodyLength?(head.sampleCount), expected != head.bodyLength {
            throw WireError.wrongCount(
                "bytes in a group", expected: expected, found: head.bodyLength)
        }
    }

    /// Whether a head may follow another in a file.
    package func check(_ head: GroupHead, after previous: GroupHead?) throws {
        let expected = previous.map { $0.index + 1 } ?? 0
        guard head.index == expected else {
            throw WireError.malformed(
                "group \(head.index) of \(head.groupCount) where group \(expected) is expected")
        }
        guard let previous else { return }
        try Envelope.requirePlan(previous.plan, found: head.plan)
        guard head.groupCount == previous.groupCount else {
            throw WireError.malformed(
                "group \(head.index) is one of \(head.groupCount), the one before of \(previous.groupCount)"
            )
        }
    }
}

extension GroupForm {
    /// Whether these are the heads of a whole file, in order.
    package func check(_ heads: [GroupHead]) throws {
        var previous: GroupHead?
        for head in heads {
            try check(head)
            try check(head, after: previous)
            previous = head
        }
        guard let first = heads.first, heads.count == first.groupCount else {
            throw WireError.malformed(
                "\(heads.count) groups of \(heads.first?.groupCount ?? 0)")
        }
    }
}
