// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore

/// The body of a request, which is read to its end whatever comes of it: a client that still sends doesn't read an
/// answer, and a connection that is to close after it would wait for ever.
struct IncomingBody: Sendable {
    /// What is read for nothing, beyond what would be taken.
    private static let most = 1 << 26

    let request: Request
    /// Seconds that it may take.
    let seconds: Double

    /// - Parameters:
    ///   - most: bytes that are taken.
    ///   - prepare: comes first; where it throws, what follows is read for nothing.
    ///   - take: the next bytes, and how many came before.
    func read<Prepared: Sendable>(
        prepare: @Sendable () throws -> (prepared: Prepared, most: Int),
        take: @escaping @Sendable (Prepared, ByteBuffer, Int) async throws -> Void
    ) async throws -> Prepared {
        var failure: (any Error)?
        var prepared: (prepared: Prepared, most: Int)?
        do {
            try refuseEncodings()
            prepared = try prepare()
        } catch { failure = error }
        let (ready, before) = (prepared, failure)
        let after: (any Error)? = try await within(seconds: seconds, "the request's body") {
            var (place, failure) = (0, before)
            for try await part in request.body {
                if failure == nil, let ready {
                    do {
                        guard place + part.readableBytes <= ready.most else {
                            throw ServiceError(
                                .tooLarge, "at most \(ready.most) bytes are taken here")
                        }
                        try await take(ready.prepared, part, place)
                    } catch { failure = error }
                }
                place += part.readableBytes
                if place > Self.most + (ready?.most ?? 0) { break }
            }
            return failure
        }
        if let after { throw after }
        return ready!.prepared
    }

    /// What is compressed may be of any size when it is not.
    private func refuseEncodings() throws(ServiceError) {
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw ServiceError(
                .unsupported, "ciphertexts don't shrink: send them without Content-Encoding")
        }
    }
}
