// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import GRPCNIOTransportHTTP2
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The gRPC server beside the HTTP one.
///
/// A server takes messages of the size that its models need, no larger ones. Where models that are read anew need more,
/// another server takes its place: clients' libraries connect again of themselves, and what came in before is answered.
struct GRPCProcess: Service {
    let service: InferenceService

    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            var instance = GRPCInstance(service)
            group.addTask { [instance] in try await instance.run(attempts: 1) }
            for await _ in service.reloads.cancelOnGracefulShutdown()
            where GRPCInstance.limit(service) > instance.limit {
                instance.end()
                instance = GRPCInstance(service)
                service.logger.info(
                    "gRPC takes larger messages", metadata: ["bytes": "\(instance.limit)"])
                // The one before may have its port for a moment.
                group.addTask { [instance] in try await instance.run(attempts: 50) }
            }
            instance.end()
        }
    }
}

/// A server for messages up to a size.
final class GRPCInstance: Sendable {
    private typealias Transport = HTTP2ServerTransport.Posix

    private let service: InferenceService
    /// Bytes of a message.
    let limit: Int
    private let server = Mutex<GRPCServer<Transport>?>(nil)
    private let isEnding = Atomic(false)

    init(_ service: InferenceService) {
        self.service = service
        limit = Self.limit(service)
    }

    /// What the models of now need.
    static func limit(_ service: InferenceService) -> Int {
        let groups = service.configuration.groups
        return (service.models.list.map { $0.requestBytes(groups: groups) }.max() ?? 0) + 65_536
    }

    /// - Parameter attempts: to listen, a tenth of a second apart.
    func run(attempts: Int) async throws {
        for attempt in 1...attempts {
            let made = GRPCServer(
                transport: try transport(),
                services: [GRPCService(service: service, instance: self)],
                interceptors: [GRPCGate(service: service, limit: limit)])
            server.withLock { $0 = made }
            if isEnding.load(ordering: .sequentiallyConsistent) { return }
            do { return try await made.serve() } catch {
                guard attempt < attempts, !isEnding.load(ordering: .sequentiallyConsistent) else {
                    throw error
                }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Answers what came in before.
    func end() {
        isEnding.store(true, ordering: .sequentiallyConsistent)
        server.withLock { $0 }?.beginGracefulShutdown()
    }

    /// Runs a call's work, and cancels it when its client leaves; not when the server ends, which tells calls alike.
    func whileHere<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task(operation: body)
        return try await withRPCCancellationHandler {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } onCancelRPC: { [self] in
            if !isEnding.load(ordering: .sequentiallyConsistent) { task.cancel() }
        }
    }

    private func transport() throws -> Transport {
        let configuration = service.configuration
        return .http2NIOPosix(
            address: .ipv4(host: configuration.host, port: configuration.grpcPort),
            transportSecurity: security(),
            config: .defaults {
                $0.rpc.maxRequestPayloadSize = limit
                // As many as may wait or be answered.
                $0.http2.maxConcurrentStreams = 100
                // A request of some megabytes in few round trips.
                $0.http2.targetWindowSize = 1 << 20
                $0.connection.maxIdleTime = .seconds(configuration.idleSeconds)
            })
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
