// SPDX-License-Identifier: Apache-2.0

/// The kinds of file: one for each role. The method that a file belongs to stands inside.
package enum ArtifactKind: UInt16, Sendable, CaseIterable {
    case serverPlan = 1
    case clientPlan = 2
    case secretKey = 3
    case evaluationKeys = 4
    case request = 5
    case reply = 6

    /// Whether it is a sequence of groups, each in an envelope of its own.
    package var hasGroups: Bool { self == .request || self == .reply }

    package var name: String {
        switch self {
        case .serverPlan: "server plan"
        case .clientPlan: "client plan"
        case .secretKey: "secret key"
        case .evaluationKeys: "evaluation key"
        case .request: "request"
        case .reply: "reply"
        }
    }

    var withArticle: String { (name.first == "e" ? "an " : "a ") + name }

    /// The longest payload that is read, in bytes. Of a file of groups: of one group, which memory must hold.
    package var maximumPayloadBytes: Int {
        hasGroups
            ? 1 << 33 : SectionRule.all(of: self).reduce(0) { $0 + Section.headLength + $1.limit }
    }
}
