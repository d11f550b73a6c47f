// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// Who may ask for what, and how much of it.
public struct Tenant: Sendable, Equatable {
    public let name: String
    /// Names of models; nil: all.
    let models: Set<String>?
    /// Bytes of evaluation keys on disk.
    let keyBytes: Int
    /// Samples that it may be answered in all; many answers rebuild a model. nil: no limit.
    let samples: Int?
    let samplesPerSecond: Double?

    /// Everybody, on loopback.
    static let anyone = Tenant(
        name: "anyone", models: nil, keyBytes: .max, samples: nil, samplesPerSecond: nil)

    func may(use model: String) -> Bool { models?.contains(model) ?? true }
}

/// Tenants by the SHA-256 of their bearer tokens. Tokens have 256 random bits, so no slow hash is needed.
public struct Tenants: Sendable {
    private let entries: [(hash: [UInt8], tenant: Tenant)]
    /// Whether there are none, and everybody is one.
    let isOpen: Bool

    static let open = Tenants(entries: [], isOpen: true)

    private struct Entry: Codable {
        var name: String
        /// Of tokens, in hexadecimal: two while one is replaced.
        var tokens: [String]
        var models: [String]?
        var keyBytes: Int?
        var samples: Int?
        var samplesPerSecond: Double?
    }

    static func load(_ path: String) throws -> Tenants {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Configuration.Invalid(description: "\(path): can't be read")
        }
        let list: [Entry]
        do { list = try JSONDecoder().decode([Entry].self, from: data) } catch {
            throw Configuration.Invalid(
                description: "\(path): no list of tenants, each with name and tokens (\(error))")
        }
        var names: Set<String> = []
        let entries = try list.flatMap { entry in
            guard isName(entry.name), names.insert(entry.name).inserted else {
                throw Configuration.Invalid(
                    description:
                        "\(path): '\(entry.name)' is used twice, or more than a-z, 0-9 and -")
            }
            guard entry.samplesPerSecond ?? 1 > 0, entry.samples ?? 0 >= 0, entry.keyBytes ?? 0 >= 0
            else {
                throw Configuration.Invalid(
                    description: "\(path): '\(entry.name)' has a limit that is no positive number")
            }
            let tenant = Tenant(
                name: entry.name, models: entry.models.map(Set.init),
                keyBytes: entry.keyBytes ?? 1 << 30,
                samples: entry.samples, samplesPerSecond: entry.samplesPerSecond)
            return try entry.tokens.map { text in
                guard let hash = bytes(hexadecimal: text), hash.count == 32 else {
                    throw Configuration.Invalid(
                        description:
                            "\(path): a token of '\(entry.name)' is no SHA-256 in hexadecimal")
                }
                return (hash: hash, tenant: tenant)
            }
        }
        return Tenants(entries: entries, isOpen: false)
    }

    /// A new token, and the line for the file.
    public static func makeToken() -> (token: String, hash: String) {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let token = hexadecimal(bytes)
        return (token, hexadecimal(Array(SHA256.hash(data: Data(token.utf8)))))
    }

    /// Every hash is compared, each in constant time.
    /// - Parameter authorization: the header's value.
    func tenant(authorization: String?) throws(ServiceError) -> Tenant {
        if isOpen { return .anyone }
        let refusal = ServiceError(
            .unauthorized,
            "a token is needed: 'Authorization: Bearer TOKEN', as this server's owner gave it")
        guard let authorization, authorization.lowercased().hasPrefix("bearer ") else {
            throw refusal
        }
        let token = authorization.dropFirst(7).trimmingCharacters(in: .whitespaces)
        let hash = SHA256.hash(data: Data(token.utf8))
        var found: Tenant?
        for entry in entries where hash == Data(entry.hash) { found = entry.tenant }
        guard let found else { throw refusal }
        return found
    }

    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == 45
            }
    }
}

/// - Returns: nil for anything but pairs of digits.
func bytes(hexadecimal text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var out: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
        let pair = String(decoding: digits[place..<place + 2], as: UTF8.self)
        guard pair.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
            let byte = UInt8(pair, radix: 16)
        else { return nil }
        out.append(byte)
    }
    return out
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
}
