// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import Testing

@Suite struct StagedFileTests {
    @Test func replacesAFileAtTheEndOnly() throws {
        let folder = try Folder()
        try StagedFile.write([1, 2, 3], to: folder("a"))
        let file = try StagedFile(folder("a"))
        try file.write([4])
        try file.write([5])
        #expect(try folder.contents("a") == [1, 2, 3])
        try file.finish()
        #expect(try folder.contents("a") == [4, 5])
        #expect(try folder.names == ["a"])
    }

    @Test func secretIsForItsOwnerOnlyFromTheStart() throws {
        let folder = try Folder()
        let file = try StagedFile(folder("secret.key"), isPrivate: true, overwrite: false)
        for temporary in try folder.names { #expect(try folder.mode(temporary) == 0o600) }
        try file.write([1])
        try file.finish()
        #expect(try folder.names == ["secret.key"])
        #expect(try folder.mode("secret.key") == 0o600)
    }

    /// A process that is killed can't remove anything: there is nothing to remove.
    @Test func hasNoNameUntilItIsFinished() throws {
        let folder = try Folder()
        guard try Self.knowsUnnamedFiles(folder) else { return }
        close(open(folder("usual"), O_WRONLY | O_CREAT, 0o644))
        let usual = try folder.mode("usual")
        for name in ["new", "old"] {
            if name == "old" { try StagedFile.write([7], to: folder("old")) }
            let before = try folder.names
            let files = [
                try StagedFile(folder(name)),
                try StagedFile(folder("\(name).key"), isPrivate: true, overwrite: false),
            ]
            for file in files { try file.write([1, 2, 3]) }
            #expect(try folder.names == before)
            try StagedFile.finish(files)
            #expect(try folder.contents(name) == [1, 2, 3])
            #expect(try folder.mode(name) == usual)
            #expect(try folder.mode("\(name).key") == 0o600)
        }
        #expect(try folder.names == ["new", "new.key", "old", "old.key", "usual"])
        // A name as long as any may be leaves no room for a temporary one.
        let long = folder(String(repeating: "a", count: 255))
        for byte: UInt8 in 1...2 {
            try StagedFile.write([byte], to: long)
            #expect(try RegularFile.bytes(of: long, limit: 1) == [byte])
        }
        #expect(throws: FileError(path: long + "a", reason: "File name too long")) {
            try StagedFile(long + "a")
        }
    }

    /// Whether the file system of a folder has files without names.
    private static func knowsUnnamedFiles(_ folder: Folder) throws -> Bool {
        #if os(Linux)
            let descriptor = open(folder.path, 0o20_000_000 | O_DIRECTORY | O_WRONLY, 0o600)
            if descriptor >= 0 { close(descriptor) }
            return descriptor >= 0
        #else
            return false
        #endif
    }

    @Test func secretReplacesNothingUnasked() throws {
        let folder = try Folder()
        let taken = FileError(path: folder("k"), reason: "File exists")
        try StagedFile.write([1], to: folder("k"))
        #expect(throws: taken) { try StagedFile.write([2], to: folder("k"), isSecret: true) }
        #expect(try folder.contents("k") == [1])
        // It doesn't inherit the mode of what it replaces.
        try StagedFile.write([3], to: folder("k"), isSecret: true, overwrite: true)
        #expect(try folder.contents("k") == [3])
        #expect(try folder.mode("k") == 0o600)
        #expect(try folder.names == ["k"])
    }

    /// The name is taken while the secret is being written.
    @Test func secretLosesARace() throws {
        let folder = try Folder()
        let file = try StagedFile(folder("k"), isPrivate: true, overwrite: false)
        try file.write([1])
        try StagedFile.write([2], to: folder("k"))
        #expect(throws: FileError(path: folder("k"), reason: "File exists")) { try file.finish() }
        #expect(try folder.contents("k") == [2])
    }

