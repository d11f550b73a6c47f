// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import SwiftProtobuf
import Wire

/// A method whose section in a plan's file is one message.
package protocol MessageMethod: ClientMethod {
    associatedtype SectionMessage: SwiftProtobuf.Message

    var message: SectionMessage { get }
    init(
        _ message: SectionMessage, input: InputSpecification, outputs: OutputReading,
        allowInsecure: Bool) throws
}

extension MessageMethod {
    package func encoded() throws -> [UInt8] { try message.serializedBytes() }

    package init(
        encoded bytes: ArraySlice<UInt8>, input: InputSpecification, outputs: OutputReading,
        allowInsecure: Bool
    ) throws {
        try self.init(
            SectionMessage(canonical: bytes, "the method's section"), input: input,
            outputs: outputs, allowInsecure: allowInsecure)
    }
}
