// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import GRPCNIOTransportHTTP2
import NIOSSL
import ServiceLifecycle
import SwiftProtobuf

/// The service over gRPC: the Open Inference Protocol's `inference.GRPCInferenceService`. Keys come over HTTP.
struct GRPCService: RegistrableRPCService {
    let service: InferenceService

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        unary("ServerLive", &router) { (_: Inference_ServerLiveRequest, _) in
            Inference_ServerLiveResponse.with { $0.live = true }
        }
        unary("ServerReady", &router) { (_: Inference_ServerReadyRequest, _) in
            Inference_ServerReadyResponse.with { $0.ready = true }
        }
        unary("ServerMetadata", &router) { (_: Inference_ServerMetadataRequest, _) in
            Inference_ServerMetadataResponse.with {
                $0.name = "blindsight"
                $0.version = "1"
            }
        }
        unary("ModelReady", &router) { (request: Inference_ModelReadyRequest, metadata) in
            _ = try model(request.name, request.version, metadata)
            return Inference_ModelReadyResponse.with { $0.ready = true }
        }
        unary("ModelMetadata", &router) { (request: Inference_ModelMetadataRequest, metadata) in
            let model = try model(request.name, request.version, metadata)
            return Inference_ModelMetadataResponse.with {
                $0.name = model.name
                $0.versions = service.models.versions(of: model.name)
                $0.platform = "blindsight"
                $0.inputs = [tensor("request")]
                $0.outputs = [tensor("reply")]
            }
        }
        unary("ModelInfer", &router) { (request: Inference_ModelInferRequest, metadata) in
            try await infer(request, metadata)
        }
    }

    private func tensor(_ name: String) -> Inference_ModelMetadataResponse.TensorMetadata {
        .with {
            $0.name = name
            $0.datatype = "BYTES"
            $0.shape = [1]
        }
    }

    private func tenant(_ metadata: Metadata) throws(ServiceError) -> Tenant {
        try service.tenants.tenant(
            authorization: metadata[stringValues: "authorization"].first { _ in true })
    }

    private func model(
        _ name: String, _ version: String, _ metadata: Metadata
    ) throws(ServiceError) -> ServedModel {
        try service.models.model(
            name, version: version.isEmpty ? nil : version, for: tenant(metadata))
    }

    private func infer(
        _ request: Inference_ModelInferRequest, _ metadata: Metadata
    ) async throws -> Inference_ModelInferResponse {
        let tenant = try tenant(metadata)
        let model = try model(request.modelName, request.modelVersion, metadata)
        guard request.inputs.count == 1, request.inputs[0].name == "request",
            request.inputs[0].datatype == "BYTES",
            request.inputs[0].shape == [1]
        else {
            throw ServiceError(
                .badRequest, "one input is needed: 'request', BYTES of the shape [1]")
        }
        guard request.outputs.allSatisfy({ $0.name == "reply" }) else {
            throw ServiceError(.badRequest, "there is one output, 'reply'")
        }
        guard case .stringParam(let key)? = request.parameters["key_id"]?.parameterChoice else {
            throw ServiceError(
                .badRequest,
                "the parameter key_id is missing: the SHA-256 of the evaluation keys' bytes")
        }
        let contents = request.inputs[0].contents.bytesContents
        let bytes: [UInt8]
        if request.rawInputContents.count == 1, contents.isEmpty {
            bytes = try OpenInference.element(Array(request.rawInputContents[0])[...])
        } else if request.rawInputContents.isEmpty, contents.count == 1 {
            bytes = Array(contents[0])
        } else {
            throw ServiceError(
                .badRequest, "'request' has one element, in raw_input_contents or in its contents")
        }
        let share = service.memory.share()
        try share.take(bytes.count)
        let reply = try await service.predict(bytes, of: model, key: key, for: tenant)
        withExtendedLifetime(share) {}
        return .with {
            $0.modelName = model.name
            $0.modelVersion = model.version
            $0.id = request.id.printable
            $0.outputs = [
                .with {
                    $0.name = "reply"
                    $0.datatype = "BYTES"
                    $0.shape = [1]
                }
            ]
            $0.rawOutputContents = [.init(OpenInference.tensor(reply))]
        }
    }

    private func unary<Input: Message, Output: Message, Transport: ServerTransport>(
        _ method: String, _ router: inout RPCRouter<Transport>,
        _ body: @escaping @Sendable (Input, Metadata) async throws -> Output
    ) {
        router.registerHandler(
            forMethod: MethodDescriptor(
                fullyQualifiedService: "inference.GRPCInferenceService", method: method),
            deserializer: ProtobufCoding<Input>(), serializer: ProtobufCoding<Output>()
        ) { request, _ in
            do {
                let single = try await ServerRequest(stream: request)
                return StreamingServerResponse(
                    single: ServerResponse(message: try await body(single.message, single.metadata))
                )
            } catch let error as ServiceError {
                throw RPCError(code: error.code, message: error.description)
            } catch is CancellationError {
                throw RPCError(code: .cancelled, message: "cancelled")
            } catch let error as RPCError {
                throw error
            } catch {
                service.logger.error("a call failed", metadata: ["error": "\(error)"])
                throw RPCError(code: .internalError, message: "the service failed")
            }
        }
    }
}

extension ServiceError {
    fileprivate var code: RPCError.Code {
        switch kind {
        case .badRequest, .unsupported: .invalidArgument
        case .unauthorized: .unauthenticated
        case .notFound: .notFound
        case .conflict: .aborted
        case .tooLarge: .outOfRange
        case .overloaded: .unavailable
        case .budget: .resourceExhausted
        case .timeout: .deadlineExceeded
        }
    }
}

private struct ProtobufCoding<Message: SwiftProtobuf.Message>: MessageSerializer,
    MessageDeserializer
{
    func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) throws -> Bytes {
        Bytes(try message.serializedBytes() as [UInt8])
    }

    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Message {
        do {
            return try bytes.withUnsafeBytes { try Message(serializedBytes: Array($0)) }
        } catch { throw RPCError(code: .invalidArgument, message: "no message of the protocol") }
    }
}

/// The gRPC server beside the HTTP one.
struct GRPCProcess: Service {
    let service: InferenceService

    func run() async throws {
        let configuration = service.configuration
        let most =
            service.models.list.map { $0.requestBytes(groups: configuration.groups) }.max() ?? 0
        let server = GRPCServer(
            transport: .http2NIOPosix(
                address: .ipv4(host: configuration.host, port: configuration.grpcPort),
                transportSecurity: security(),
                config: .defaults { $0.rpc.maxRequestPayloadSize = most + 65_536 }),
            services: [GRPCService(service: service)])
        try await withGracefulShutdownHandler {
            try await server.serve()
        } onGracefulShutdown: {
            server.beginGracefulShutdown()
        }
    }

    private func security() -> HTTP2ServerTransport.Posix.TransportSecurity {
        let configuration = service.configuration
        guard let certificate = configuration.certificate, let key = configuration.privateKey else {
            return .plaintext
        }
        let chain = [TLSConfig.CertificateSource.file(path: certificate, format: .pem)]
        let source = TLSConfig.PrivateKeySource.file(path: key, format: .pem)
        guard let authorities = configuration.clientAuthorities else {
            return .tls(certificateChain: chain, privateKey: source)
        }
        return .mTLS(certificateChain: chain, privateKey: source) {
            $0.trustRoots = .certificates([.file(path: authorities, format: .pem)])
        }
    }
}
