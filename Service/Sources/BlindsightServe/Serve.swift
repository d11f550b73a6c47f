// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlindsightService
import Foundation
import Logging

@main
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blindsight-serve",
        abstract: "Serves encrypted predictions over HTTP.",
        discussion: """
            Settings come from a JSON file, the environment (BLINDSIGHT_PORT and so on), then the options here. Beyond
            loopback it listens with TLS and tokens only.
            """, subcommands: [MakeToken.self])

    @Option(help: "A JSON file of settings.") var config: String?
    @Option(help: "A folder of models: NAME/server.plan, or NAME/VERSION/server.plan.") var models:
        String?
    @Option(help: "A folder for clients' evaluation keys.") var keys: String?
    @Option(help: "The address to listen at.") var host: String?
    @Option(help: "The port to listen at.") var port: Int?
    @Option(help: "A JSON file of tenants.") var tenants: String?
    @Option(help: "A PEM file: the certificate and what signed it.") var certificate: String?
    @Option(help: "A PEM file: the certificate's key.") var privateKey: String?
    @Option(help: "A folder of static files, shown under /demo/.") var demo: String?
    @Flag(help: "Check everything, print what would be served, and end.") var dryRun = false

    func run() async throws {
        HeapLimits.set()
        let options = [
            ("models", models), ("keys", keys), ("host", host), ("port", port.map(String.init)),
            ("tenants", tenants),
            ("certificate", certificate), ("privateKey", privateKey), ("demo", demo),
        ]
        let overrides = options.reduce(into: [String: String]()) { $0[$1.0] = $1.1 }
        let settings = try Configuration.load(
            file: config, environment: ProcessInfo.processInfo.environment, overrides: overrides)
        LoggingSystem.bootstrap { JSONLogHandler(label: $0) }
        let service = try InferenceService(settings, logger: Logger(label: "blindsight"))
        let process = ServiceProcess(service)
        try process.check()
        for line in service.summary { print(line) }
        if dryRun { return }
        try await process.run()
    }
}

struct MakeToken: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Makes a token: the tenant gets the first line, the tenants' file the second.")

    func run() {
        let (token, hash) = Tenants.makeToken()
        print(token)
        print(hash)
    }
}
