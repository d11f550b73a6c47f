// SPDX-License-Identifier: Apache-2.0

/// What a service answered, or that it didn't.
public struct RemoteError: Error, Equatable, CustomStringConvertible {
    /// Of HTTP; nil where there was no answer, or one that is none of the protocol.
    public let status: Int?
    public let description: String

    init(_ description: String, status: Int? = nil) {
        self.status = status
        self.description = description.printable
    }
}

extension String {
    /// Without what a terminal would act on, and not longer than anybody reads.
    fileprivate var printable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.prefix(400).map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate,
                        .privateUse:
                        "?"
                    default: scalar
                    }
                }))
    }
}
