// SPDX-License-Identifier: Apache-2.0

import Foundation

// Breaks a copy of the sources in many places, builds it once, and runs for each break the tests that must notice. A
// break that none notices has survived. The sources themselves know nothing of it, and so the products hold none.
//
// Usage: MutantRunner [folder of the package] [number of one mutant]

let files = FileManager.default
let package = URL(
    fileURLWithPath: CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : ".")
let only = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) : nil
let copy = package.appendingPathComponent(".build-mutants/package")

/// At once, also into a pipe: a run takes minutes.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

func run(_ arguments: [String], mutant: Int?, log: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = copy
    var environment = ProcessInfo.processInfo.environment
    environment["BLINDSIGHT_MUTANT"] = mutant.map(String.init)
    // Of a break that ends the process; it would take ten seconds.
    environment["SWIFT_BACKTRACE"] = "enable=no"
    process.environment = environment
    let path = copy.deletingLastPathComponent().appendingPathComponent(log).path
    _ = files.createFile(atPath: path, contents: nil)
    let output = FileHandle(forWritingAtPath: path)
    process.standardOutput = output
    process.standardError = output
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
}

#if os(Linux)
    // Without the seconds that planning the package takes, once for each mutant.
    let testCommand = [
        ".build/release/blindsightPackageTests.xctest", "--testing-library", "swift-testing",
    ]
#else
    let testCommand = ["swift", "test", "-c", "release", "--skip-build"]
#endif

/// Whether the tests of a filter passed, and at least one was run.
func passes(_ tests: String, mutant: Int?) throws -> Bool {
    let log = "mutant-\(mutant ?? 0).log"
    let status = try run(testCommand + ["--filter", tests], mutant: mutant, log: log)
    let text = try String(
        contentsOf: copy.deletingLastPathComponent().appendingPathComponent(log), encoding: .utf8)
    let ended = text.contains("Test run with")
    // A break that ends the process is noticed as well; without any break it must not be. A filter that names no test
    // notices nothing, whatever its status.
    guard ended || (mutant != nil && status != 0), !text.contains("Test run with 0 tests") else {
        throw MutantError.failed("running the tests '\(tests)'")
    }
    return status == 0
}

/// Whether all were noticed.
func breakAll() throws -> Bool {
    let start = Date()
    try PatchedCopy(package: package, copy: copy).refresh(with: mutants)
    say("\(mutants.count) mutants; building")
    guard
        try run(
            ["swift", "build", "-c", "release", "--product", "blindsightPackageTests"], mutant: nil,
            log: "build.log") == 0
    else { throw MutantError.failed("the build (see .build-mutants/build.log)") }

    let chosen = mutants.enumerated().filter { only == nil || $0.offset + 1 == only }
    let unbroken = Set(chosen.map(\.element.tests)).sorted().joined(separator: "|")
    guard try passes(unbroken, mutant: nil) else {
        throw MutantError.failed("'\(unbroken)' without any mutant")
    }
    var survivors: [String] = []
    for (index, mutant) in chosen {
        let survives = try passes(mutant.tests, mutant: index + 1)
        say("\(index + 1)  \(survives ? "SURVIVED" : "killed")  \(mutant.name)")
        if survives { survivors.append(mutant.name) }
    }
    let seconds = Int(Date().timeIntervalSince(start))
    say("\(survivors.count) of \(chosen.count) mutants survived (\(seconds) s)")
    return survivors.isEmpty
}

do {
    exit(try breakAll() ? 0 : 1)
} catch {
    say("mutants: \(error)")
    exit(2)
}
