// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Calls of a service, repeated where it is busy or a connection breaks. Nothing here can decrypt, so that no repetition
/// depends on what a reply says.
struct RemoteCalls: Sendable {
    static let attempts = 5

    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    let client: HTTPClient
    let address: RemoteAddress
    let base: String

    /// - Parameters:
    ///   - limit: bytes of an answer's body.
    ///   - accepts: statuses that are no errors.
    ///   - repeats: whether the call may be made again.
    /// - Throws: `RemoteError`; `CancellationError`.
    func call(
        _ method: HTTPMethod, _ path: String, headers: [(String, String)] = [],
        body: ByteBuffer? = nil, limit: Int = 1 << 20, accepts: Set<Int> = [200, 201],
        repeats: Bool = true
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        if let token = address.token {
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(body) }
        for attempt in 1... {
            let isLast = attempt == Self.attempts || !repeats
            let answer: Answer
            do { answer = try await once(request, limit: limit) } catch {
                try Task.checkCancellation()
                if isLast || error is RemoteError {
                    throw error as? RemoteError ?? Self.none(error)
                }
                try await Self.wait(attempt)
                continue
            }
            if accepts.contains(answer.status) { return answer }
            guard answer.status == 503, !isLast else {
                throw RemoteError(Self.text(of: answer), status: answer.status)
            }
            let seconds = answer.headers.first(name: "retry-after").flatMap(Double.init) ?? 0.2
            try await Task.sleep(for: .seconds(min(max(seconds, 0), 10)))
        }
        preconditionFailure("the last attempt returns or throws")
    }

    /// Longer each time.
    static func wait(_ attempt: Int) async throws {
        try await Task.sleep(for: .milliseconds(100 << attempt))
    }

    private func once(_ request: HTTPClientRequest, limit: Int) async throws -> Answer {
        let timeout = TimeAmount.milliseconds(Int64(1000 * address.timeout))
        let response = try await client.execute(request, timeout: timeout)
        let body: ByteBuffer
        do { body = try await response.body.collect(upTo: limit) } catch is NIOTooManyBytesError {
            throw RemoteError("an answer of more than \(limit) bytes, which none has")
        }
        return Answer(
            status: Int(response.status.code), headers: response.headers,
            body: Array(body.readableBytesView))
    }

    private static func none(_ error: any Error) -> RemoteError {
        RemoteError("no answer (\(error))")
    }

    private static func text(of answer: Answer) -> String {
        struct Told: Decodable { let error: String }
        let told = try? JSONDecoder().decode(Told.self, from: Data(answer.body))
        return "\(answer.status): \(told?.error ?? "the service says no more")"
    }
}
