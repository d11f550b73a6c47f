// SPDX-License-Identifier: Apache-2.0

import Files
import Inference
import InferenceClient
import Testing
import Wire

/// What `inspect` tells of a file.
@Suite struct SummaryTests {
    private static func summary(_ bytes: [UInt8]) throws -> ArtifactSummary {
        let folder = try TemporaryFolder()
        try StagedFile.write(bytes, to: folder("file"))
        return try ArtifactSummary(path: folder("file"))
    }

    @Test(arguments: Method.allCases, ArtifactKind.allCases)
    func everyFile(method: Method, kind: ArtifactKind) throws {
        let fixture = try Fixture.of(method)
        let bytes = fixture.bytes(kind)
        let summary = try Self.summary(bytes)
        let details = Dictionary(
            summary.details.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        #expect(summary.kind == kind.name && summary.version == 6)
        #expect(summary.fileBytes == bytes.count)
        let isKey = kind == .secretKey || kind == .evaluationKeys
        let client = fixture.plan.client
        #expect(summary.digestName == (isKey ? "key set digest" : "plan digest"))
        #expect(
            summary.digest
                == Envelope.hexadecimal(isKey ? client.keySetDigest : client.digest))
        if kind.hasGroups {
            #expect(details["groups"] == (method == .clear ? "1" : "3"))
            #expect(details["samples"] == "\(fixture.samples.count)")
        } else {
            #expect(details["method"] == client.methodName.rawValue)
        }
        if isKey {
            let names = kind == .secretKey ? ["method", "protection"] : ["method"]
            #expect(Set(details.keys) == Set(names), "nothing else of a key is told")
        }
        if kind == .secretKey { #expect(details["protection"] == "none") }
        if kind == .serverPlan {
            #expect(details["layers"] == "\(fixture.plan.network.operations.count)")
        }
    }

    @Test(arguments: [ArtifactKind.request, .reply]) func unfinished(kind: ArtifactKind) throws {
        let bytes = try Fixture.of(.features).bytes(kind)
        let part = try Self.summary(bytes.dropLast())
        #expect(part.details.first { $0.name == "groups" }?.value == "2 of 3, unfinished")
        #expect(throws: WireError.malformed("the file ends within group 0")) {
            try Self.summary(Array(bytes[..<200]))
        }
        var damaged = bytes
        damaged[300] ^= 1
        #expect(throws: WireError.corrupt) { try Self.summary(damaged) }
    }

    @Test func whatIsNone() throws {
        #expect(throws: WireError.notAnArtifact) { try Self.summary([]) }
        #expect(throws: WireError.notAnArtifact) {
            try Self.summary([UInt8](repeating: 66, count: 99))
        }
        for kind in ArtifactKind.allCases {
            var bytes = try Fixture.of(.slots).bytes(kind)
            bytes[bytes.count - 1] ^= 1
            #expect(throws: WireError.corrupt) { try Self.summary(bytes) }
        }
    }
}
