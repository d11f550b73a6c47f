// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Crypto
import Foundation
import Synchronization

/// A version of a model, ready to serve.
public final class ServedModel: Sendable {
    public let name: String
    public let version: String
    let prepared: PreparedModel
    let plan: ClientPlan
    /// The bytes of client.plan.
    let clientPlan: [UInt8]
    /// SHA-256 of server.plan, in hexadecimal: a version whose file changed is another one.
    let digest: String
    /// SHA-256 of client.plan, in hexadecimal.
    let clientDigest: String
    /// The network in clear, where its owner publishes it: network.json beside the plan.
    let network: [UInt8]?

    init(name: String, version: String, bytes: [UInt8], network: [UInt8]?) throws {
        self.name = name
        self.network = network
        self.version = version
        let plan = try Plan(serialized: bytes)
        prepared = try PreparedModel(plan)
        self.plan = plan.client
        clientPlan = try plan.client.serialized()
        digest = hexadecimal(SHA256.hash(data: Data(bytes)))
        clientDigest = hexadecimal(SHA256.hash(data: Data(clientPlan)))
    }

    /// Of a request with so many groups, with its envelope.
    func requestBytes(groups: Int) -> Int { groups * (plan.cost.requestBytes + 1024) + 4096 }
    /// Of a file of keys.
    var keyBytes: Int { plan.cost.evaluationKeyBytes + 4096 }
}

/// The models of a folder. Read anew by `reload`; what can't be read then leaves all as it was.
public final class Models: Sendable {
    private let folder: String
    private let all: Mutex<[String: [String: ServedModel]]>

    init(folder: String) throws {
        self.folder = folder
        all = Mutex(try Self.read(folder, known: [:]))
    }

    var list: [ServedModel] {
        all.withLock { $0.values.flatMap(\.values) }.sorted {
            ($0.name, Self.number($0.version)) < ($1.name, Self.number($1.version))
        }
    }

    func versions(of name: String) -> [String] {
        all.withLock { $0[name] ?? [:] }.keys.sorted { Self.number($0) < Self.number($1) }
    }

    /// - Parameter version: nil: the newest.
    func model(_ name: String, version: String?, for tenant: Tenant) throws(ServiceError)
        -> ServedModel
    {
        guard tenant.may(use: name), let versions = all.withLock({ $0[name] }) else {
            throw .noModel(name)
        }
        guard let version else {
            return versions.values.max { Self.number($0.version) < Self.number($1.version) }!
        }
        guard let model = versions[version] else {
            throw ServiceError(
                .notFound, "the model '\(name)' has no version '\(version.printable)'")
        }
        return model
    }

    public func reload() throws {
        let known = all.withLock { $0 }
        let found = try Self.read(folder, known: known)
        all.withLock { $0 = found }
    }

    private static func number(_ version: String) -> Int { Int(version) ?? 0 }

    private static func read(
        _ folder: String, known: [String: [String: ServedModel]]
    ) throws -> [String: [String: ServedModel]] {
        let files = FileManager.default
        var out: [String: [String: ServedModel]] = [:]
        let names = try files.contentsOfDirectory(atPath: folder)
        for name in names.sorted() where !name.hasPrefix(".") {
            let home = folder + "/" + name
            var places = [("1", home + "/server.plan")]
            for version in (try? files.contentsOfDirectory(atPath: home)) ?? []
            where Int(version) != nil {
                places.append((version, home + "/" + version + "/server.plan"))
            }
            for (version, path) in places where files.fileExists(atPath: path) {
                guard Tenants.isName(name) else {
                    throw Configuration.Invalid(
                        description: "\(home): models' names have a-z, 0-9 and - alone")
                }
                guard out[name]?[version] == nil else {
                    throw Configuration.Invalid(
                        description: "\(home): version \(version) is there twice")
                }
                guard let data = files.contents(atPath: path) else {
                    throw Configuration.Invalid(description: "\(path): can't be read")
                }
                let digest = hexadecimal(SHA256.hash(data: data))
                let old = known[name]?[version]
                let folder = path.dropLast("server.plan".count)
                let network = files.contents(atPath: folder + "network.json").map(Array.init)
                do {
                    out[name, default: [:]][version] =
                        try old?.digest == digest && old?.network == network
                        ? old
                        : ServedModel(
                            name: name, version: version, bytes: Array(data), network: network)
                } catch {
                    throw Configuration.Invalid(description: "\(path): \(error)")
                }
            }
        }
        guard !out.isEmpty else {
            throw Configuration.Invalid(
                description: "\(folder): no model: NAME/server.plan is one, as 'plan' writes it")
        }
        return out
    }
}
