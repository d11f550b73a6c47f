// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import BlindsightClient
import Crypto
import Files
import Foundation
import InferenceClient
import NIOCore

/// A model of a service, such as `blindsight serve` runs, over the Open Inference Protocol.
///
/// Calls are repeated where the service is busy or a connection breaks, five times at most. What is decrypted is
/// decrypted after all calls, so that neither a repetition nor any other call depends on what a reply says.
public final class RemoteServer: Sendable {
    /// What a client of the model is made with.
    public let plan: ClientPlan
    /// SHA-256 of client.plan, in hexadecimal: what a model's owner names it by.
    public let planDigest: String
    /// Groups of samples that one request may have.
    public let mostGroups: Int
    private let calls: RemoteCalls
    private let model: String
    private let path: String

    /// Fetches the plan of a model.
    /// - Parameters:
    ///   - version: of the model; nil: the newest.
    ///   - planDigest: SHA-256 of client.plan in hexadecimal, as the model's owner says it; a service that has another
    ///     plan is refused. nil: whatever the service sends is taken.
    /// - Throws: `RemoteError`, also for another plan; what the plan's reader throws.
    public static func connect(
        to address: RemoteAddress, model: String, version: String? = nil, planDigest: String? = nil
    ) async throws -> RemoteServer {
        let url = try address.check()
        var base = url.absoluteString
        if base.hasSuffix("/") { base.removeLast() }
        let client: HTTPClient
        do { client = try address.client() } catch {
            throw RemoteError("certificates: \(error)")
        }
        do {
            return try await RemoteServer(
                RemoteCalls(client: client, address: address, base: base), model, version,
                planDigest)
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private init(
        _ calls: RemoteCalls, _ model: String, _ version: String?, _ digest: String?
    ) async throws {
        self.calls = calls
        self.model = model
        let name = Self.escaped(model) + (version.map { "/versions/" + Self.escaped($0) } ?? "")
        path = "/v2/models/" + name
        let bytes = try await calls.call(.GET, "/v1/models/\(name)/client.plan", limit: 1 << 30)
            .body
        planDigest = Self.digest(bytes)
        if let digest, digest.lowercased() != planDigest {
            throw RemoteError("the service's plan is \(planDigest), not the one that was named")
        }
        plan = try ClientPlan(serialized: bytes)
        struct Metadata: Decodable {
            struct Parameters: Decodable {
                let mostGroups: Int
                enum CodingKeys: String, CodingKey { case mostGroups = "most_groups" }
            }
            let parameters: Parameters
        }
        let metadata = try await calls.call(.GET, path).body
        guard let found = try? JSONDecoder().decode(Metadata.self, from: Data(metadata)),
            found.parameters.mostGroups > 0
        else { throw RemoteError("\(path): metadata without most_groups") }
        mostGroups = min(found.parameters.mostGroups, 1 << 20)
    }

    /// Ends its connections. Call it once, after everything else.
    public func shutdown() async throws { try await calls.client.shutdown() }

    // MARK: Keys

    /// Gives the service a client's evaluation keys, if it doesn't have them. An upload that breaks off goes on where it
    /// was.
    /// - Parameter keys: as `EvaluationKeySet.serialized` gives them.
    /// - Returns: the service's name for them, their SHA-256 in hexadecimal.
    /// - Throws: `RemoteError`.
    public func send(keys: [UInt8]) async throws -> String {
        let name = Self.digest(keys)
        let buffer = ByteBuffer(bytes: keys)
        for attempt in 1... {
            let known = try await calls.call(.HEAD, "/v1/keys/\(name)", accepts: [200, 404])
            if known.status == 200 { return name }
            let said = known.headers.first(name: "upload-offset").flatMap { Int($0) } ?? 0
            let offset = min(max(said, 0), keys.count)
            do {
                _ = try await calls.call(
                    .PUT, "/v1/keys/\(name)?model=\(Self.escaped(model))",
                    headers: [("Upload-Offset", "\(offset)")],
                    body: buffer.getSlice(at: offset, length: keys.count - offset)!, repeats: false)
                return name
            } catch let error as RemoteError
                where attempt < RemoteCalls.attempts && [nil, 409, 503].contains(error.status)
            {
                try await RemoteCalls.wait(attempt)
            }
        }
        preconditionFailure("the last attempt returns or throws")
    }

    /// Has the service forget keys that it was sent.
    /// - Throws: `RemoteError`; not where they are gone already.
    public func delete(keys name: String) async throws {
        _ = try await calls.call(.DELETE, "/v1/keys/\(name)", accepts: [204, 404])
    }

    // MARK: Predictions

    /// The reply to a request of at most `mostGroups` groups, both as files have them.
    /// - Parameter keys: as `send(keys:)` named them.
    /// - Throws: `RemoteError`: of status 404 where the service has no such keys any more.
    public func reply(to request: [UInt8], keys name: String) async throws -> [UInt8] {
        guard request.count < UInt32.max else {
            throw RemoteError("a request of 4 GiB or more: send fewer groups at once")
        }
        let call = """
            {"parameters":{"key_id":"\(name)"},"inputs":[{"name":"request","shape":[1],"datatype":"BYTES",\
            "parameters":{"binary_data_size":\(request.count + 4)}}],"outputs":[{"name":"reply",\
            "parameters":{"binary_data":true}}]}
            """
        var body = ByteBuffer()
        body.reserveCapacity(call.utf8.count + 4 + request.count)
        body.writeString(call)
        body.writeInteger(UInt32(request.count), endianness: .little)
        body.writeBytes(request)
        let answer = try await calls.call(
            .POST, path + "/infer",
            headers: [
                ("Inference-Header-Content-Length", "\(call.utf8.count)"),
                ("Content-Type", "application/octet-stream"),
            ], body: body, limit: mostGroups * (plan.cost.replyBytes + 1024) + 65_536)
        let bytes = answer.body
        guard
            let text = answer.headers.first(name: "inference-header-content-length"),
            let head = Int(text), head >= 0, head <= bytes.count - 4
        else { throw RemoteError("\(path): an answer that is none of the protocol") }
        let length = bytes[head..<head + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length == bytes.count - head - 4 else {
            throw RemoteError("\(path): an answer that is none of the protocol")
        }
        return Array(bytes[(head + 4)...])
    }

    /// Sends a client's keys, encrypts samples, asks, and decrypts what came back when all of it did.
    ///
    /// - Parameters:
    ///   - client: of `plan`.
    ///   - samples: as many reals each as the model takes; one or more.
    /// - Throws: `RemoteError`; what `Client` throws. Whoever made a reply learns nothing of the latter.
    public func predict(_ client: Client, _ samples: [[Float]]) async throws -> [Prediction] {
        let keys = try await client.evaluationKeys().serialized()
        var name = try await send(keys: keys)
        let most = mostGroups * plan.samplesPerGroup
        var found: [(request: Request, reply: [UInt8])] = []
        for start in stride(from: 0, to: max(samples.count, 1), by: most) {
            let request = try await client.encrypt(
                Array(samples[start..<min(start + most, samples.count)]))
            let bytes = try request.serialized()
            let reply: [UInt8]
            do { reply = try await self.reply(to: bytes, keys: name) } catch let error
                as RemoteError where error.status == 404
            {
                // Keys that nobody used for long are deleted.
                name = try await send(keys: keys)
                reply = try await self.reply(to: bytes, keys: name)
            }
            found.append((request, reply))
        }
        var predictions: [Prediction] = []
        for (request, reply) in found {
            let reader = try ReplyReader(MemorySource(reply), client: client)
            predictions += try await client.decrypt(reader.reply(), of: request)
        }
        return predictions
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map {
            $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16)
        }
        .joined()
    }

    /// For a path's part.
    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [45, 95, 126].contains(byte)
            return isPlain
                ? String(UnicodeScalar(byte))
                : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
