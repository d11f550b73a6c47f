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
        ServiceProgram.allowSignals()
        var words: [UnsafeMutablePointer<CChar>?] = ([Self.program] + arguments).map { strdup($0) }
        words.append(nil)
        for path in ServiceProgram.places(of: Self.program) where access(path, X_OK) == 0 {
            execv(path, words)
        }
        execvp(Self.program, words)
        throw CommandError.noService(Self.program)
    }
}
