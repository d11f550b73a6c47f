// SPDX-License-Identifier: Apache-2.0

import Wire

/// A group of encrypted samples: what a server works on at once.
public struct RequestGroup: Sendable {
    package let head: GroupHead
    package let body: any GroupBody

    package init(head: GroupHead, body: any GroupBody) {
        self.head = head
        self.body = body
    }

    package var sampleCount: Int { head.sampleCount }
    /// Which group of its request it is, from 0.
    package var index: Int { head.index }
}

/// The reply to a group of encrypted samples. It names the group that it answers.
public struct ReplyGroup: Sendable {
    package let head: GroupHead
    package let body: any GroupBody

    package init(head: GroupHead, body: any GroupBody) {
        self.head = head
        self.body = body
    }

    package var sampleCount: Int { head.sampleCount }
    /// Which group of its request it answers, from 0.
    package var index: Int { head.index }
}

/// Encrypted samples, one or many, in groups.
public struct Request: Sendable {
    /// One or more, in order; all but the last are full.
    public let groups: [RequestGroup]

    /// - Parameter groups: all groups of one request, in order.
    /// - Throws: `WireError` where they are not.
    package init(groups: [RequestGroup]) throws {
        try GroupForm(anyPlan: .request).check(groups.map(\.head))
        self.groups = groups
    }

    package var sampleCount: Int { groups.reduce(0) { $0 + $1.sampleCount } }
}

/// A server's answer to a request, group by group.
public struct Reply: Sendable {
    /// One for each group of the request, in order.
    public let groups: [ReplyGroup]

    /// - Parameter groups: the replies to all groups of one request, in order.
    /// - Throws: `WireError` where they are not.
    package init(groups: [ReplyGroup]) throws {
        try GroupForm(anyPlan: .reply).check(groups.map(\.head))
        self.groups = groups
    }

    package var sampleCount: Int { groups.reduce(0) { $0 + $1.sampleCount } }
}
