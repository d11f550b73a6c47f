// SPDX-License-Identifier: Apache-2.0

/// The name of a method: of a way to lay samples out in ciphertexts and to evaluate a network on them. It stands in
/// files, reports and JSON.
public struct MethodName: Sendable, Hashable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    public var description: String { rawValue }
}
