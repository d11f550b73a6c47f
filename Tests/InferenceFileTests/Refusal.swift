// SPDX-License-Identifier: Apache-2.0

import FuzzTargets
import Testing
import Wire

extension Fixture {
    /// Expects that a changed file of a method is refused.
    /// - Parameter error: nil: any typed one.
    static func expectRefusal(
        _ kind: ArtifactKind, _ what: String, _ error: WireError? = nil, _ method: Method = .slots,
        _ change: (Fixture) throws -> [UInt8]
    ) throws {
        let fixture = try Fixture.of(method)
        let bytes = try change(fixture)
        #expect(bytes != fixture.bytes(kind), "\(what): nothing was changed")
        #expect("\(kind), \(what)") {
            _ = try fixture.rewritten(bytes, as: kind)
        } throws: { found in
            error == nil ? Party.isTyped(found) : found as? WireError == error
        }
    }
}
