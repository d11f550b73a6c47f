// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What a command found: one value that is printed as text or as one JSON object.
package struct CommandReport {
    /// Members of the JSON object, in their order.
    package var members: [(String, JSON)]
    /// For people.
    package var text: String
    /// Whether the command's finding is a failure, which its exit status tells.
    package var fails = false

    package var json: JSON { .object(members) }

    package subscript(key: String) -> JSON? { members.first { $0.0 == key }?.1 }
}

/// A command that reports. Printing is done in one place.
package protocol ReportingCommand: ParsableCommand {
    var options: OutputOptions { get }

    func report() throws -> CommandReport
}

extension ReportingCommand {
    package func run() throws {
        let report = try report()
        print(options.json ? report.json.text : report.text)
        if report.fails { throw ExitCode.failure }
    }
}
