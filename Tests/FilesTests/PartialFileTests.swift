// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import Testing

@Suite struct PartialFileTests {
    @Test func isResumed() throws {
        let folder = try Folder()
        do {
            let file = try PartialFile(folder("a"))
            #expect(file.foundCount == 0)
            try file.write([1, 2])
            try file.sync()
            try file.write([3, 4])
        }
        #expect(try folder.names == ["a.partial"])
        let file = try PartialFile(folder("a"))
        #expect(try file.foundCount == 4 && file.found().bytes(limit: 4) == [1, 2, 3, 4])
        try file.truncate(to: 2)
        try file.write([5])
        try file.sync()
        try file.finish()
        #expect(try folder.names == ["a"])
        #expect(try folder.contents("a") == [1, 2, 5])
    }

    @Test func nothingSyncedLeavesNothing() throws {
        let folder = try Folder()
        do {
            let file = try PartialFile(folder("a"))
            try file.write([1])
            let busy = FileError(
                path: file.partialPath, reason: "another process is writing it")
            #expect(throws: busy) { try PartialFile(folder("a")) }
        }
        #expect(try folder.names == [])
    }

    @Test(.timeLimit(.minutes(1))) func refusesAPipeForTheParts() throws {
        let folder = try Folder()
        folder.makePipe("a.partial")
        #expect(throws: FileError(path: folder("a.partial"), reason: "not a regular file")) {
            try PartialFile(folder("a"))
        }
        #expect(try folder.names == ["a.partial"])
    }

    /// Someone else's link must not lead a run to cut a file and write over it.
    @Test(arguments: ["target", "nowhere"]) func followsNoLink(target: String) throws {
        let folder = try Folder()
        try StagedFile.write([1, 2, 3], to: folder("target"))
        symlink(folder(target), folder("a.partial"))
        let refusal = FileError(
            path: folder("a.partial"), reason: "a symbolic link, which is not followed")
        #expect(throws: refusal) { try PartialFile(folder("a")) }
        #expect(try folder.contents("target") == [1, 2, 3])
        #expect(try folder.names == ["a.partial", "target"])
    }

    @Test func writeProtectedPartsStay() throws {
        let folder = try Folder()
        try StagedFile.write([1], to: folder("a.partial"))
        #expect(chmod(folder("a.partial"), 0o444) == 0)
        #expect(throws: FileError.self) { try PartialFile(folder("a")) }
        #expect(try folder.contents("a.partial") == [1])
    }

    /// What was found is read of the file that is locked, not of what its name has become.
    @Test func findsWhatItLocked() throws {
        let folder = try Folder()
        try StagedFile.write([1, 2], to: folder("a.partial"))
        let file = try PartialFile(folder("a"))
        try StagedFile.write([3, 4, 5], to: folder("a.partial"))
        #expect(try file.found().bytes(limit: 4) == [1, 2])
    }

    @Test func aDeviceIsWrittenTo() throws {
        let folder = try Folder()
        symlink("/dev/null", folder("null"))
        let file = try PartialFile(folder("null"))
        #expect(file.foundCount == 0)
        try file.write([1])
        try file.sync()
        try file.finish()
        var status = stat()
        #expect(stat(folder("null"), &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
        #expect(try folder.names == ["null"])
    }
}
