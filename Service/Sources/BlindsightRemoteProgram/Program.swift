// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlindsightRemote
import Foundation

/// The half of `blindsight ask` that speaks to the service, and has no secret key. What `ask` encrypts comes by standard
/// input, what the service answers goes to standard output, each as its length in eight bytes, little endian, then the
/// bytes: out the plan and how many groups a request may have; in the evaluation keys; then a request in, its reply out,
/// until standard input ends.
@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blindsight-remote",
        abstract: "Speaks to a service for 'blindsight ask', which runs it.",
        discussion: """
            The token is the first line of --token-file, or else the environment's BLINDSIGHT_TOKEN: never an \
            argument, which others see.
            """)

    @Option(help: "The service: https://host:port.") var server: String
    @Option(help: "The model's name.") var model: String
    @Option(help: "The model's version; by default the newest.") var modelVersion: String?
    @Option(help: "SHA-256 of client.plan, as the model's owner says it.") var digest: String?
    @Option(help: "A file whose first line is the token.") var tokenFile: String?
    @Option(help: "A PEM file of trusted certificates; by default the system's.")
    var authorities: String?
    @Option(help: "A PEM file of this client's certificate.") var certificate: String?
    @Option(help: "A PEM file of that certificate's key.") var privateKey: String?
    @Option(help: "Seconds that a call may take.") var timeout: Double?

    func run() async throws {
        // Whoever reads may end first: then a write fails.
        signal(SIGPIPE, SIG_IGN)
        var address = RemoteAddress(server: server, token: try token())
        address.authorities = authorities
        address.certificate = certificate
        address.privateKey = privateKey
        if let timeout { address.timeout = timeout }
        let remote = try await RemoteServer.connect(
            to: address, model: model, version: modelVersion, planDigest: digest)
        let result = await Result { try await speak(remote) }
        try? await remote.shutdown()
        try result.get()
    }

    private func speak(_ remote: RemoteServer) async throws {
        try await Frames.write(remote.plan.serialized())
        let most = UInt64(remote.mostGroups)
        try await Frames.write((0..<8).map { UInt8(truncatingIfNeeded: most >> (8 * $0)) })
        guard let keys = try await Frames.read() else { return }
        var name = try await remote.send(keys: keys)
        let result = await Result {
            while let request = try await Frames.read() {
                let reply: [UInt8]
                do { reply = try await remote.reply(to: request, keys: name) } catch let error
                    as RemoteError where error.status == 404
                {
                    // Keys that nobody used for long are deleted.
                    name = try await remote.send(keys: keys)
                    reply = try await remote.reply(to: request, keys: name)
                }
                try await Frames.write(reply)
            }
        }
        // They were made for this one conversation.
        do { try await remote.delete(keys: name) } catch  where (try? result.get()) != nil {
            FileHandle.standardError.write(
                Data("blindsight-remote: the service may keep these keys: \(error)\n".utf8))
        }
        try result.get()
    }

    private func token() throws -> String? {
        guard let tokenFile else {
            return ProcessInfo.processInfo.environment["BLINDSIGHT_TOKEN"].flatMap {
                $0.isEmpty ? nil : $0
            }
        }
        guard let data = FileManager.default.contents(atPath: tokenFile), data.count < 1 << 16
        else {
            throw ValidationError("\(tokenFile): can't be read")
        }
        let text = String(decoding: data, as: UTF8.self)
        let line = text.prefix { !$0.isNewline }.trimmingCharacters(in: .whitespaces)
        guard !line.isEmpty else { throw ValidationError("\(tokenFile): the first line is empty") }
        return line
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
