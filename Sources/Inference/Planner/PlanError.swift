// SPDX-License-Identifier: Apache-2.0

import InferenceClient

/// Why a network has no plan, or a plan was refused.
public struct PlanError: Error, Equatable, CustomStringConvertible {
    public let description: String
    /// Whether the method that was asked for can't serve the network, whatever its bits.
    package let isUnsuited: Bool

    private init(_ description: String, isUnsuited: Bool = false) {
        self.description = description
        self.isUnsuited = isUnsuited
    }

    /// No ring degree up to the largest holds the network.
    package static func doesNotFit(_ why: String) -> PlanError {
        PlanError("the network does not fit one ciphertext: \(why)")
    }

    /// Noise or range can't be certified at any supported degree.
    package static func noParameters(_ why: String) -> PlanError {
        PlanError("no parameters certify this network: \(why)")
    }

    /// The method that was asked for can't serve the network, whatever its bits.
    package static func unsuited(_ method: MethodName, _ why: String) -> PlanError {
        PlanError("the method '\(method)' doesn't serve this network: \(why)", isUnsuited: true)
    }

    /// Function privacy that is not among the choices.
    package static func noPrivacy(bits: Int) -> PlanError {
        PlanError("function privacy of \(bits) bits: it may be 0, 40, 64 or 80", isUnsuited: true)
    }

    /// A plan read from outside is inconsistent, or its certificate doesn't hold.
    package static func invalid(_ why: String) -> PlanError { PlanError("invalid plan: \(why)") }
}
