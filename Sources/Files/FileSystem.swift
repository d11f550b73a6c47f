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

    /// Bytes of a regular file; nil where there is none.
    package static func size(_ path: String) -> Int? {
        status(path).flatMap { $0.isRegular ? Int($0.st_size) : nil }
    }

    /// Makes a folder, and those above it, unless they are there.
    /// - Throws: `FileError`.
    package static func makeFolder(_ path: String) throws(FileError) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[end...].dropFirst().firstIndex(of: "/") ?? path.endIndex
            let part = String(path[..<end])
            // Whatever the reason of a failure, a folder that is there will do.
            if mkdir(part, 0o777) != 0 {
                let code = errno
                guard isFolder(part) else {
                    throw code == EEXIST ? .system(path, ENOTDIR) : .system(path, code)
                }
            }
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
