// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import Testing

@Suite struct RegularFileTests {
    @Test(arguments: [0, 1, 100_003]) func readsWhatWasWritten(count: Int) throws {
        let folder = try Folder()
        try StagedFile.write(pattern(count), to: folder("a"))
        let file = try RegularFile(folder("a"))
        #expect(file.count == count)
        #expect(try file.bytes(limit: count) == pattern(count))
        #expect(
            try file.bytes(count / 2, at: count / 3)
                == Array(pattern(count)[(count / 3)...].prefix(count / 2)))
    }

    /// A reader of a named pipe waits for a writer: here there is none, so only a refusal without waiting comes back.
    @Test(.timeLimit(.minutes(1))) func refusesWhatIsNoRegularFile() throws {
        let folder = try Folder()
        folder.makePipe("pipe")
        symlink(folder("pipe"), folder("link"))
        #expect(mkdir(folder("folder"), 0o700) == 0)
        for path in [folder("pipe"), folder("link"), folder("folder"), "/dev/null", "/dev/zero"] {
            #expect(throws: FileError(path: path, reason: "not a regular file")) {
                try RegularFile(path)
            }
        }
        #expect(throws: FileError(path: folder("no"), reason: "No such file or directory")) {
            try RegularFile(folder("no"))
        }
    }

    @Test func refusesASocket() throws {
        let folder = try Folder()
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: Array(folder("socket").utf8))
        }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
        #expect(throws: FileError(path: folder("socket"), reason: "not a regular file")) {
            try RegularFile(folder("socket"))
        }
    }

    @Test func limitIsCheckedBeforeReading() throws {
        let folder = try Folder()
        try StagedFile.write([1, 2, 3], to: folder("a"))
        #expect(throws: FileError(path: folder("a"), reason: "3 bytes; at most 2 are read")) {
            try RegularFile.bytes(of: folder("a"), limit: 2)
        }
        #expect(try RegularFile.bytes(of: folder("a"), limit: 3) == [1, 2, 3])
        // A file of many bytes that takes no room: neither memory nor time is taken for it.
        #expect(truncate(folder("a"), 1 << 40) == 0)
        #expect(throws: FileError.self) {
            try RegularFile.bytes(of: folder("a"), limit: 1 << 31)
        }
    }

    @Test func refusesToReadBeyondTheEnd() throws {
        let folder = try Folder()
        try StagedFile.write([1, 2, 3], to: folder("a"))
        let sources: [any ByteSource] = [
            try RegularFile(folder("a")), MemorySource([1, 2, 3]),
        ]
        for source in sources {
            #expect(try source.bytes(3, at: 0) == [1, 2, 3])
            #expect(try source.bytes(2, at: 1) == [2, 3])
            #expect(try source.bytes(0, at: 3) == [])
            for (length, offset) in [(4, 0), (1, 3), (0, 4), (1, -1), (-1, 0), (Int.max, 2)] {
                #expect(throws: FileError.self, "\(length) at \(offset)") {
                    try source.bytes(length, at: offset)
                }
            }
        }
    }

    @Test func becameShorter() throws {
        let folder = try Folder()
        try StagedFile.write([1, 2, 3], to: folder("a"))
        let file = try RegularFile(folder("a"))
        #expect(truncate(folder("a"), 1) == 0)
        let error = FileError(path: folder("a"), reason: "it became shorter while it was read")
        #expect(throws: error) { try file.bytes(limit: 10) }
        #expect(try file.bytes(1, at: 0) == [1])
    }
}
