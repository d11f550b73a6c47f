// SPDX-License-Identifier: Apache-2.0

import BlindsightCommands
import Files
import Foundation
import Testing

/// Names of a model are shown as they are and never obeyed: by a terminal, a Markdown viewer or a spreadsheet.
@Suite struct HostileNameTests {
    private static let model = CommandTests.root + "/Models/relu-mlp.onnx"

    /// A copy of a model in which a name is another one of the same length.
    private func copy(_ name: String, as hostile: String, to path: String) throws {
        precondition(name.utf8.count == hostile.utf8.count)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: Self.model))
        var found = 0
        while let range = bytes.range(of: Data(name.utf8)) {
            bytes.replaceSubrange(range, with: Data(hostile.utf8))
            found += 1
        }
        try #require(found > 0)
        try StagedFile.write(Array(bytes), to: path)
    }

    private func plan(_ folder: CommandTests.Folder) throws -> CommandReport {
        var generator = SystemRandomNumberGenerator()
        let lines = (0..<40).map { _ in
            (0..<64).map { _ in "\(Int.random(in: 0...16, using: &generator))" }
                .joined(separator: ",") + "\n"
        }
        try StagedFile.write(Array(lines.joined().utf8), to: folder("samples.csv"))
        return try PlanCommand.parse([
            folder("model.onnx"), "-o", folder("plan"), "--calibration", folder("samples.csv"),
            "--degrees", "2", "--bits", "6..6",
        ]).report()
    }

    private func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0 == "\n" || $0.isPrintable }
    }

    /// A name that clears the screen, and begins a line of its own.
    @Test func namesInReports() throws {
        let folder = try CommandTests.Folder()
        try copy("node_linear", as: "\u{1B}[2J\n\u{202E}|ab", to: folder("model.onnx"))
        let report = try plan(folder)
        let shown = report.shown(asJSON: false)
        #expect(shown.contains(#"\u{1B}[2J\u{A}\u{202E}|ab"#))
        #expect(isHarmless(shown))
        #expect(isHarmless(report.shown(asJSON: true)))
        #expect(report.shown(asJSON: true).contains(#"\u001b[2J\n\u202e|ab"#))
        let markdown = try String(contentsOfFile: folder("plan/report.md"), encoding: .utf8)
        #expect(markdown.contains(#"\\u{1B}\[2J\\u{A}\\u{202E}\|ab"#))
        #expect(isHarmless(markdown))
        for path in try FileSystem.names(in: folder("plan")) where path.hasSuffix(".svg") {
            #expect(isHarmless(try String(contentsOfFile: folder("plan/\(path)"), encoding: .utf8)))
        }
    }

    /// Outputs' names are cells of a table's head.
    @Test func namesAtTheHeadOfATable() {
        let columns = NamedOutputs.columns([
            ("=cmd|' /C calc'!A0", 1), ("@SUM", 2), ("p\u{1B}[2J", 1),
        ])
        #expect(columns.prefix(3) == ["'=cmd|' /C calc'!A0", "'@SUM_0", "'@SUM_1"])
        #expect(columns.allSatisfy(isHarmless))
    }

    @Test func namesInErrors() throws {
        let folder = try CommandTests.Folder()
        try copy("Relu", as: "\u{1B}[H\n", to: folder("model.onnx"))
        do {
            _ = try plan(folder)
            Issue.record("an unknown operator was taken")
        } catch {
            let text = BlindsightCommand.told(error)
            #expect(text.contains(#"\u{1B}[H\u{A}"#))
            #expect(text.unicodeScalars.allSatisfy { $0.isPrintable })
        }
        let other = FileError(path: "a\nError: b", reason: "\u{9B}2Jc")
        #expect(BlindsightCommand.told(other) == #"Error: a\u{A}Error: b: \u{9B}2Jc"#)
    }

    /// Whoever puts a name into a report's text unescaped.
    @Test func nothingSteersATerminal() {
        let report = CommandReport(members: [], text: "a\u{1B}[31mb\u{1B}[0m\n\u{1B}[8m\u{9B}c")
        #expect(
            report.shown(asJSON: false) == "a\\u{1B}[31mb\\u{1B}[0m\n\\u{1B}[8m\\u{9B}c")
        // Colours only, where there are any.
        #expect(
            report.shown(asJSON: false, hasColour: true)
                == "a\u{1B}[31mb\u{1B}[0m\n\\u{1B}[8m\\u{9B}c")
    }

    @Test func jsonKeepsNames() throws {
        let name = "\u{1B}\u{7F}\u{9B}\u{202E}\u{2028}\u{E0041}\"\\\n😀"
        let text = JSON.string(name).text
        #expect(text.unicodeScalars.allSatisfy { $0.isPrintable })
        #expect(try JSONDecoder().decode(String.self, from: Data(text.utf8)) == name)
    }

    @Test func markdownIsText() {
        #expect(
            ModelReport.escaped("a|`b`<i>[x](y)&#27;\n") == #"a\|\`b\`\<i>\[x\](y)\&#27;\\u{A}"#)
        #expect(ModelReport.item("# a") == ##"- \# a"##)
        #expect(ModelReport.item("a-1") == "- a-1")
    }

    @Test func labelsAreNoFormulas() {
        for label in ["=cmd|' /C calc'!A0", "+1+1", "-1-1", "@SUM(1)", "＝1", "-", "+1.", "-٣"] {
            #expect(PredictionFile.printed(label) == "'" + label)
        }
        for label in ["-1", "+1", "1", "-0.5", "a=b", "", "7"] {
            #expect(PredictionFile.printed(label) == label)
        }
        #expect(PredictionFile.printed("\t=1") == #"\u{9}=1"#)
        #expect(PredictionFile.printed("\r=1") == #"\u{D}=1"#)
    }
}
