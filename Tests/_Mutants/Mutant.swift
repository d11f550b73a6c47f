/// One way to break the code: an expression, what stands in its place, and the tests that must notice.
struct Mutant {
    let name: String
    /// Below Sources.
    let file: String
    /// Stands once in the file.
    let original: String
    let broken: String
    /// Of `swift test --filter`.
    let tests: String

    /// The file with both expressions in it; which one is taken is decided at run time.
    func patched(_ source: String, number: Int) throws -> String {
        let parts = source.split(separator: original, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw MutantError.found(name, times: parts.count - 1) }
        return parts[0] + "(isMutant(\(number)) ? (\(broken)) : (\(original)))" + parts[1]
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
