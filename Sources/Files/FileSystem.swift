// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Names and folders.
package enum FileSystem {
    /// Whether there is anything of this name that can be seen, links followed.
    package static func exists(_ path: String) -> Bool { status(path) != nil }

    /// Whether it is a folder, links followed.
    package static func isFolder(_ path: String) -> Bool { status(path)?.isFolder == true }

    /// Whether both names stand for one file, links followed.
    package static func areSame(_ path: String, _ other: String) -> Bool {
        guard let a = status(path), let b = status(other) else { return false }
        return a.st_dev == b.st_dev && a.st_ino == b.st_ino
    }

    /// The absolute path of what a name stands for, without links; nil where there is nothing.
    package static func resolved(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(validatingCString: found)
    }

    /// Bytes of a regular file; nil where there is none.
    package static func size(_ path: String) -> Int? {
        status(path).flatMap { $0.isRegular ? Int($0.st_size) : nil }
    }

    /// Makes a folder, and those above it, unless they are there.
    /// - Parameter isPrivate: whether those that are made are open to their owner only (0700), whatever the umask is.
    /// - Throws: `FileError` with the name of the one that can't be made.
    package static func makeFolder(_ path: String, isPrivate: Bool = false) throws(FileError) {
        // What is put into "" would go into "/".
        guard !path.isEmpty else { throw .system(path, ENOENT) }
        var end = path.startIndex
        while end < path.endIndex {
            end = path[end...].dropFirst().firstIndex(of: "/") ?? path.endIndex
            let part = String(path[..<end])
            // Whatever the reason of a failure, a folder that is there will do.
            guard mkdir(part, isPrivate ? 0o700 : 0o777) != 0 else { continue }
            let code = errno
            if isFolder(part) { continue }
            // Something is there: a file, or a link that can't be followed.
            guard code == EEXIST else { throw .system(part, code) }
            guard status(part) == nil else { throw .system(part, ENOTDIR) }
            throw errno == ENOENT
                ? FileError(path: part, reason: "a link to what is not there") : .system(part)
        }
    }

    /// The names in a folder but for "." and "..", in no order.
    /// - Throws: `FileError`.
    package static func names(in folder: String) throws(FileError) -> [String] {
        guard let directory = opendir(folder) else { throw .system(folder) }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                guard errno == 0 else { throw .system(folder) }
                return names
            }
            // The array is longer than it is declared, on some systems.
            let offset = MemoryLayout<dirent>.offset(of: \.d_name)!
            let start = UnsafeRawPointer(entry).advanced(by: offset)
            let name = String(cString: start.assumingMemoryBound(to: CChar.self))
            if name != "." && name != ".." { names.append(name) }
        }
    }
}
