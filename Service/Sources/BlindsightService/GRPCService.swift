// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import SwiftProtobuf

/// The service over gRPC: the Open Inference Protocol's `inference.GRPCInferenceService`. Keys come over HTTP.
struct GRPCService: RegistrableRPCService {
    let service: InferenceService
    let instance: GRPCInstance

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        open("ServerLive", Inference_ServerLiveRequest.self, &router) {
            Inference_ServerLiveResponse.with { $0.live = true }
        }
        open("ServerReady", Inference_ServerReadyRequest.self, &router) {
            Inference_ServerReadyResponse.with { $0.ready = true }
        }
        open("ServerMetadata", Inference_ServerMetadataRequest.self, &router) {
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

    private func model(
        _ name: String, _ version: String, _ metadata: Metadata
    ) throws(ServiceError) -> ServedModel {
        try service.models.model(
            name, version: version.isEmpty ? nil : version, for: service.tenant(metadata))
    }

    private func infer(
        _ request: Inference_ModelInferRequest, _ metadata: Metadata
    ) async throws -> Inference_ModelInferResponse {
        let tenant = try service.tenant(metadata)
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
        GRPCGate.share?.shrink(to: bytes.count)
        let reply = try await instance.whileHere {
            try await service.predict(bytes, of: model, key: key, for: tenant).bytes()
        }
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
            $0.rawOutputContents = [.init(OpenInference.prefix(reply.count) + reply)]
        }
    }

    /// Answers who says nothing of itself, without waiting for a message that says nothing.
    private func open<Input: Message, Output: Message, Transport: ServerTransport>(
        _ method: String, _: Input.Type, _ router: inout RPCRouter<Transport>,
        _ answer: @escaping @Sendable () -> Output
    ) {
        router.registerHandler(
            forMethod: GRPCGate.method(method),
            deserializer: ProtobufCoding<Input>(), serializer: ProtobufCoding<Output>()
        ) { _, _ in StreamingServerResponse(single: ServerResponse(message: answer())) }
    }

    private func unary<Input: Message, Output: Message, Transport: ServerTransport>(
        _ method: String, _ router: inout RPCRouter<Transport>,
        _ body: @escaping @Sendable (Input, Metadata) async throws -> Output
    ) {
        router.registerHandler(
            forMethod: GRPCGate.method(method),
            deserializer: ProtobufCoding<Input>(), serializer: ProtobufCoding<Output>()
        ) { request, _ in
            let seconds = service.configuration.bodySeconds
            let single = try await within(seconds: seconds, "the request's message") {
                try await ServerRequest(stream: request)
            }
            return StreamingServerResponse(
                single: ServerResponse(message: try await body(single.message, single.metadata)))
        }
    }
}

extension ServiceError {
    var code: RPCError.Code {
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
