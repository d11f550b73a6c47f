// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What a command found: one value that is printed as text or as one JSON object.
package struct CommandReport {
    /// Members of the JSON object, in their order.
    package var members: [(String, JSON)]
    /// For people.
    package var text: String
    /// Whether the command's finding is a failure, which its exit status tells.
    package var fails: Bool

    package init(members: [(String, JSON)], text: String, fails: Bool = false) {
        self.members = members
        self.text = text
        self.fails = fails
    }

    package var json: JSON { .object(members) }

    /// What is printed: JSON keeps names as they are, by its own escapes.
    package func shown(asJSON: Bool, hasColour: Bool = false) -> String {
        asJSON ? json.text : Terminal.shown(text, hasColour: hasColour)
    }

    package subscript(key: String) -> JSON? { members.first { $0.0 == key }?.1 }
}

/// A command that reports. Printing is done in one place.
package protocol ReportingCommand: ParsableCommand {
    var options: OutputOptions { get }
    /// Whether it reads or makes secret keys: then it leaves no core dump. True unless a command says otherwise.
    var holdsSecrets: Bool { get }

    func report() throws -> CommandReport
}

extension ReportingCommand {
    package var holdsSecrets: Bool { true }

    package func run() throws {
        if holdsSecrets { CoreDumps.forbid() }
        let report = try report()
        print(report.shown(asJSON: options.json, hasColour: Terminal.hasColour))
        if report.fails { throw ExitCode.failure }
    }
}
