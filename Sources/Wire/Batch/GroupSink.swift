import Crypto

/// Writes groups, hashing what goes by.
struct GroupSink {
    /// Bytes read or written, and hashed, at once: they stay in the cache.
    static let pieceLength = 1 << 18

    private let write: (UnsafeRawBufferPointer) throws -> Void
    private var hash = SHA256()
    private var bodyLength: Int

    /// Begins a group.
    init(
        _ form: GroupForm, _ header: some GroupHeader,
        write: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        self.write = write
        bodyLength = form.bodyLength!
        let message: [UInt8] = try header.serializedBytes()
        let head =
            Envelope.header(
                kind: form.kind, digest: form.digest!,
                payloadLength: 4 + message.count + bodyLength)
            + Envelope.littleEndian(UInt64(message.count), bytes: 4) + message
        hash.update(data: head)
        try head.withUnsafeBytes { try write($0) }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        for start in stride(from: 0, to: bytes.count, by: Self.pieceLength) {
            let piece = UnsafeRawBufferPointer(
                rebasing: bytes[start..<min(start + Self.pieceLength, bytes.count)])
            hash.update(bufferPointer: piece)
            try write(piece)
        }
        bodyLength -= bytes.count
    }

    /// - Precondition: the body is complete.
    func finish() throws {
        precondition(bodyLength == 0)
        try Array(hash.finalize()).withUnsafeBytes { try write($0) }
    }
}
