// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// Files without a name, which are gone when the process is: Linux has them on most of its own file systems.

/// A new file for writing in the folder of `path`; nil where it can't be made without a name, or could get none later.
/// What is wrong with the place, if anything, is then told by a file that has one.
func openUnnamedFile(for path: String, mode: mode_t) -> Int32? {
    #if os(Linux)
        // Of names that no file can have, too long ones.
        guard status(path) != nil || errno == ENOENT, !path.hasSuffix("/") else { return nil }
        let folder = folder(of: path)
        // O_TMPFILE, a macro that isn't imported.
        let unnamed = 0o20_000_000 | O_DIRECTORY
        let descriptor = openFile(folder.isEmpty ? "." : folder, unnamed | O_WRONLY, mode: mode)
        guard descriptor >= 0 else { return nil }
        // Without /proc it could get no name.
        guard let mine = status(descriptor), let seen = status(nameOfDescriptor(descriptor)),
            mine.st_ino == seen.st_ino, mine.st_dev == seen.st_dev
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    #else
        return nil
    #endif
}

/// Gives a file without a name its name; false, with `errno`, on failure, such as where the name is taken.
func linkUnnamedFile(_ descriptor: Int32, to path: String) -> Bool {
    #if os(Linux)
        return linkat(
            AT_FDCWD, nameOfDescriptor(descriptor), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
    #else
        errno = ENOTSUP
        return false
    #endif
}

#if os(Linux)
    private func nameOfDescriptor(_ descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }
#endif
