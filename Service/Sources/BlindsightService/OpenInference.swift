// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// Messages of the Open Inference Protocol, version 2, over HTTP: JSON, and behind it tensors as bytes.
enum OpenInference {
    static let lengthHeader = "inference-header-content-length"

    struct Parameters: Codable {
        var binaryDataSize: Int?
        var binaryData: Bool?
        var binaryDataOutput: Bool?
        var keyID: String?

        enum CodingKeys: String, CodingKey {
            case binaryDataSize = "binary_data_size"
            case binaryData = "binary_data"
            case binaryDataOutput = "binary_data_output"
            case keyID = "key_id"
        }
    }

    struct Tensor: Codable {
        var name: String
        var shape: [Int]?
        var datatype: String?
        var parameters: Parameters?
    }

    struct Request: Codable {
        var id: String?
        var parameters: Parameters?
        var inputs: [Tensor]
        var outputs: [Tensor]?
    }

    struct Response: Codable {
        var modelName: String
        var modelVersion: String
        var id: String?
        var outputs: [Tensor]

        enum CodingKeys: String, CodingKey {
            case modelName = "model_name"
            case modelVersion = "model_version"
            case id, outputs
        }
    }

    /// What is asked of a model: the bytes of a request file, and whose keys.
    struct Call {
        let id: String?
        let keyID: String
        let request: [UInt8]
    }

    /// - Parameter headerLength: the header's value; nil: there is none, so all is JSON.
    static func call(_ body: [UInt8], headerLength: String?) throws(ServiceError) -> Call {
        guard let text = headerLength, let length = Int(text), (0...body.count).contains(length)
        else {
            throw ServiceError(
                .badRequest,
                "the tensor 'request' is sent as bytes behind the JSON, whose length Inference-Header-Content-Length says"
            )
        }
        let message: Request
        do { message = try JSONDecoder().decode(Request.self, from: Data(body[..<length])) } catch {
            throw ServiceError(
                .badRequest, "no request of the Open Inference Protocol: \(describe(error))")
        }
        guard message.inputs.count == 1, let input = message.inputs.first, input.name == "request"
        else {
            throw ServiceError(.badRequest, "one input is needed, 'request'")
        }
        guard input.datatype == "BYTES", input.shape == [1] || input.shape == [1, 1] else {
            throw ServiceError(.badRequest, "'request' has the type BYTES and the shape [1]")
        }
        let data = body[length...]
        guard let size = input.parameters?.binaryDataSize, size == data.count else {
            throw ServiceError(
                .badRequest,
                "'request' has a binary_data_size of the \(data.count) bytes that follow the JSON")
        }
        let outputs = message.outputs ?? []
        guard outputs.count <= 1, outputs.allSatisfy({ $0.name == "reply" }) else {
            throw ServiceError(.badRequest, "there is one output, 'reply'")
        }
        guard outputs.first?.parameters?.binaryData ?? message.parameters?.binaryDataOutput ?? false
        else {
            throw ServiceError(
                .badRequest,
                "'reply' comes as bytes alone: ask with binary_data or binary_data_output")
        }
        guard let keyID = message.parameters?.keyID else {
            throw ServiceError(
                .badRequest,
                "the parameter key_id is missing: the SHA-256 of the evaluation keys' bytes")
        }
        return Call(id: message.id.map(\.printable), keyID: keyID, request: try element(data))
    }

    private static func describe(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
        case DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context):
            "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' has another type"
        default: "its JSON can't be read"
        }
    }

    /// The only element of a tensor of bytes: its length in four bytes, then it.
    static func element(_ data: ArraySlice<UInt8>) throws(ServiceError) -> [UInt8] {
        let head = data.prefix(4)
        let length = head.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard head.count == 4, data.count - 4 == length else {
            throw ServiceError(
                .badRequest, "'request' is one element: its length in four bytes, then the bytes")
        }
        return Array(data.dropFirst(4))
    }

    /// What stands before the only element of a tensor of bytes.
    static func prefix(_ count: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    }

    /// JSON and what follows it, before the reply of so many bytes.
    /// - Throws: `ServiceError` for a reply that is longer than a tensor's element can say.
    static func responseHead(
        replyBytes: Int, of model: ServedModel, id: String?
    ) throws -> (json: Data, prefix: [UInt8]) {
        guard replyBytes <= UInt32.max else {
            throw ServiceError(.tooLarge, "the reply has 4 GiB or more: send fewer groups at once")
        }
        let response = Response(
            modelName: model.name, modelVersion: model.version, id: id,
            outputs: [
                Tensor(
                    name: "reply", shape: [1], datatype: "BYTES",
                    parameters: Parameters(binaryDataSize: 4 + replyBytes))
            ])
        return (try JSONEncoder().encode(response), prefix(replyBytes))
    }

    /// Of `GET /v2/models/NAME`.
    static func metadata(_ model: ServedModel, versions: [String], groups: Int) -> [String: Any] {
        let cost = model.plan.cost
        func tensor(_ name: String) -> [String: Any] {
            ["name": name, "datatype": "BYTES", "shape": [1]]
        }
        return [
            "name": model.name, "versions": versions, "platform": "blindsight",
            "inputs": [tensor("request")], "outputs": [tensor("reply")],
            "parameters": [
                "method": "\(model.plan.methodName)",
                "security_bits": model.plan.certificate.securityBits,
                "samples_per_group": model.plan.samplesPerGroup, "most_groups": groups,
                "request_bytes": cost.requestBytes, "reply_bytes": cost.replyBytes,
                "evaluation_key_bytes": cost.evaluationKeyBytes,
                "client_plan_sha256": model.clientDigest,
                "client_plan": "/v1/models/\(model.name)/versions/\(model.version)/client.plan",
            ] as [String: Any],
        ]
    }
}
