import Files
import Foundation
import Testing
import Wire

@Suite struct ArtifactFileTests {
    /// A folder of its own for each test, removed at the end.
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("blindsight-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func names(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    @Test(arguments: [0, 1, 100_003]) func writesAndReads(count: Int) throws {
        try withFolder { folder in
            let path = folder.appendingPathComponent("a").path
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try ArtifactFile.write([1, 2, 3], to: path)
            try ArtifactFile.write(bytes, to: path)
            #expect(try ArtifactFile.read(path) == bytes)
            #expect(try names(folder) == ["a"])
        }
    }

    @Test func secretIsForItsOwnerOnlyAndStays() throws {
        try withFolder { folder in
            let path = folder.appendingPathComponent("secret.key").path
            try ArtifactFile.write([1], to: path, isSecret: true)
            #expect(try mode(path) == 0o600)
            #expect(throws: FileError.self) {
                try ArtifactFile.write([2], to: path, isSecret: true)
            }
            #expect(try ArtifactFile.read(path) == [1])
            #expect(try names(folder) == ["secret.key"])
            try ArtifactFile.write([3], to: path, isSecret: true, overwrite: true)
            #expect(try ArtifactFile.read(path) == [3])
            #expect(try mode(path) == 0o600)
        }
    }

    /// A secret that replaces a readable file doesn't inherit its mode.
    @Test func secretOverReadableFile() throws {
        try withFolder { folder in
            let path = folder.appendingPathComponent("k").path
            try ArtifactFile.write([1], to: path)
            try ArtifactFile.write([2], to: path, isSecret: true, overwrite: true)
            #expect(try mode(path) == 0o600)
        }
    }

    @Test func failureLeavesNothing() throws {
        try withFolder { folder in
            let taken = folder.appendingPathComponent("taken")
            try FileManager.default.createDirectory(at: taken, withIntermediateDirectories: true)
            #expect(throws: FileError.self) {
                try ArtifactFile.write([1, 2], to: taken.path)
            }
            #expect(try names(folder) == ["taken"])
            #expect(throws: FileError.self) {
                try ArtifactFile.write([1], to: folder.appendingPathComponent("no/file").path)
            }
            #expect(try names(folder) == ["taken"])
        }
    }

    @Test func readingRefuses() throws {
        try withFolder { folder in
            let path = folder.appendingPathComponent("a").path
            #expect(throws: FileError(path: path, reason: "No such file or directory")) {
                try ArtifactFile.read(path)
            }
            #expect(throws: FileError(path: folder.path, reason: "not a regular file")) {
                try ArtifactFile.read(folder.path)
            }
            let pipe = folder.appendingPathComponent("pipe").path
            #expect(mkfifo(pipe, 0o600) == 0)
            #expect(throws: FileError(path: pipe, reason: "not a regular file")) {
                try ArtifactFile.read(pipe)
            }
            try ArtifactFile.write([1, 2, 3], to: path)
            #expect(throws: FileError(path: path, reason: "3 bytes; at most 2 are read")) {
                try ArtifactFile.read(path, limit: 2)
            }
            // A file of many bytes that takes no room.
            #expect(truncate(path, 1 << 40) == 0)
            #expect(throws: FileError.self) { try ArtifactFile.read(path) }
        }
    }
}
