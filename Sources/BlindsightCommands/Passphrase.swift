// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BigIntegers
import Files
import Synchronization
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where passphrases come from: the terminal, or a file's first line. Never an argument or the environment, which other
/// processes may see and shells keep.
enum Passphrase {
    /// Most bytes.
    static let limit = 1024

    /// The first line of a file, a pipe or an open descriptor (/dev/fd/3), without its end. Wipe it after use.
    static func read(from path: String) throws -> [UInt8] {
        try line(of: DescriptorStream(opening: path))
    }

    /// Asks for the passphrase of a file that has one. Wipe it after use.
    static func ask(for path: String) throws -> [UInt8] {
        try HiddenInput.line("Passphrase of \(path.printable): ")
    }

    /// Asks for a new one, twice. Wipe it after use.
    static func askForNew(for path: String) throws -> [UInt8] {
        var first = try HiddenInput.line("New passphrase for \(path.printable): ")
        var second: [UInt8] = []
        defer { second.wipe() }
        do {
            second = try HiddenInput.line("The same again: ")
            guard first == second else { throw CommandError.passphrasesDiffer }
        } catch {
            first.wipe()
            throw error
        }
        return first
    }

    /// Byte by byte, so that what stands behind the line is left to who reads on.
    static func line(of stream: DescriptorStream) throws -> [UInt8] {
        var line: [UInt8] = []
        // Its storage is never moved: no copy is left that isn't wiped.
        line.reserveCapacity(limit + 1)
        var byte: UInt8 = 0
        while try withUnsafeMutableBytes(of: &byte, { try stream.read(into: $0) }) == 1,
            byte != UInt8(ascii: "\n")
        {
            line.append(byte)
            guard line.count <= limit else {
                line.wipe()
                throw CommandError.passphraseTooLong(stream.name)
            }
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard !line.isEmpty else { throw CommandError.noPassphrase(stream.name) }
        return line
    }
}

/// Lines that the terminal doesn't show while they are typed.
enum HiddenInput {
    private struct State: Sendable {
        let descriptor: Int32
        let settings: termios
    }

    private static let changed = Mutex<State?>(nil)

    /// - Throws: `CommandError.noTerminal` where the process has none.
    static func line(_ prompt: String) throws -> [UInt8] {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        var settings = termios()
        guard descriptor >= 0 else { throw CommandError.noTerminal }
        let stream = DescriptorStream(descriptor, name: "the terminal", closes: true)
        guard tcgetattr(descriptor, &settings) == 0 else { throw CommandError.noTerminal }
        changed.withLock { $0 = State(descriptor: descriptor, settings: settings) }
        defer { restore() }
        settings.c_lflag &= ~tcflag_t(ECHO)
        settings.c_lflag |= tcflag_t(ECHONL)
        // Who stops the process would get a terminal without echo, and come back to one with it.
        #if canImport(Darwin)
            let disabled: UInt8 = 0xFF
        #else
            let disabled: UInt8 = 0
        #endif
        withUnsafeMutableBytes(of: &settings.c_cc) { $0[Int(VSUSP)] = disabled }
        guard tcsetattr(descriptor, TCSAFLUSH, &settings) == 0 else {
            throw CommandError.noTerminal
        }
        try Array(prompt.utf8).withUnsafeBytes { bytes in
            guard write(descriptor, bytes.baseAddress, bytes.count) == bytes.count else {
                throw CommandError.noTerminal
            }
        }
        return try Passphrase.line(of: stream)
    }

    /// The terminal as it was. Also on the way out after an interrupt.
    static func restore() {
        changed.withLock { state in
            guard var settings = state?.settings, let descriptor = state?.descriptor else {
                return
            }
            tcsetattr(descriptor, TCSAFLUSH, &settings)
            state = nil
        }
    }
}

/// For commands that read a secret key.
package struct PassphraseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The file whose first line is the secret key's passphrase.",
            discussion: "By default it is asked for on the terminal, where the key has one."),
        completion: .file())
    var passphraseFile: String?

    package init() {}

    init(file: String?) { passphraseFile = file }
}
