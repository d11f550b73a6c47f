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
