// SPDX-License-Identifier: Apache-2.0

import Files

/// Groups behind each other in a source that can be read at any place: all heads were checked when it was opened, a
/// body is when it is read.
package struct GroupFile: Sendable {
    package struct Group: Sendable {
        package let offset: Int
        package let head: GroupHead

        package var end: Int { offset + head.groupLength }
    }

    package let source: any ByteSource
    package let groups: [Group]

    /// After the last whole group.
    package var end: Int { groups.last?.end ?? 0 }
    /// As every group says; 0 without groups.
    package var groupCount: Int { groups.first?.head.groupCount ?? 0 }
    /// Of the groups that are there.
    package var sampleCount: Int { groups.reduce(0) { $0 + $1.head.sampleCount } }

    /// Walks over the groups.
    ///
    /// - Parameter allowsMissing: whether groups may be missing at the end, and the last be cut off or damaged: a file
    ///   whose writer was interrupted.
    /// - Throws: `WireError`, for groups that are of another plan, out of order, of another size than the plan's, too
    ///   many or too few; what the source throws.
    package init(
        _ source: any ByteSource, _ form: GroupForm, allowsMissing: Bool = false
    ) throws {
        self.source = source
        var groups: [Group] = []
        var offset = 0
        while offset < source.count {
            let found = Result {
                try Self.group(at: offset, of: source, form, after: groups.last?.head)
            }
            // What a power cut leaves at the end may be anything. A source that fails says nothing about the bytes.
            if allowsMissing, case .failure(let error) = found, error is WireError, !groups.isEmpty,
                source.count - offset <= form.largestLength
            {
                break
            }
            guard let group = try found.get() else {
                if allowsMissing { break }
                throw WireError.malformed("the file ends within group \(groups.count)")
            }
            groups.append(group)
            offset = group.end
        }
        if !allowsMissing {
            guard let first = groups.first else { throw WireError.notAnArtifact }
            guard groups.count == first.head.groupCount else {
                throw WireError.malformed(
                    "\(groups.count) groups in a file of \(first.head.groupCount)")
            }
        }
        self.groups = groups
    }

    /// - Returns: nil where the file ends before the group does.
    private static func group(
        at offset: Int, of source: any ByteSource, _ form: GroupForm, after previous: GroupHead?
    ) throws -> Group? {
        let rest = source.count - offset
        var bytes = [UInt8](repeating: 0, count: min(rest, GroupHead.length))
        try bytes.withUnsafeMutableBytes { try source.read(into: $0, at: offset) }
        // Of a head that is cut off, as much as there is of it.
        guard Envelope.magicText.utf8.starts(with: bytes.prefix(8)) else {
            throw WireError.notAnArtifact
        }
        // Version and kind first, however short the file is.
        if bytes.count >= Envelope.headerLength {
            try Envelope.Header(bytes[..<Envelope.headerLength]).require(form.kind)
        }
        guard bytes.count == GroupHead.length else { return nil }
        let head = try GroupHead(bytes[...], expecting: form.kind)
        try form.check(head)
        try form.check(head, after: previous)
        guard head.groupLength <= rest else { return nil }
        return Group(offset: offset, head: head)
    }

    /// A reader of a group's body.
    /// - Throws: `WireError` where the head is no longer what it was.
    package func body(of index: Int) throws -> BodyReader {
        let group = groups[index]
        var head = [UInt8](repeating: 0, count: GroupHead.length)
        try head.withUnsafeMutableBytes { try source.read(into: $0, at: group.offset) }
        guard head == group.head.bytes else {
            throw WireError.malformed("the file changed while it was read")
        }
        var offset = group.offset + GroupHead.length
        return BodyReader(group.head) { [source] buffer in
            try source.read(into: buffer, at: offset)
            offset += buffer.count
        }
    }

    /// Checks a group's checksum, and keeps nothing.
    package func verify(_ index: Int) throws { try body(of: index).finish() }
}
