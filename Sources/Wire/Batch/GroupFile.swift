import Crypto
import Files
import Foundation

/// A file of groups that is read: all headers were checked when it was opened, a body is when it is read.
struct GroupFile<Header: GroupHeader>: Sendable {
    struct Group: Sendable {
        let offset: Int
        /// All before the body, as it stood when the file was opened.
        let head: [UInt8]
        let header: Header
        let bodyLength: Int

        var end: Int { offset + head.count + bodyLength + Envelope.checksumLength }
    }

    let file: RegularFile
    let groups: [Group]
    /// Format version and plan digest of the first group; nil without groups.
    let first: (version: Int, digest: [UInt8])?

    /// After the last whole group.
    var end: Int { groups.last?.end ?? 0 }
    /// As every group says; 0 without groups.
    var groupCount: Int { groups.first.map { Int($0.header.groupCount) } ?? 0 }
    var sampleCount: Int { groups.reduce(0) { $0 + Int($1.header.sampleCount) } }

    /// Walks over the groups.
    ///
    /// - Parameter allowsMissing: whether groups may be missing at the end, and the last be cut off: a file whose writer was interrupted.
    /// - Throws: `WireError`, for groups that are of another plan, out of order, of another size than the plan's, too many or too few.
    init(_ file: RegularFile, _ form: GroupForm, allowsMissing: Bool = false) throws {
        self.file = file
        var groups: [Group] = []
        var first: (version: Int, digest: [UInt8])?
        var offset = 0
        while offset < file.count {
            let found = Result {
                try Self.group(at: offset, of: file, form, digest: form.digest ?? first?.digest)
            }
            // What a power cut leaves at the end may be anything.
            if allowsMissing, case .failure = found, !groups.isEmpty,
                file.count - offset <= form.largestLength
            {
                break
            }
            guard let (envelope, group) = try found.get() else {
                if allowsMissing { break }
                throw WireError.malformed("the file ends within group \(groups.count)")
            }
            try Self.check(group.header, index: groups.count, after: groups.last?.header, form)
            first = first ?? (envelope.version, envelope.digest)
            groups.append(group)
            offset = group.end
        }
        if !allowsMissing {
            guard !groups.isEmpty else { throw WireError.notAnArtifact }
            let announced = Int(groups[0].header.groupCount)
            guard groups.count == announced else {
                throw WireError.malformed(
                    "\(groups.count) groups in a file of \(announced)")
            }
        }
        self.groups = groups
        self.first = first
    }

    /// - Returns: nil where the file ends before the group does.
    private static func group(
        at offset: Int, of file: RegularFile, _ form: GroupForm, digest: [UInt8]?
    ) throws -> (Envelope.Header, Group)? {
        let prefix = Envelope.headerLength + 4
        let rest = file.count - offset
        let head = try file.bytes(min(rest, prefix + GroupForm.maximumHeaderLength), at: offset)
        // Of a head that is cut off, as much as there is of it.
        guard Envelope.magicText.utf8.starts(with: head.prefix(8)) else {
            throw WireError.notAnArtifact
        }
        guard head.count >= prefix else { return nil }
        let envelope = try Envelope.Header(head[..<Envelope.headerLength])
        try envelope.require(form.kind)
        if let digest { try envelope.requirePlan(digest) }
        let headerLength = Int(Envelope.integer(head[Envelope.headerLength..<prefix]))
        guard (1...GroupForm.maximumHeaderLength).contains(headerLength) else {
            throw WireError.outOfRange("a group's header of \(headerLength) bytes")
        }
        let limit = form.kind.maximumPayloadBytes
        guard envelope.payloadLength <= UInt64(limit) else {
            throw WireError.tooLarge(form.kind, bytes: envelope.payloadLength, limit: limit)
        }
        let bodyLength = Int(envelope.payloadLength) - 4 - headerLength
        guard bodyLength >= 0, bodyLength == form.bodyLength ?? bodyLength else {
            throw WireError.wrongCount(
                "bytes in a group", expected: form.bodyLength ?? 0, found: bodyLength)
        }
        guard prefix + headerLength + bodyLength + Envelope.checksumLength <= rest else {
            return nil
        }
        let header: Header = try Artifact.parse(
            head[prefix..<prefix + headerLength], of: "the header of a group")
        return (
            envelope,
            Group(
                offset: offset, head: Array(head[..<(prefix + headerLength)]), header: header,
                bodyLength: bodyLength)
        )
    }

    private static func check(
        _ header: Header, index: Int, after previous: Header?, _ form: GroupForm
    ) throws {
        guard header.group == UInt32(clamping: index), header.group < header.groupCount else {
            throw WireError.malformed(
                "group \(header.group) of \(header.groupCount) where group \(index) is expected")
        }
        guard header.groupCount <= GroupForm.maximumGroups else {
            throw WireError.outOfRange("\(header.groupCount) groups")
        }
        guard header.sampleCount >= 1, header.sampleCount <= form.capacity ?? Int(UInt32.max)
        else { throw WireError.outOfRange("\(header.sampleCount) samples in a group") }
        // All but the last are full, so that a sample's place follows from its number.
        if let capacity = form.capacity, header.group + 1 < header.groupCount,
            header.sampleCount != capacity
        {
            throw WireError.malformed(
                "\(header.sampleCount) samples in group \(index), which is not the last")
        }
        guard let previous else { return }
        guard header.groupCount == previous.groupCount else {
            throw WireError.malformed(
                "group \(index) is one of \(header.groupCount), the one before of \(previous.groupCount)"
            )
        }
    }

    /// The checksum that group `index` ends with. `read` compares it with the bytes.
    func checksum(of index: Int) throws -> [UInt8] {
        try file.bytes(
            Envelope.checksumLength, at: groups[index].end - Envelope.checksumLength)
    }

    /// Reads a body and checks the group's checksum.
    ///
    /// - Parameter regions: where its bytes go, in order; `bodyLength` in all.
    /// - Throws: `WireError.corrupt`, `FileError`.
    func read(_ index: Int, into regions: [UnsafeMutableRawBufferPointer]) throws {
        let group = groups[index]
        precondition(regions.reduce(0) { $0 + $1.count } == group.bodyLength)
        guard try file.bytes(group.head.count, at: group.offset) == group.head else {
            throw FileError(path: file.path, reason: "it changed while it was read")
        }
        var hash = SHA256()
        hash.update(data: group.head)
        var offset = group.offset + group.head.count
        for region in regions {
            for start in stride(from: 0, to: region.count, by: GroupSink.pieceLength) {
                let piece = UnsafeMutableRawBufferPointer(
                    rebasing: region[start..<min(start + GroupSink.pieceLength, region.count)])
                try file.read(into: piece, at: offset)
                hash.update(bufferPointer: UnsafeRawBufferPointer(piece))
                offset += piece.count
            }
        }
        guard try hash.finalize() == checksum(of: index) else { throw WireError.corrupt }
    }

    /// Checks a group's checksum, and keeps nothing.
    func verify(_ index: Int) throws {
        let length = groups[index].bodyLength
        let piece = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(length, GroupSink.pieceLength), alignment: 16)
        defer { piece.deallocate() }
        // Every piece into the same memory.
        try read(
            index,
            into: stride(from: 0, to: length, by: GroupSink.pieceLength).map {
                UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, length - $0)])
            })
    }
}
