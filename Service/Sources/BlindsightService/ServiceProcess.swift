// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import UnixSignals

/// The service with its sockets: runs until a signal asks it to end, then answers what came in before.
public struct ServiceProcess: Sendable {
    private let service: InferenceService
    private var configuration: Configuration { service.configuration }

    public init(_ service: InferenceService) { self.service = service }

    /// What else could go wrong at the start: certificates.
    public func check() throws { _ = try channel() }

    public func run() async throws {
        let main = Application(
            router: HTTPRoutes(service: service).router(), server: try channel(),
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port),
                serverName: "blindsight",
                availableConnectionsDelegate: .maximum(
                    configuration.connections, logger: service.logger)),
            onServerRunning: { [service] channel in
                service.logger.info(
                    "listening",
                    metadata: ["address": "\(String(describing: channel.localAddress))"])
            }, logger: service.logger)
        var services: [any Service] = [
            main, Reload(service: service), Housekeeping(service: service),
        ]
        if configuration.grpcPort > 0 { services.append(GRPCProcess(service: service)) }
        if configuration.metricsPort > 0 { services.append(metrics()) }
        try await ServiceGroup(
            configuration: .init(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint],
                logger: service.logger)
        ).run()
        try service.close()
        service.logger.info("ended")
    }

    private func channel() throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [ClientPresence()],
                idleTimeout: .milliseconds(Int64(1000 * configuration.idleSeconds))))
        guard let certificate = configuration.certificate, let key = configuration.privateKey else {
            return plain
        }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        tls.minimumTLSVersion = .tlsv12
        if let authorities = configuration.clientAuthorities {
            tls.trustRoots = .file(authorities)
            tls.certificateVerification = .noHostnameVerification
        }
        return try .tls(plain, tlsConfiguration: tls)
    }

    private func metrics() -> some Service {
        let router = Router(context: BasicRequestContext.self)
        router.get("/metrics") { [service] _, _ in
            let text = service.metrics.text(gauges: await service.gauges())
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        return Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: configuration.metricsPort)),
            logger: service.logger)
    }
}

/// SIGHUP reads the models anew.
private struct Reload: Service {
    let service: InferenceService

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await service.reload() }
    }
}

/// Deletes keys that nobody uses.
private struct Housekeeping: Service {
    let service: InferenceService

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await service.deleteUnusedKeys()
                try await Task.sleep(for: .seconds(3600))
            }
        }
    }
}
