// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import Synchronization

/// A reply that is made group by group, while its first groups are on their way.
///
/// Each group waits for a worker anew, so that a large request holds up others no longer than for a group; it has its
/// place, and is not refused any more once the first was answered.
final class PredictedReply: Sendable {
    let groupCount: Int
    /// Of all groups.
    let byteCount: Int
    private let make: @Sendable (Int) async throws -> [UInt8]
    private let ended: @Sendable ((any Error)?) -> Void
    /// Groups that were made before they were asked for.
    private let ready: Mutex<[Int: [UInt8]]>
    private let isOver = Atomic(false)

    /// Makes what it takes to know the reply's length: the first group, and the last where it is shorter.
    /// - Parameters:
    ///   - requestBytes: of the whole request. All groups but the last are full, so that requests' groups of one length
    ///     have replies of one length.
    ///   - make: the reply's bytes, by the group's number.
    ///   - ended: told of what fails later, or that the last group was asked for and is there.
    init(
        _ request: Request, requestBytes: Int,
        make: @escaping @Sendable (Int) async throws -> [UInt8],
        ended: @escaping @Sendable ((any Error)?) -> Void
    ) async throws {
        self.make = make
        self.ended = ended
        groupCount = request.groups.count
        let first = try await make(0)
        var ready = [0: first]
        var byteCount = first.count * groupCount
        if groupCount > 1, try ByteCount.of(request.groups[0].write) * groupCount != requestBytes {
            let last = try await make(groupCount - 1)
            ready[groupCount - 1] = last
            byteCount += last.count - first.count
        }
        self.byteCount = byteCount
        self.ready = Mutex(ready)
    }

    /// Ask for each group once, in order.
    func group(_ index: Int) async throws -> [UInt8] {
        do {
            var bytes = ready.withLock { $0.removeValue(forKey: index) }
            if bytes == nil { bytes = try await make(index) }
            if index == groupCount - 1 { end(nil) }
            return bytes!
        } catch {
            end(error)
            throw error
        }
    }

    /// Whoever asked takes no more of it.
    func abandon() { end(CancellationError()) }

    private func end(_ error: (any Error)?) {
        if !isOver.exchange(true, ordering: .relaxed) { ended(error) }
    }

    /// All groups, behind each other.
    func bytes() async throws -> [UInt8] {
        var bytes = try await group(0)
        bytes.reserveCapacity(byteCount)
        for index in 1..<max(groupCount, 1) { bytes += try await group(index) }
        guard bytes.count == byteCount else { throw WrongLength() }
        return bytes
    }

    /// Groups of another length than was said: never sent as if they were whole.
    struct WrongLength: Error {}
}

/// Counts what is written, and keeps nothing.
private final class ByteCount: ByteSink {
    private var count = 0

    func write(_ bytes: UnsafeRawBufferPointer) { count += bytes.count }

    static func of(_ write: (any ByteSink) throws -> Void) rethrows -> Int {
        let sink = ByteCount()
        try write(sink)
        return sink.count
    }
}

/// Keeps what is written.
final class ByteCollector: ByteSink {
    private(set) var bytes: [UInt8] = []

    func write(_ bytes: UnsafeRawBufferPointer) { self.bytes += bytes }
}
