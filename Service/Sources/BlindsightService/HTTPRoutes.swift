// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// What a handler knows beside its request.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// The service over HTTP: the Open Inference Protocol's addresses under /v2, keys and plans under /v1.
struct HTTPRoutes: Sendable {
    typealias Context = ConnectionContext

    let service: InferenceService

    func router() -> Router<Context> {
        let router = Router(context: Context.self)
        router.add(middleware: ErrorMiddleware(service: service))
        if let demo = service.configuration.demo {
            router.add(
                middleware: FileMiddleware(
                    demo, urlBasePath: "/demo", searchForIndexHtml: true, logger: service.logger))
        }
        let addresses = Addresses(router)
        addHealth(to: addresses)
        addModels(to: addresses)
        addKeys(to: addresses)
        addresses.refuseOtherMethods()
        return router
    }

    /// Addresses, each with the methods that it has.
    private final class Addresses {
        typealias Handler = @Sendable (Request, Context) async throws -> Response

        private let router: Router<Context>
        private var methods: [String: [HTTPRequest.Method]] = [:]

        init(_ router: Router<Context>) { self.router = router }

        func on(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
            methods[path, default: []].append(method)
            router.on(RouterPath(path), method: method, use: handler)
        }

        /// With the methods that there are.
        func refuseOtherMethods() {
            let all: [HTTPRequest.Method] = [
                .get, .head, .put, .post, .delete, .patch, .options, .trace, .connect,
                .init("QUERY")!,
            ]
            for (path, known) in methods {
                for method in all where !known.contains(method) {
                    router.on(RouterPath(path), method: method) { _, _ -> Response in
                        throw MethodNotAllowed(allowed: known.map(\.rawValue).sorted())
                    }
                }
            }
        }
    }

    // MARK: Health and metadata

    private func addHealth(to addresses: Addresses) {
        addresses.on(.get, "/v2/health/live") { _, _ in Response(status: .ok) }
        addresses.on(.get, "/v2/health/ready") { _, _ in Response(status: .ok) }
        addresses.on(.get, "/v2") { _, _ in
            try json(["name": "blindsight", "version": "1", "extensions": ["binary_tensor_data"]])
        }
    }

