// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// Requests by a Poisson process, whether answers came or not: an open loop. For a service on loopback.
@main
struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blindsight-load",
        abstract:
            "Sends one request again and again to a service on this machine, and prints how long answers took.",
        discussion: """
            Latency counts from when a request should have gone. Late are those that went more than two milliseconds \
            after that, for want of a free connection or of a core; lost are those that no whole answer came to. The \
            token is in the environment's BLINDSIGHT_TOKEN.
            """)

    @Option(help: "The service's port on 127.0.0.1.") var port: Int
    @Option(help: "The path to post to.") var path: String
    @Option(help: "A file: the request's body.") var body: String
    @Option(help: "Bytes of JSON at the body's start.") var headerLength: Int
    @Option(help: "Requests a second.") var rate: Double
    @Option(help: "Seconds for which requests begin.") var seconds: Double
    @Option(help: "Connections.") var connections = 64
    @Option(help: "Of the moments' generator.") var seed: UInt64 = 1
    @Option(help: "A file for all replies, each with its length in eight bytes before it.")
    var replies: String?

    func validate() throws {
        guard (1...65535).contains(port), rate > 0, rate < 1e6, seconds > 0, seconds <= 3600,
            rate * seconds < 1e7, (1...1024).contains(connections)
        else { throw ValidationError("a port, a rate and seconds above 0, 1 to 1024 connections") }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        guard let data = FileManager.default.contents(atPath: body) else {
            throw ValidationError("\(body): can't be read")
        }
        let token = ProcessInfo.processInfo.environment["BLINDSIGHT_TOKEN"]
        let head =
            "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: \(data.count)\r\n"
            + "Inference-Header-Content-Length: \(headerLength)\r\n"
            + (token.map { "Authorization: Bearer \($0)\r\n" } ?? "") + "\r\n"
        let schedule = Schedule(rate: rate, seconds: seconds, seed: seed)
        let run = Run(
            message: Array(head.utf8) + Array(data), port: port, schedule: schedule,
            keepsReplies: replies != nil)
        let threads = (0..<connections).map { _ in
            let thread = Thread { run.work() }
            thread.stackSize = 1 << 19
            thread.start()
            return thread
        }
        while !threads.allSatisfy(\.isFinished) { usleep(10_000) }
        if let replies { try run.writeReplies(to: replies) }
        print(run.summary)
    }
}
