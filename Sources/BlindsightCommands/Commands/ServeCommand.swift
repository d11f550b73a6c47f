// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The service is a program of its own, so that who uses the engine builds none of it: this one becomes that one.
package struct ServeCommand: ParsableCommand {
    private static let program = "blindsight-serve"

    package static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer encrypted requests over HTTP and gRPC.",
        discussion: """
            Runs \(program), with the same arguments: the one beside this program, or the one that is built in \
            Service/, or one that the shell would find.

              blindsight serve --models models --keys keys
            """)

    @Argument(parsing: .captureForPassthrough, help: "Options of \(program).")
    var arguments: [String] = []

    package init() {}

    package func run() throws {
        var words: [UnsafeMutablePointer<CChar>?] = ([Self.program] + arguments).map { strdup($0) }
        words.append(nil)
        for path in Self.places where access(path, X_OK) == 0 { execv(path, words) }
        execvp(Self.program, words)
        throw CommandError.noService(Self.program)
    }

    /// Beside this program, and in the checkout that it was built in.
    private static var places: [String] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        #if os(Linux)
            let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
            guard count > 0 else { return [] }
            let own = String(
                decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #else
            guard realpath(CommandLine.arguments[0], &buffer) != nil else { return [] }
            let own = String(
                decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #endif
        let folders = own.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        var places = [(folders + [program[...]]).joined(separator: "/")]
        if let build = folders.lastIndex(of: ".build") {
            let root = folders[..<build].joined(separator: "/")
            places.append(root + "/Service/.build/release/" + program)
        }
        return places
    }
}