    private func addModels(to addresses: Addresses) {
        addresses.on(.get, "/v2/models") { request, _ in
            let tenant = try tenant(request)
            let models = service.models.list.filter { tenant.may(use: $0.name) }
            return try json([
                "models": models.map { ["name": $0.name, "version": $0.version, "state": "READY"] }
            ])
        }
        for base in ["", "/versions/:version"] {
            addresses.on(.get, "/v2/models/:model\(base)/ready") { request, context in
                _ = try model(request, context)
                return Response(status: .ok)
            }
            addresses.on(.get, "/v2/models/:model\(base)") { request, context in
                let model = try model(request, context)
                return try json(
                    OpenInference.metadata(
                        model, versions: service.models.versions(of: model.name),
                        groups: service.configuration.groups))
            }
            addresses.on(.get, "/v1/models/:model\(base)/client.plan") { request, context in
                let model = try model(request, context)
                return Response(
                    status: .ok,
                    headers: [
                        .contentType: "application/octet-stream",
                        .eTag: "\"\(model.clientDigest)\"",
                    ],
                    body: .init(byteBuffer: ByteBuffer(bytes: model.clientPlan)))
            }
            addresses.on(.get, "/v1/models/:model\(base)/network.json") { request, context in
                let model = try model(request, context)
                guard let network = model.network else {
                    throw ServiceError(
                        .notFound, "the network of '\(model.name)' isn't published")
                }
                return Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: .init(byteBuffer: ByteBuffer(bytes: network)))
            }
            addresses.on(.post, "/v2/models/:model\(base)/infer") { request, context in
                try await infer(request, context)
            }
        }
    }

    /// The bytes of a body, as they come.
    private final class Collected: Sendable {
        let share: MemoryBudget.Share
        private let parts = Mutex<[UInt8]>([])

        init(_ share: MemoryBudget.Share) { self.share = share }

        func take(_ part: ByteBuffer) throws {
            try share.take(part.readableBytes)
            parts.withLock { $0.append(contentsOf: part.readableBytesView) }
        }

        /// Gives them away: they are in memory once.
        func finish() -> [UInt8] {
            parts.withLock { parts in
                defer { parts = [] }
                return parts
            }
        }
    }

    private func infer(_ request: Request, _ context: Context) async throws -> Response {
        let collected = Collected(service.memory.share())
        let (tenant, model) = try await body(of: request).read {
            () throws -> (prepared: (Tenant, ServedModel), most: Int) in
            let (who, what) = (try self.tenant(request), try self.model(request, context))
            return ((who, what), what.requestBytes(groups: service.configuration.groups))
        } take: { (_: (Tenant, ServedModel), part: ByteBuffer, _: Int) in
            try collected.take(part)
        }
        let body = collected.finish()
        let call = try OpenInference.call(
            body, headerLength: request.headers[HTTPField.Name(OpenInference.lengthHeader)!])
        let presence = try await context.channel.pipeline.handler(type: ClientPresence.self).get()
        let reply = try await presence.whileHere { [service] in
            try await service.predict(call.request, of: model, key: call.keyID, for: tenant)
        }
        let (json, prefix) = try OpenInference.responseHead(
            replyBytes: reply.byteCount, of: model, id: call.id)
        var headers: HTTPFields = [.contentType: "application/octet-stream"]
        headers[HTTPField.Name(OpenInference.lengthHeader)!] = "\(json.count)"
        var buffer = ByteBuffer()
        buffer.writeBytes(json)
        buffer.writeBytes(prefix)
        if reply.groupCount == 1 {
            buffer.writeBytes(try await reply.bytes())
            withExtendedLifetime(collected) {}
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: buffer))
        }
        let stream = stream(reply, of: model, after: buffer, presence, context.channel, collected)
        return Response(status: .ok, headers: headers, body: stream)
    }

    /// A reply of several groups, sent as they are made.
    /// - Parameter collected: the request, whose memory counts until then.
    private func stream(
        _ reply: PredictedReply, of model: ServedModel, after head: ByteBuffer,
        _ presence: ClientPresence, _ channel: any Channel, _ collected: Collected
    ) -> ResponseBody {
        let idle = TimeAmount.milliseconds(Int64(1000 * service.configuration.idleSeconds))
        return ResponseBody(contentLength: head.readableBytes + reply.byteCount) {
            [logger = service.logger] writer in
            do {
                try await writer.write(head)
                var left = reply.byteCount
                for index in 0..<reply.groupCount {
                    let group = try await presence.whileHere { try await reply.group(index) }
                    left -= group.count
                    guard left >= 0 else { throw PredictedReply.WrongLength() }
                    // One that doesn't read has its connection for no longer than one that doesn't write.
                    let closing = channel.eventLoop.scheduleTask(in: idle) {
                        channel.close(promise: nil)
                    }
                    defer { closing.cancel() }
                    try await writer.write(ByteBuffer(bytes: group))
                }
                guard left == 0 else { throw PredictedReply.WrongLength() }
                try await writer.finish(nil)
            } catch {
                // The connection ends before the length that was said: no client takes that for a reply.
                reply.abandon()
                logger.info("a reply broke off", metadata: ["model": "\(model.name)"])
                throw error
            }
            withExtendedLifetime(collected) {}
        }
    }

    // MARK: Keys

    private static let offset = HTTPField.Name("Upload-Offset")!

    private func addKeys(to addresses: Addresses) {
        addresses.on(.head, "/v1/keys/:digest") { request, context in
            let (tenant, digest) = (try tenant(request), try digest(context))
            if service.files.has(digest, tenant) { return Response(status: .ok) }
            var headers = HTTPFields()
            headers[Self.offset] = "\(service.files.partialCount(digest, tenant))"
            return Response(status: .notFound, headers: headers)
        }
        addresses.on(.put, "/v1/keys/:digest") { request, context in
            try await putKeys(request, context)
        }
        addresses.on(.delete, "/v1/keys/:digest") { request, context in
            try await service.deleteKeys(digest(context), for: tenant(request))
            return Response(status: .noContent)
        }
    }

    /// Bytes go to disk as they come; `Upload-Offset` says where they begin, in an upload that goes on.
    private func putKeys(_ request: Request, _ context: Context) async throws -> Response {
        struct Upload {
            let tenant: Tenant
            let digest: String
            let model: ServedModel
            let offset: Int
            /// Whether the keys are here already.
            let isKnown: Bool
        }
        let files = service.files
        let upload = try await body(of: request).read {
            () throws -> (prepared: Upload, most: Int) in
            let (tenant, digest) = (try self.tenant(request), try self.digest(context))
            guard let name = request.uri.queryParameters["model"].map(String.init) else {
                throw ServiceError(.badRequest, "?model= says which model the keys are for")
            }
            let model = try service.models.model(name, version: nil, for: tenant)
            let offset = request.headers[Self.offset].map { Int($0) ?? -1 } ?? 0
            guard (0...model.keyBytes).contains(offset) else {
                throw ServiceError(
                    .badRequest, "Upload-Offset is no place in the keys of '\(model.name)'")
            }
            return (
                Upload(
                    tenant: tenant, digest: digest, model: model, offset: offset,
                    isKnown: files.has(digest, tenant)), model.keyBytes - offset
            )
        } take: { (upload: Upload, part: ByteBuffer, place: Int) in
            if upload.isKnown { return }
            let bytes = Array(part.readableBytesView)
            try await offload {
                try files.append(bytes, at: upload.offset + place, upload.digest, upload.tenant)
            }
        }
        if upload.isKnown { return Response(status: .ok) }
        try await service.finishKeys(upload.digest, of: upload.model, for: upload.tenant)
        return Response(status: .created)
    }

    // MARK: Parts of requests

    private func tenant(_ request: Request) throws(ServiceError) -> Tenant {
        try service.tenants.tenant(authorization: request.headers[.authorization])
    }

    private func model(_ request: Request, _ context: Context) throws -> ServedModel {
        try service.models.model(
            context.parameters.require("model"), version: context.parameters.get("version"),
            for: tenant(request))
    }

    private func digest(_ context: Context) throws -> String {
        let digest = try context.parameters.require("digest")
        try service.checkDigest(digest)
        return digest
    }

    private func body(of request: Request) -> IncomingBody {
        IncomingBody(request: request, seconds: service.configuration.bodySeconds)
    }
}

