// SPDX-License-Identifier: Apache-2.0

import Foundation
import ONNXModels

// Runs ONNX's own operator cases of the operators that are imported, in the float reference.
//
//   OperatorConformance FOLDER [--at-least N] [--folded-at-least N] [--verbose]
//
// A case passes with one of its float inputs as the model's input and the others as constants; those of integers alone
// are folded. FOLDER has one folder a case, as the onnx package writes them. Fails where a case does, or where fewer
// than N pass: a refusal can't creep in.

func fail(_ text: String) -> Never {
    FileHandle.standardError.write(Data("OperatorConformance: \(text)\n".utf8))
    exit(1)
}

var arguments = Array(CommandLine.arguments.dropFirst())

/// Takes an option and its number out of the arguments; 0 where it is absent.
func takeNumber(_ option: String, from arguments: inout [String]) -> Int {
    guard let index = arguments.firstIndex(of: option) else { return 0 }
    guard index + 1 < arguments.count, let number = Int(arguments[index + 1]) else {
        fail("\(option) takes a number")
    }
    arguments.removeSubrange(index...index + 1)
    return number
}

let least = takeNumber("--at-least", from: &arguments)
let leastFolded = takeNumber("--folded-at-least", from: &arguments)
let isVerbose = arguments.contains("--verbose")
arguments.removeAll { $0 == "--verbose" }
guard arguments.count == 1 else { fail("usage: OperatorConformance FOLDER [--at-least N]") }
let root = URL(fileURLWithPath: arguments[0])
guard let names = try? FileManager.default.contentsOfDirectory(atPath: root.path) else {
    fail("no folder '\(arguments[0])'")
}

/// Results of an operator.
struct Row: Sendable {
    var passed = 0
    var folded = 0
    var refused: [String] = []
    var failed: [String] = []
}

let accepted = Set(ONNXModel.acceptedOperators)
var rows: [String: Row] = [:]
for name in names.sorted() where name.hasPrefix("test_") {
    do {
        let found = try ConformanceCase(root.appendingPathComponent(name))
        guard found.operators.allSatisfy(accepted.contains) else { continue }
        var row = rows[found.title] ?? Row()
        switch try found.run() {
        case .passed: row.passed += 1
        case .folded: row.folded += 1
        case .refused(let reason): row.refused.append("\(name): \(reason)")
        case .failed(let reason): row.failed.append("\(name): \(reason)")
        }
        rows[found.title] = row
    } catch {
        fail("\(name): \(error)")
    }
}

for (title, row) in rows.sorted(by: { $0.key < $1.key }) {
    let name = title.padding(toLength: 34, withPad: " ", startingAt: 0)
    print(
        "\(name) \(row.passed) passed, \(row.folded) folded, \(row.refused.count) refused, \(row.failed.count) FAILED"
    )
    for text in row.failed { print("    FAILED \(text)") }
    for text in isVerbose ? row.refused : [] { print("    refused \(text)") }
}
let passed = rows.values.reduce(0) { $0 + $1.passed }
let folded = rows.values.reduce(0) { $0 + $1.folded }
let refused = rows.values.reduce(0) { $0 + $1.refused.count }
let failed = rows.values.reduce(0) { $0 + $1.failed.count }
print(
    "\(rows.count) operators: \(passed) cases passed, \(folded) more with constants alone, \(refused) refused, \(failed) FAILED"
)
guard failed == 0 else { exit(1) }
guard passed >= least, folded >= leastFolded else {
    fail("\(passed) passed and \(folded) were folded; \(least) and \(leastFolded) were before")
}
