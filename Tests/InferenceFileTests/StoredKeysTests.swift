// SPDX-License-Identifier: Apache-2.0

import Files
import Inference
import InferenceClient
import Synchronization
import Testing
import Wire

/// Evaluation keys that are read from where they are only when a server is made with them.
@Suite struct StoredKeysTests {
    /// Bytes that may change between two looks at them.
    private final class Changing: ByteSource {
        private let held: Mutex<[UInt8]>
        let count: Int

        init(_ bytes: [UInt8]) {
            held = Mutex(bytes)
            count = bytes.count
        }

        func change(to bytes: [UInt8]) { held.withLock { $0 = bytes } }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
            try MemorySource(held.withLock { $0 }).read(into: buffer, at: offset)
        }
    }

    private func server(_ fixture: Fixture, _ source: any ByteSource) throws -> Server {
        try PreparedModel(fixture.plan).server(for: EvaluationKeySet(reading: source))
    }

    @Test(arguments: Method.allCases) func predictAsOthers(method: Method) throws {
        let fixture = try Fixture.of(method)
        let bytes = fixture.bytes(.evaluationKeys)
        let keys = try EvaluationKeySet(reading: MemorySource(bytes))
        #expect(try keys.serialized() == bytes)
        // Twice from the same place.
        for _ in 0..<2 {
            let server = try PreparedModel(fixture.plan).server(for: keys)
            let request = try RequestReader(
                MemorySource(fixture.bytes(.request)), server: server
            ).request()
            let reply = try server.predict(request).serialized()
            #expect(try fixture.logits(reply, client: fixture.client) == fixture.logits())
        }
    }

    /// Damage anywhere is told as such, before anything is predicted, also behind what is parsed.
    @Test(arguments: Method.encrypted) func damageIsNoticed(method: Method) throws {
        let fixture = try Fixture.of(method)
        let bytes = fixture.bytes(.evaluationKeys)
        let places = [56, 80, bytes.count / 2, bytes.count - 33, bytes.count - 1]
        for place in Set(places) where place < bytes.count {
            var damaged = bytes
            damaged[place] ^= 1
            #expect(throws: (any Error).self, "byte \(place)") {
                try server(fixture, MemorySource(damaged))
            }
        }
        var last = bytes
        last[bytes.count - 33] ^= 1
        #expect(throws: WireError.corrupt) { try server(fixture, MemorySource(last)) }
        for count in [0, 20, 56, 88, bytes.count - 1] where count < bytes.count {
            #expect(throws: (any Error).self, "\(count) bytes") {
                try server(fixture, MemorySource(Array(bytes[..<count])))
            }
        }
    }

    /// Other keys in the place of those whose head was read are refused, though they are whole.
    @Test(arguments: Method.onLattices) func changesAreNoticed(method: Method) throws {
        let fixture = try Fixture.of(method)
        let bytes = fixture.bytes(.evaluationKeys)
        let source = Changing(bytes)
        let keys = try EvaluationKeySet(reading: source)
        let model = try PreparedModel(fixture.plan)
        var other = bytes
        // Whole again, under another digest of a key set.
        other[16] ^= 1
        other.replaceSubrange(
            (bytes.count - 32)..., with: Envelope.digest(of: other[..<(bytes.count - 32)]))
        source.change(to: other)
        #expect(throws: WireError.corrupt) { try model.server(for: keys) }
        source.change(to: bytes)
        _ = try model.server(for: keys)
    }
}
