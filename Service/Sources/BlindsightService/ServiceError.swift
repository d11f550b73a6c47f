// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Hummingbird

/// What a caller is told of a call that failed: a status of HTTP, and what was wrong and what would be right.
public struct ServiceError: Error, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, CaseIterable {
        case badRequest, unauthorized, notFound, conflict, tooLarge, unsupported, overloaded,
            budget, timeout
    }

    public let kind: Kind
    public let description: String
    /// Seconds after which to ask again, where that may help.
    public var retryAfter: Int?

    init(_ kind: Kind, _ description: String, retryAfter: Int? = nil) {
        self.kind = kind
        self.description = description
        self.retryAfter = retryAfter
    }

    /// Also for what exists and is another tenant's.
    static func noModel(_ name: String) -> ServiceError {
        ServiceError(.notFound, "no model '\(name.printable)'")
    }

    static func noKey(_ digest: String) -> ServiceError {
        ServiceError(
            .notFound, "no evaluation keys '\(digest.printable)': send them, then ask again")
    }

    var status: HTTPResponse.Status {
        switch kind {
        case .badRequest: .badRequest
        case .unauthorized: .unauthorized
        case .notFound: .notFound
        case .conflict: .conflict
        case .tooLarge: .contentTooLarge
        case .unsupported: .unsupportedMediaType
        case .overloaded: .serviceUnavailable
        case .budget: .tooManyRequests
        case .timeout: .gatewayTimeout
        }
    }

    /// What the engine found wrong with bytes that came from a client: nothing in them depends on a decryption, which no
    /// server can make.
    static func of(client error: any Error) -> any Error {
        switch error {
        case is ServiceError, is CancellationError: error
        default: ServiceError(.badRequest, String(describing: error).printable)
        }
    }
}

extension String {
    /// Without what a terminal or a log would act on, and not longer than anybody reads.
    var printable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.prefix(300).map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate,
                        .privateUse:
                        "?"
                    default: scalar
                    }
                }))
    }
}
