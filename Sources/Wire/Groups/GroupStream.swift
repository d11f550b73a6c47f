// SPDX-License-Identifier: Apache-2.0

import Files

/// Groups that arrive one after another, from a socket, say.
package final class GroupStream {
    private let stream: any ByteStream
    private let form: GroupForm
    private var previous: GroupHead?
    /// Of the group that is read.
    private var index = 0

    package init(_ stream: any ByteStream, _ form: GroupForm) {
        self.stream = stream
        self.form = form
    }

    /// A reader of the next group's body, which must be read to its end before the next is asked for.
    /// - Returns: nil after the last group.
    /// - Throws: `WireError`, also where the stream ends early; what the stream throws.
    package func next() throws -> BodyReader? {
        if let previous, previous.index + 1 == previous.groupCount { return nil }
        index = previous.map { $0.index + 1 } ?? 0
        var bytes = [UInt8](repeating: 0, count: GroupHead.length)
        // Version and kind first: another version's groups may be shorter than a head.
        try bytes.withUnsafeMutableBytes {
            try fill(UnsafeMutableRawBufferPointer(rebasing: $0[..<Envelope.headerLength]))
        }
        try Envelope.Header(bytes[..<Envelope.headerLength]).require(form.kind)
        try bytes.withUnsafeMutableBytes {
            try fill(UnsafeMutableRawBufferPointer(rebasing: $0[Envelope.headerLength...]))
        }
        let head = try GroupHead(bytes[...], expecting: form.kind)
        try form.check(head)
        try form.check(head, after: previous)
        previous = head
        return BodyReader(head) { [self] in try fill($0) }
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let count = try stream.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
            guard count > 0 else {
                throw WireError.malformed("the stream ends within group \(index)")
            }
            done += count
        }
    }
}
