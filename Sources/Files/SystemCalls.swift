// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// Calls of the system, begun again after a signal. They are functions of the file, since a type's own `read` hides the
// system's.

/// The new descriptor, closed in programs that are started; below zero, with `errno`, on failure.
func openFile(_ path: String, _ flags: Int32, mode: mode_t = 0) -> Int32 {
    while true {
        // O_NOCTTY: no file becomes the terminal that controls the process.
        let descriptor = open(path, flags | O_CLOEXEC | O_NOCTTY, mode)
        if descriptor >= 0 || errno != EINTR { return descriptor }
    }
}

/// Up to `buffer.count` bytes, 0 at the end; below zero, with `errno`, on failure.
func readSome(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    while true {
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count >= 0 || !isWorthRepeating(descriptor, Int16(POLLIN)) { return count }
    }
}

/// The same of what lies at `offset`.
func readSome(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int
) -> Int {
    while true {
        let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
        if count >= 0 || errno != EINTR { return count }
    }
}

/// All of the bytes, where the descriptor stands.
func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest)
        let count = write(descriptor, part.baseAddress, part.count)
        if count < 0 && isWorthRepeating(descriptor, Int16(POLLOUT)) { continue }
        guard count >= 0 else { throw .system(path) }
        rest = rest.dropFirst(count)
    }
}

/// Takes what the new name had away in the same moment; false, with `errno`, on failure.
func replaceFile(_ path: String, by other: String) -> Bool { rename(other, path) == 0 }

/// The mode and size of a name itself, which may be a link; nil, with `errno`, where there is nothing.
func ownStatus(_ path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 ? status : nil
}

/// The mode and size behind a name, links followed; nil, with `errno`, where there is nothing or it can't be seen.
func status(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
}

func status(_ descriptor: Int32) -> stat? {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? status : nil
}

extension stat {
    var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
    var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
    var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
    /// Whether its owner may write it, by its mode alone: the system lets root write anything.
    var isWritable: Bool { st_mode & S_IWUSR != 0 }
}

/// After a failed call: whether a signal came, or a descriptor that doesn't block has become ready meanwhile.
private func isWorthRepeating(_ descriptor: Int32, _ event: Int16) -> Bool {
    if errno == EINTR { return true }
    guard errno == EAGAIN || errno == EWOULDBLOCK else { return false }
    var state = pollfd(fd: descriptor, events: event, revents: 0)
    return poll(&state, 1, -1) >= 0 || errno == EINTR
}
