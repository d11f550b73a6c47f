// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import Testing
import Wire

/// Of what is no file of the right kind, only the head is read, however long it is.
@Suite struct LongSourceTests {
    /// Bytes of which only the first exist; what is read of them is counted.
    private final class LongSource: ByteSource {
        let head: [UInt8]
        let count: Int
        let readCount = Mutex(0)

        init(_ head: [UInt8], count: Int) {
            self.head = head
            self.count = count
        }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
            readCount.withLock { $0 += buffer.count }
            for index in buffer.indices {
                buffer[index] = offset + index < head.count ? head[offset + index] : 0
            }
        }
    }

    private static let count = 1 << 40
    private static let around = Envelope.headerLength + Envelope.checksumLength
    private static let digest = Envelope.digest(of: [9])

    private static func header(_ kind: ArtifactKind, payload: Int) -> [UInt8] {
        Envelope.header(kind: kind, digest: digest, payloadLength: payload)
    }

    private func refuses(
        _ head: [UInt8], _ error: WireError, count: Int = Self.count,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let source = LongSource(head, count: count)
        #expect(throws: error, sourceLocation: sourceLocation) {
            try Envelope.bytes(of: source, expecting: .clientPlan)
        }
        #expect(source.readCount.withLock { $0 } <= Envelope.headerLength)
    }

    @Test func onlyTheHeadIsRead() throws {
        let limit = ArtifactKind.clientPlan.maximumPayloadBytes
        let sound = Self.header(.clientPlan, payload: 10)
        refuses([], .notAnArtifact)
        refuses([], .notAnArtifact, count: 0)
        refuses(Array("BLNDSGHX".utf8), .notAnArtifact)
        refuses(
            Self.header(.evaluationKeys, payload: 10),
            .wrongKind(expected: .clientPlan, found: .evaluationKeys))
        var later = sound
        later[8] = 200
        refuses(later, .unsupportedVersion(200))
        refuses(sound, .wrongLength(expected: 10, found: UInt64(Self.count - Self.around)))
        refuses(
            Self.header(.clientPlan, payload: Self.count - Self.around),
            .tooLarge(.clientPlan, bytes: UInt64(Self.count - Self.around), limit: limit))
    }

    @Test func whatIsSoundIsReadWhole() throws {
        let bytes = try EnvelopeTests.file(.clientPlan)
        #expect(try Envelope.bytes(of: MemorySource(bytes), expecting: .clientPlan) == bytes)
    }
}