private func json(_ object: [String: Any], status: HTTPResponse.Status = .ok) throws -> Response {
    let data = try JSONSerialization.data(
        withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    return Response(
        status: status, headers: [.contentType: "application/json"],
        body: .init(byteBuffer: ByteBuffer(bytes: data)))
}

/// Of an address that is there.
private struct MethodNotAllowed: Error {
    let allowed: [String]
}

/// Every error as the protocol has them, `{"error": "text"}`; and the caller's trace context in the answer.
private struct ErrorMiddleware: RouterMiddleware {
    let service: InferenceService

    func handle(
        _ request: Request, context: HTTPRoutes.Context,
        next: (Request, HTTPRoutes.Context) async throws -> Response
    ) async throws -> Response {
        let traceName = HTTPField.Name("traceparent")!
        let trace = request.headers[traceName].flatMap { Self.isTrace($0) ? $0 : nil }
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as ServiceError {
            response = try json(["error": error.description], status: error.status)
            if let seconds = error.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
            if error.kind == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        } catch let error as MethodNotAllowed {
            let allowed = error.allowed.joined(separator: ", ")
            response = try json(
                ["error": "this address has \(allowed) alone"], status: .methodNotAllowed)
            response.headers[.allow] = allowed
        } catch let error as HTTPError {
            let text =
                error.status == .notFound
                ? "no such address" : error.body ?? error.status.reasonPhrase
            response = try json(["error": text.printable], status: error.status)
        } catch is CancellationError {
            response = try json(["error": "cancelled"], status: .init(code: 499))
        } catch {
            service.logger.error("a call failed", metadata: ["error": "\(error)"])
            response = try json(["error": "the service failed"], status: .internalServerError)
        }
        if let trace { response.headers[traceName] = trace }
        service.metrics.count("blindsight_responses_total", [("code", "\(response.status.code)")])
        if response.status.code >= 400 {
            var metadata: Logger.Metadata = [
                "status": "\(response.status.code)", "method": "\(request.method)",
                "path": "\(request.uri.path)",
            ]
            if let trace { metadata["traceparent"] = "\(trace)" }
            service.logger.info("refused", metadata: metadata)
        }
        return response
    }

    private static func isTrace(_ text: String) -> Bool {
        text.utf8.count == 55
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (97...102).contains($0) || $0 == 45
            }
    }
}
