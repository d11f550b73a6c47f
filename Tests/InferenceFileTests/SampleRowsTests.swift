// SPDX-License-Identifier: Apache-2.0

import Inference
import InferenceClient
import TestSupport
import Testing
import Wire

/// What became of rows, in the client's file beside a request.
@Suite struct SampleRowsTests {
    private static let heads = Result {
        let client = try Client(
            Planner.insecure(degrees: [64, 128]).plan(Networks.square(seed: 7), method: .slots)
                .client)
        return (
            RequestHeads(
                try client.encrypt(quantized: [[0, 1, 2, 3, 0, 1], [1, 1, 1, 1, 1, 1]])),
            RequestHeads(try client.encrypt(quantized: [[0, 1, 2, 3, 0, 1], [1, 1, 1, 1, 1, 1]]))
        )
    }

    @Test func isReadAsItWasWritten() throws {
        let (heads, others) = try Self.heads.get()
        let rows = SampleRows(
            [
                .init(identifier: "a\tb\\n\r\nc", refusal: nil),
                .init(identifier: "", refusal: "line 3: '\n' is \\ no number"),
                .init(identifier: "Zürich", refusal: nil),
            ], request: heads)
        let found = try SampleRows(text: rows.text)
        #expect(found == rows && found.encryptedCount == 2 && found.hasIdentifiers)
        try found.require(heads, samples: 2)
        #expect(throws: WireError.self) { try found.require(others, samples: 2) }
        #expect(throws: WireError.self) { try found.require(heads, samples: 3) }
    }

    @Test func whatIsRefused() throws {
        let (heads, _) = try Self.heads.get()
        let text = SampleRows(
            [.init(identifier: "x", refusal: nil), .init(identifier: "y", refusal: "z")],
            request: heads
        ).text
        for (old, new) in [
            ("rows 1", "rows 2"), ("request ", "request g"), ("encrypted\tx", "encrypted"),
            ("encrypted\tx", "encrypted\tx\ty"), ("refused\ty\tz", "refused\ty"),
            ("refused\ty\tz", "other\ty\tz"), ("\ty\tz", "\t\\q\tz"), ("\ty\tz", "\ty\tz\\"),
        ] {
            #expect(throws: WireError.self, "\(new)") {
                try SampleRows(text: text.replacing(old, with: new))
            }
        }
    }
}