    /// A pipe or device of this name might be another user's.
    @Test func secretIsNotWrittenToADeviceUnasked() throws {
        let folder = try Folder()
        folder.makePipe("pipe")
        for path in [folder("pipe"), "/dev/null"] {
            #expect(throws: FileError(path: path, reason: "File exists")) {
                try StagedFile.write([1], to: path, isSecret: true)
            }
        }
    }

    @Test func failureLeavesNothing() throws {
        let folder = try Folder()
        #expect(mkdir(folder("taken"), 0o700) == 0)
        #expect(throws: FileError(path: folder("taken"), reason: "Is a directory")) {
            try StagedFile.write([1, 2], to: folder("taken"))
        }
        #expect(throws: FileError(path: folder("no/file"), reason: "No such file or directory")) {
            try StagedFile.write([1], to: folder("no/file"))
        }
        do {
            let file = try StagedFile(folder("dropped"))
            try file.write([1])
        }
        do {
            let file = try StagedFile(folder("late"))
            #expect(mkdir(folder("late"), 0o700) == 0)
            #expect(throws: FileError.self) { try file.finish() }
        }
        #expect(try folder.names == ["late", "taken"])
    }

    /// By its mode: root could write it, and renaming asks the folder only.
    @Test func whatIsWriteProtectedStays() throws {
        let folder = try Folder()
        try StagedFile.write([1], to: folder("a"))
        for mode: mode_t in [0o444, 0o400, 0o466] {
            #expect(chmod(folder("a"), mode) == 0)
            do {
                try StagedFile.write([2], to: folder("a"))
                Issue.record("a file of mode \(String(mode, radix: 8)) was replaced")
            } catch let error as FileError {
                #expect(error.path == folder("a") && error.reason.contains("write-protected"))
            }
            #expect(throws: FileError(path: folder("a"), reason: "File exists")) {
                try StagedFile.write([2], to: folder("a"), isSecret: true)
            }
            #expect(throws: FileError.self) { try PartialFile(folder("a")) }
        }
        #expect(try folder.contents("a") == [1])
        #expect(chmod(folder("a"), 0o600) == 0)
        try StagedFile.write([2], to: folder("a"))
        #expect(try folder.names == ["a"])
    }

    @Test func aDeviceStaysADevice() throws {
        // Through a link: a defect must not cost the machine its device.
        let folder = try Folder()
        symlink("/dev/null", folder("null"))
        try StagedFile.write([1, 2, 3], to: folder("null"))
        var status = stat()
        #expect(stat(folder("null"), &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
        #expect(try folder.names == ["null"])
        // No room is left on it.
        if access("/dev/full", W_OK) == 0 {
            symlink("/dev/full", folder("full"))
            #expect(throws: FileError(path: folder("full"), reason: "No space left on device")) {
                try StagedFile.write([1], to: folder("full"))
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aNamedPipeIsWrittenTo() throws {
        let folder = try Folder()
        folder.makePipe("pipe")
        // More than fits a pipe, so that writing waits for the reader.
        let bytes = pattern(1 << 18)
        let reader = open(folder("pipe"), O_RDONLY | O_NONBLOCK)
        let path = folder("pipe")
        let writer = Thread { try? StagedFile.write(bytes, to: path) }
        let stream = DescriptorStream(reader, name: "pipe", closes: true)
        writer.start()
        // Until there is a writer, a reader that doesn't block sees the end.
        var first: [UInt8] = [0]
        while try first.withUnsafeMutableBytes({ try stream.read(into: $0) }) == 0 { usleep(100) }
        #expect(try first + stream.bytes(bytes.count - 1) == bytes)
        #expect(try folder.names == ["pipe"])
    }

    /// A name of an open descriptor is written through it, whatever is behind: here a file that has bytes before and
    /// after.
    @Test func anOpenDescriptorIsWrittenThrough() throws {
        let folder = try Folder()
        let descriptor = open(folder("out"), O_WRONLY | O_CREAT, 0o644)
        defer { close(descriptor) }
        symlink("/dev/fd/\(descriptor)", folder("link"))
        let sink = DescriptorSink(descriptor, name: "out")
        try sink.write([1])
        try StagedFile.write([2], to: "/dev/fd/\(descriptor)")
        try StagedFile.write([3], to: folder("link"))
        try sink.write([4])
        #expect(try folder.contents("out") == [1, 2, 3, 4])
        #expect(try folder.names == ["link", "out"])
    }
}
