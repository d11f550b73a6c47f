// SPDX-License-Identifier: Apache-2.0

import InferenceClient

/// Why a network has no plan, or a plan was refused.
public enum PlanError: Error, Equatable, CustomStringConvertible {
    /// No ring degree up to the largest holds the network.
    case doesNotFit(String)
    /// Noise or range can't be certified at any supported degree.
    case noParameters(String)
    /// The method that was asked for can't serve the network, whatever its bits.
    case unsuited(MethodName, String)
    /// A plan read from outside is inconsistent, or its certificate doesn't hold.
    case invalid(String)

    public var description: String {
        switch self {
        case .doesNotFit(let why): return "the network does not fit one ciphertext: \(why)"
        case .noParameters(let why): return "no parameters certify this network: \(why)"
        case .unsuited(let method, let why):
            return "the method '\(method)' doesn't serve this network: \(why)"
        case .invalid(let why): return "invalid plan: \(why)"
        }
    }
}
