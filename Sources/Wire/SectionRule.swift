// SPDX-License-Identifier: Apache-2.0

/// What a section of one kind of file may be.
package struct SectionRule: Sendable {
    package let number: UInt16
    package let name: String
    /// Most bytes.
    package let limit: Int
    package var isRequired = true
    /// Another section that may stand in its place, never beside it.
    package var substitute: UInt16?
    /// Kept for what comes later: refused by name.
    package var isReserved = false

    /// Of sections that a reader doesn't know and may leave out.
    static let unknownLimit: UInt64 = 1 << 20

    /// Ascending by number.
    package static func all(of kind: ArtifactKind) -> [SectionRule] {
        switch kind {
        case .serverPlan:
            [
                SectionRule(number: Number.method, name: "method", limit: 4 << 20),
                SectionRule(number: Number.plan, name: "plan", limit: 4 << 20),
                SectionRule(number: Number.network, name: "network", limit: 64 << 20),
                SectionRule(
                    number: Number.model, name: "model", limit: 64 << 20, isRequired: false),
                SectionRule(number: Number.proof, name: "proof", limit: 64, isRequired: false),
                SectionRule(
                    number: Number.prefix, name: "prefix", limit: 4 << 20, isRequired: false),
                SectionRule(
                    number: Number.suffix, name: "suffix", limit: 4 << 20, isRequired: false),
            ]
        case .clientPlan:
            [
                SectionRule(number: Number.method, name: "method", limit: 4 << 20),
                SectionRule(number: Number.plan, name: "plan", limit: 4 << 20),
                SectionRule(
                    number: Number.prefix, name: "prefix", limit: 4 << 20, isRequired: false),
                SectionRule(
                    number: Number.suffix, name: "suffix", limit: 4 << 20, isRequired: false),
            ]
        case .secretKey:
            [
                SectionRule(number: Number.method, name: "method", limit: 256),
                SectionRule(
                    number: Number.key, name: "key", limit: 1 << 16,
                    substitute: Number.protectedKey),
                SectionRule(
                    number: Number.protectedKey, name: "protected key", limit: 1 << 17,
                    isRequired: false),
            ]
        case .evaluationKeys:
            [
                SectionRule(number: Number.method, name: "method", limit: 256),
                SectionRule(number: Number.key, name: "keys", limit: 1 << 31 - 1 << 20),
                SectionRule(
                    number: Number.publicKey, name: "public key", limit: 1 << 28,
                    isRequired: false, isReserved: true),
            ]
        case .request, .reply: []
        }
    }

    /// Numbers mean the same in every kind.
    package enum Number {
        package static let method: UInt16 = 1
        package static let plan: UInt16 = 2
        package static let network: UInt16 = 3
        package static let model: UInt16 = 4
        package static let proof: UInt16 = 5
        package static let key: UInt16 = 6
        package static let publicKey: UInt16 = 7
        package static let protectedKey: UInt16 = 8
        package static let prefix: UInt16 = 9
        package static let suffix: UInt16 = 10
    }
}
