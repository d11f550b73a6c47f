// SPDX-License-Identifier: Apache-2.0

import GRPCCore

/// What a call passes before any of its messages is decoded: its token, and room for the largest message that there is.
/// And what is told of errors.
struct GRPCGate: ServerInterceptor {
    /// What the call took of the memory for bodies.
    @TaskLocal static var share: MemoryBudget.Share?

    private static let open: Set<String> = ["ServerLive", "ServerReady", "ServerMetadata"]

    let service: InferenceService
    /// Bytes that a message may have.
    let limit: Int

    static func method(_ name: String) -> MethodDescriptor {
        MethodDescriptor(fullyQualifiedService: "inference.GRPCInferenceService", method: name)
    }

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next:
            @Sendable (StreamingServerRequest<Input>, ServerContext) async throws
            -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        if Self.open.contains(context.descriptor.method) { return try await next(request, context) }
        do {
            _ = try service.tenant(request.metadata)
            let share = service.memory.share()
            try share.take(limit)
            return try await Self.$share.withValue(share) { try await next(request, context) }
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

extension InferenceService {
    /// Whose token a call's metadata have.
    func tenant(_ metadata: Metadata) throws(ServiceError) -> Tenant {
        try tenants.tenant(
            authorization: metadata[stringValues: "authorization"].first { _ in true })
    }
}
