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

/// A program of the service's package, which who uses the engine builds none of: run beside this one, and spoken to by its
/// standard input and output. Each way, a message is its length in eight bytes, little endian, then its bytes. What it
/// has to tell people it tells itself.
final class ServiceProgram {
    private let name: String
    private let process: pid_t
    private var input: DescriptorSink?
    private var output: DescriptorStream?
    private var hasEnded = false

    /// - Throws: `CommandError` where it isn't found.
    init(_ name: String, _ arguments: [String]) throws {
        self.name = name
        let (toProgram, fromProgram) = (try Self.makePipe(), try Self.makePipe())
        defer {
            close(toProgram.read)
            close(fromProgram.write)
        }
        input = DescriptorSink(toProgram.write, name: name, closes: true)
        output = DescriptorStream(fromProgram.read, name: name, closes: true)
        let path = Self.places(of: name).first { access($0, X_OK) == 0 } ?? name
        process = try Self.spawn(path, [name] + arguments, toProgram.read, fromProgram.write)
        // Where it ends first, writing to it fails; no signal ends this one.
        signal(SIGPIPE, SIG_IGN)
    }

    deinit { if !hasEnded { _ = end() } }

    /// - Throws: `ExitCode` where the program failed, and told why; `FileError`.
    func send(_ bytes: [UInt8]) throws {
        try failing {
            let length = UInt64(bytes.count)
            try input!.write((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
            try input!.write(bytes)
        }
    }

    /// - Parameter limit: bytes that the message may have.
    func receive(limit: Int) throws -> [UInt8] {
        try failing {
            let length = try output!.bytes(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard length <= UInt64(limit) else {
                throw FileError(
                    path: name, reason: "it says \(length) bytes, at most \(limit) are taken")
            }
            return try output!.bytes(Int(length))
        }
    }

    /// Lets it end, and waits for that.
    func finish() throws {
        let status = end()
        guard status == 0 else { throw ExitCode(status) }
    }

    private func failing<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch {
            let status = end()
            guard status == 0 else { throw ExitCode(status) }
            throw error
        }
    }

    /// Its exit status; as a shell says it where a signal ended it.
    private func end() -> Int32 {
        guard !hasEnded else { return 0 }
        hasEnded = true
        // It may wait for either.
        input = nil
        output = nil
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { return 1 } }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// Those of this process that no other inherits.
    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else {
            throw FileError(path: "pipe", reason: "the system gives none")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ input: Int32, _ output: Int32
    ) throws -> pid_t {
        #if canImport(Darwin)
            var (actions, attributes): (posix_spawn_file_actions_t?, posix_spawnattr_t?) = (
                nil, nil
            )
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        // This program holds signals back for the thread that waits for them.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var process: pid_t = 0
        guard posix_spawnp(&process, path, &actions, &attributes, words, environ) == 0 else {
            throw CommandError.noService(arguments[0])
        }
        return process
    }

    /// For a program that takes the place of this one: signals that this one holds back for a thread end it again.
    static func allowSignals() {
        var signals = sigset_t()
        sigemptyset(&signals)
        pthread_sigmask(SIG_SETMASK, &signals, nil)
    }

    /// Beside this program, and in the checkout that it was built in.
    static func places(of program: String) -> [String] {
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
