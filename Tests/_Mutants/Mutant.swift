// SPDX-License-Identifier: Apache-2.0

/// One way to break the code: an expression, what stands in its place, and the tests that must notice.
struct Mutant {
    let name: String
    /// Below Sources.
    let file: String
    /// An expression, or a statement where nothing stands in its place. Stands once in the file.
    let original: String
    let broken: String
    /// Of `swift test --filter`.
    let tests: String

    /// The file with both expressions in it; which one is taken is decided at run time.
    func patched(_ source: String, number: Int) throws -> String {
        let parts = source.split(separator: original, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw MutantError.found(name, times: parts.count - 1) }
        let choice =
            broken.isEmpty
            ? "if !isMutant(\(number)) { \(Self.statement(original)) }"
            : "(isMutant(\(number)) ? (\(broken)) : (\(original)))"
        return parts[0] + choice + parts[1]
    }

    /// A guard that throws, as an if.
    private static func statement(_ text: String) -> String {
        guard text.hasPrefix("guard "), let end = text.range(of: " else ") else { return text }
        return
            "if !(\(text[text.index(text.startIndex, offsetBy: 6)..<end.lowerBound])) \(text[end.upperBound...])"
    }

    /// What each broken file gets at its end, once.
    static let choice = """


        #if canImport(Glibc)
            import Glibc
        #else
            import Darwin
        #endif

        private let activeMutant = getenv("BLINDSIGHT_MUTANT").flatMap { Int(String(cString: $0)) }

        private func isMutant(_ number: Int) -> Bool { activeMutant == number }

        """
}

enum MutantError: Error, CustomStringConvertible {
    case found(String, times: Int)
    case failed(String)

    var description: String {
        switch self {
        case .found(let name, let times):
            "the mutant '\(name)' is to stand in one place; its text was found \(times) times"
        case .failed(let what): "\(what) failed"
        }
    }
}
