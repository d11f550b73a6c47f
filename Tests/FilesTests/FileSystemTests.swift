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
}
