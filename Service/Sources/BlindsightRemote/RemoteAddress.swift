// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOSSL

/// Where a service is, and how the two know each other.
public struct RemoteAddress: Sendable {
    /// "https://host:port".
    public var server: String
    /// The bearer token that the service's owner gave. Sent by https, or to loopback, alone.
    public var token: String?
    /// A PEM file of whose certificates are trusted; nil: the system's.
    public var authorities: String?
    /// A PEM file of this client's certificate, and one of its key, for services that ask for them.
    public var certificate: String?
    public var privateKey: String?
    /// Seconds that a call may take, in 0.001...86400.
    public var timeout = 60.0

    /// - Parameter server: "https://host:port", without a path.
    public init(server: String, token: String? = nil) {
        self.server = server
        self.token = token
    }

    /// - Throws: `RemoteError` for what is no address, or would show the token to others.
    func check() throws -> URL {
        guard let url = URL(string: server), ["http", "https"].contains(url.scheme ?? ""),
            let host = url.host, !host.isEmpty, url.path.isEmpty || url.path == "/",
            url.query == nil, url.user == nil
        else { throw RemoteError("'\(server)' is no address of a service: https://host:port") }
        let isLoopback = ["127.0.0.1", "::1", "[::1]", "localhost"].contains(host)
        if let token {
            guard url.scheme == "https" || isLoopback else {
                throw RemoteError("a token is sent by https alone")
            }
            guard !token.isEmpty, token.utf8.allSatisfy({ (33...126).contains($0) }) else {
                throw RemoteError("the token is no word of letters and digits")
            }
        }
        guard (0.001...86_400).contains(timeout) else {
            throw RemoteError("the timeout is \(timeout) s, and must be in 0.001...86400")
        }
        guard (certificate == nil) == (privateKey == nil) else {
            throw RemoteError("certificate and privateKey belong together")
        }
        return url
    }

    /// One that follows nobody elsewhere, and repeats nothing of itself.
    func client() throws -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authorities { tls.trustRoots = .file(authorities) }
        if let certificate, let privateKey {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map {
                .certificate($0)
            }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: privateKey, format: .pem))
        }
        let time = TimeAmount.milliseconds(Int64(1000 * timeout))
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: time, read: time))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}
