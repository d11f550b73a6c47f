// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// The service over HTTP: the Open Inference Protocol's addresses under /v2, keys and plans under /v1.
struct HTTPRoutes: Sendable {
    typealias Context = BasicRequestContext

    let service: InferenceService

    func router() -> Router<Context> {
        let router = Router(context: Context.self)
        router.add(middleware: ErrorMiddleware(service: service))
        if let demo = service.configuration.demo {
            router.add(
                middleware: FileMiddleware(
                    demo, urlBasePath: "/demo", searchForIndexHtml: true, logger: service.logger))
        }
        addHealth(to: router)
        addModels(to: router)
        addKeys(to: router)
        return router
    }

    // MARK: Health and metadata

    private func addHealth(to router: Router<Context>) {
        router.get("/v2/health/live") { _, _ in Response(status: .ok) }
        router.get("/v2/health/ready") { _, _ in Response(status: .ok) }
        router.get("/v2") { _, _ in
            try json(["name": "blindsight", "version": "1", "extensions": ["binary_tensor_data"]])
        }
    }

    private func addModels(to router: Router<Context>) {
        router.get("/v2/models") { request, _ in
            let tenant = try tenant(request)
            let models = service.models.list.filter { tenant.may(use: $0.name) }
            return try json([
                "models": models.map { ["name": $0.name, "version": $0.version, "state": "READY"] }
            ])
        }
        for base in ["", "/versions/:version"] {
            router.get("/v2/models/:model\(base)/ready") { request, context in
                _ = try model(request, context)
                return Response(status: .ok)
            }
            router.get("/v2/models/:model\(base)") { request, context in
                let model = try model(request, context)
                return try json(
                    OpenInference.metadata(
                        model, versions: service.models.versions(of: model.name),
                        groups: service.configuration.groups))
            }
            router.get("/v1/models/:model\(base)/client.plan") { request, context in
                let model = try model(request, context)
                return Response(
                    status: .ok,
                    headers: [
                        .contentType: "application/octet-stream",
                        .eTag: "\"\(model.clientDigest)\"",
                    ],
                    body: .init(byteBuffer: ByteBuffer(bytes: model.clientPlan)))
            }
            router.get("/v1/models/:model\(base)/network.json") { request, context in
                let model = try model(request, context)
                guard let network = model.network else {
                    throw ServiceError(
                        .notFound, "the network of '\(model.name)' isn't published")
                }
                return Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: .init(byteBuffer: ByteBuffer(bytes: network)))
            }
            router.post("/v2/models/:model\(base)/infer") { request, context in
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
        let reply = try await service.predict(call.request, of: model, key: call.keyID, for: tenant)
        withExtendedLifetime(collected) {}
        let (json, bytes) = try OpenInference.response(reply, of: model, id: call.id)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(json.count + bytes.count)
        buffer.writeBytes(json)
        buffer.writeBytes(bytes)
        var headers: HTTPFields = [.contentType: "application/octet-stream"]
        headers[HTTPField.Name(OpenInference.lengthHeader)!] = "\(json.count)"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: buffer))
    }

    // MARK: Keys

    private static let offset = HTTPField.Name("Upload-Offset")!

    private func addKeys(to router: Router<Context>) {
        router.head("/v1/keys/:digest") { request, context in
            let (tenant, digest) = (try tenant(request), try digest(context))
            if service.files.has(digest, tenant) { return Response(status: .ok) }
            var headers = HTTPFields()
            headers[Self.offset] = "\(service.files.partialCount(digest, tenant))"
            return Response(status: .notFound, headers: headers)
        }
        router.put("/v1/keys/:digest") { request, context in try await putKeys(request, context) }
        router.delete("/v1/keys/:digest") { request, context in
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
