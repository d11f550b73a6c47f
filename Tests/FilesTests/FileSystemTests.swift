// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import Testing

@Suite struct FileSystemTests {
    @Test func foldersAndNames() throws {
        let folder = try Folder()
        try FileSystem.makeFolder(folder("a/b//c/"))
        try FileSystem.makeFolder(folder("a/b/c"))
        #expect(FileSystem.isFolder(folder("a/b/c")) && FileSystem.exists(folder("a/b/c")))
        try StagedFile.write([1, 2, 3], to: folder("a/x"))
        #expect(try Set(FileSystem.names(in: folder("a"))) == ["b", "x"])
        #expect(FileSystem.size(folder("a/x")) == 3)
        #expect(FileSystem.size(folder("a")) == nil && FileSystem.size(folder("no")) == nil)
        #expect(!FileSystem.isFolder(folder("a/x")) && !FileSystem.exists(folder("no")))
        for path in [folder("a/x"), folder("a/x/y")] {
            #expect(throws: FileError.self) { try FileSystem.makeFolder(path) }
            #expect(throws: FileError.self) { try FileSystem.names(in: path) }
        }
    }

    @Test func privateFolders() throws {
        let folder = try Folder()
        try FileSystem.makeFolder(folder("a"))
        let mode = try folder.mode("a")
        try FileSystem.makeFolder(folder("a/b/c"), isPrivate: true)
        // What was there stays as it was.
        #expect(try folder.mode("a") == mode)
        #expect(try folder.mode("a/b") == 0o700 && folder.mode("a/b/c") == 0o700)
    }

    @Test func whyThereIsNoFolder() throws {
        let folder = try Folder()
        try StagedFile.write([1], to: folder("file"))
        symlink("nothing", folder("dangling"))
        symlink("loop", folder("loop"))
        let long = String(repeating: "a", count: 300)
        for (path, at, reason) in [
            ("file", "file", "Not a directory"), ("file/x/y", "file", "Not a directory"),
            ("dangling/x", "dangling", "a link to what is not there"),
            ("loop", "loop", "Too many levels of symbolic links"),
            ("\(long)/x", long, "File name too long"),
        ] {
            #expect(throws: FileError(path: folder(at), reason: reason)) {
                try FileSystem.makeFolder(folder(path))
            }
        }
        // Else files would go into the root.
        #expect(throws: FileError(path: "", reason: "No such file or directory")) {
            try FileSystem.makeFolder("")
        }
    }
}
