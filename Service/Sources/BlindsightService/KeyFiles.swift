// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Crypto
import Foundation
import NIOCore

/// Evaluation keys on disk, a folder a tenant. A file appears whole under the digest of its bytes, or not at all; a part of
/// one waits under another name until its client goes on.
struct KeyFiles: Sendable {
    private let folder: String

    init(folder: String) throws {
        self.folder = folder
        try Self.make(folder)
    }

    private static func make(_ folder: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw Configuration.Invalid(
                description: "\(folder): can't be made: \(error.localizedDescription)")
        }
    }

    private func home(_ tenant: Tenant) -> String { folder + "/" + tenant.name }
    func path(_ digest: String, _ tenant: Tenant) -> String { home(tenant) + "/" + digest + ".key" }
    private func partialPath(_ digest: String, _ tenant: Tenant) -> String {
        home(tenant) + "/" + digest + ".partial"
    }

    func has(_ digest: String, _ tenant: Tenant) -> Bool {
        FileManager.default.fileExists(atPath: path(digest, tenant))
    }

    /// Bytes of an upload that broke off.
    func partialCount(_ digest: String, _ tenant: Tenant) -> Int {
        Self.count(partialPath(digest, tenant))
    }

    private static func count(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }

    /// Bytes of all files of a tenant.
    private func used(_ tenant: Tenant) -> Int {
        let home = home(tenant)
        return ((try? FileManager.default.contentsOfDirectory(atPath: home)) ?? []).reduce(0) {
            $0 + Self.count(home + "/" + $1)
        }
    }

    /// The next bytes of an upload, from `offset` on.
    /// - Throws: `ServiceError` where they don't follow what is there, or the quota is full.
    func append(_ bytes: [UInt8], at offset: Int, _ digest: String, _ tenant: Tenant) throws {
        try Self.make(home(tenant))
        let path = partialPath(digest, tenant)
        if !FileManager.default.fileExists(atPath: path) {
            guard
                FileManager.default.createFile(
                    atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            else { throw ServiceError(.overloaded, "keys can't be kept now") }
        }
        guard let file = FileHandle(forWritingAtPath: path) else {
            throw ServiceError(.overloaded, "keys can't be kept now")
        }
        defer { try? file.close() }
        guard try file.seekToEnd() >= UInt64(offset) else {
            throw ServiceError(
                .conflict, "the upload begins behind what is here: ask for its offset by HEAD")
        }
        guard used(tenant) + bytes.count <= tenant.keyBytes else {
            throw ServiceError(
                .budget,
                "keys of this tenant take more than \(tenant.keyBytes) bytes: delete some that aren't used"
            )
        }
        try file.truncate(atOffset: UInt64(offset))
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: bytes)
    }

    /// Whole, checked and synced, then named by its digest.
    /// - Parameter check: throws where the bytes are no keys of their model.
    func finish(_ digest: String, _ tenant: Tenant, check: ([UInt8]) throws -> Void) throws {
        let path = partialPath(digest, tenant)
        // Another upload of the same keys may have been faster.
        if has(digest, tenant) { return }
        let bytes = try Self.bytes(of: path, digest)
        let found = hexadecimal(SHA256.hash(data: bytes))
        guard found == digest else {
            try? FileManager.default.removeItem(atPath: path)
            throw ServiceError(
                .badRequest, "the bytes' SHA-256 is \(found), not the one in the address")
        }
        do { try check(bytes) } catch {
            try? FileManager.default.removeItem(atPath: path)
            throw ServiceError.of(client: error)
        }
        // What was checked, and not what another upload of the same keys may do to the part meanwhile.
        try StagedFile.write(bytes, to: self.path(digest, tenant))
        try? FileManager.default.removeItem(atPath: path)
    }

    /// A whole file, in memory once.
    private static func bytes(of path: String, _ digest: String) throws -> [UInt8] {
        guard FileManager.default.fileExists(atPath: path) else { throw ServiceError.noKey(digest) }
        let file = try RegularFile(path)
        var bytes = [UInt8](repeating: 0, count: file.count)
        try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return bytes
    }

    func read(_ digest: String, _ tenant: Tenant) throws -> [UInt8] {
        let path = path(digest, tenant)
        let bytes = try Self.bytes(of: path, digest)
        // When it was used last.
        try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
        return bytes
    }

    /// - Returns: whether there was anything.
    func delete(_ digest: String, _ tenant: Tenant) throws -> Bool {
        let paths = [path(digest, tenant), partialPath(digest, tenant)].filter {
            FileManager.default.fileExists(atPath: $0)
        }
        for path in paths { try FileManager.default.removeItem(atPath: path) }
        return !paths.isEmpty
    }

    /// Deletes what nobody used for so long.
    /// - Returns: how many files.
    func deleteUnused(days: Double) -> Int {
        let files = FileManager.default
        let limit = Date().addingTimeInterval(-86_400 * days)
        var count = 0
        for tenant in (try? files.contentsOfDirectory(atPath: folder)) ?? [] {
            let home = folder + "/" + tenant
            for name in (try? files.contentsOfDirectory(atPath: home)) ?? []
            where name.hasSuffix(".key") || name.hasSuffix(".partial") {
                let path = home + "/" + name
                let date = try? files.attributesOfItem(atPath: path)[.modificationDate] as? Date
                if let date, date < limit, (try? files.removeItem(atPath: path)) != nil {
                    count += 1
                }
            }
        }
        return count
    }
}

extension StagedFile {
    /// A file of whoever runs the service alone: whole and synced, or not there.
    static func write(_ bytes: some ContiguousBytes, to path: String) throws {
        let file = try StagedFile(path, isPrivate: true)
        try bytes.withUnsafeBytes { try file.write($0) }
        try file.finish()
    }
}
