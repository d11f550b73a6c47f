// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How a service runs: from a JSON file, then the environment (BLINDSIGHT_ and the name in capitals), then what the
/// command line says; later ones win.
public struct Configuration: Codable, Sendable, Equatable {
    /// A folder: NAME/server.plan is version 1 of the model NAME, NAME/VERSION/server.plan another one.
    public var models = "models"
    /// A folder for clients' evaluation keys; none else should read it.
    public var keys = "keys"
    public var host = "127.0.0.1"
    public var port = 8000
    /// 0: no gRPC.
    public var grpcPort = 8001
    /// For loopback alone; 0: no metrics.
    public var metricsPort = 8002
    /// A PEM file of the certificate and what signed it.
    public var certificate: String?
    /// A PEM file of the certificate's key.
    public var privateKey: String?
    /// A PEM file of who may sign clients' certificates; then every client must have one.
    public var clientAuthorities: String?
    /// A JSON file of tenants; without one everybody is one tenant, on loopback only.
    public var tenants: String?
    /// Predictions at once, each on one thread; 0: as many as there are cores.
    public var workers = 0
    /// Requests that may wait for a worker.
    public var queue = 64
    /// From the request's last byte to its reply.
    public var deadlineSeconds = 30.0
    /// For a request's body to come in.
    public var bodySeconds = 60.0
    public var idleSeconds = 60.0
    public var connections = 2048
    /// Groups of ciphertexts that one request may have.
    public var groups = 4
    /// Bytes of all bodies that are in memory at once.
    public var bodyMemory = 1 << 30
    /// Bytes of all decoded keys that are kept.
    public var keyMemory = 1 << 30
    /// Keys that nobody used for so long are deleted.
    public var keyDays = 30.0
    /// A folder of static files, shown under /demo/.
    public var demo: String?

    public init() {}

    public struct Invalid: Error, CustomStringConvertible {
        public let description: String
    }

    /// - Parameters:
    ///   - overrides: of the command line, by the names of the file.
    public static func load(
        file: String?, environment: [String: String], overrides: [String: String]
    ) throws -> Configuration {
        let names = try object(JSONEncoder().encode(Configuration.filled)).keys
        var values: [String: Any] = try object(JSONEncoder().encode(Configuration()))
        if let file {
            guard let data = FileManager.default.contents(atPath: file) else {
                throw Invalid(description: "\(file): can't be read")
            }
            guard let found = try? object(data) else {
                throw Invalid(description: "\(file): no JSON object")
            }
            for (name, value) in found {
                guard names.contains(name) else {
                    throw Invalid(
                        description:
                            "\(file): '\(name)' is no setting; these are: \(names.sorted().joined(separator: ", "))"
                    )
                }
                values[name] = value
            }
        }
        for name in names {
            if let text = overrides[name] ?? environment["BLINDSIGHT_" + constant(name)] {
                values[name] = Int(text) ?? Double(text) ?? text as Any
            }
        }
        do {
            return try JSONDecoder().decode(
                Configuration.self, from: JSONSerialization.data(withJSONObject: values))
        } catch let DecodingError.typeMismatch(type, context) {
            let name = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw Invalid(description: "the setting '\(name)' is no \(type)")
        }
    }

    /// With a value for every name.
    private static var filled: Configuration {
        var all = Configuration()
        all.certificate = ""
        all.privateKey = ""
        all.clientAuthorities = ""
        all.tenants = ""
        all.demo = ""
        return all
    }

    private static func object(_ data: Data) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw Invalid(description: "no JSON object")
        }
        return object
    }

    /// keyDays as KEY_DAYS.
    private static func constant(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1)" : $1.uppercased() }
    }

    public var isLoopback: Bool { ["127.0.0.1", "::1", "localhost"].contains(host) }

    /// - Throws: for what can't run, or shouldn't.
    public func check() throws {
        if !isLoopback {
            guard certificate != nil, privateKey != nil else {
                throw Invalid(
                    description:
                        "'\(host)' is not loopback: give certificate and privateKey, so that tokens stay secret"
                )
            }
            guard tenants != nil else {
                throw Invalid(
                    description:
                        "'\(host)' is not loopback: give tenants, or everybody who can connect may ask"
                )
            }
        }
        guard (certificate == nil) == (privateKey == nil) else {
            throw Invalid(description: "certificate and privateKey belong together")
        }
        guard clientAuthorities == nil || certificate != nil else {
            throw Invalid(description: "clientAuthorities needs certificate and privateKey")
        }
        let positive: [(String, Double)] = [
            ("queue", Double(queue)), ("groups", Double(groups)),
            ("connections", Double(connections)),
            ("deadlineSeconds", deadlineSeconds), ("bodySeconds", bodySeconds),
            ("idleSeconds", idleSeconds),
            ("bodyMemory", Double(bodyMemory)), ("keyMemory", Double(keyMemory)),
            ("keyDays", keyDays),
        ]
        if let (name, value) = positive.first(where: { !($0.1 > 0) }) {
            throw Invalid(description: "the setting '\(name)' is \(value), and must be above 0")
        }
        guard workers >= 0 else { throw Invalid(description: "workers is \(workers)") }
        for (name, port) in [("port", port), ("grpcPort", grpcPort), ("metricsPort", metricsPort)] {
            guard (0...65535).contains(port) else {
                throw Invalid(description: "the setting '\(name)' is \(port), and no port")
            }
        }
    }
}
