// SPDX-License-Identifier: Apache-2.0

import Files
import TestSupport

/// Bytes that come in pieces of all sizes, as a socket's do.
final class ChoppedStream: ByteStream {
    private var rest: ArraySlice<UInt8>
    private var generator: SplitMix64

    /// Bytes that nobody read yet.
    var remaining: Int { rest.count }

    init(_ bytes: [UInt8], seed: UInt64 = 5) {
        rest = bytes[...]
        generator = SplitMix64(seed: seed)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let most = min(buffer.count, rest.count)
        guard most > 0 else { return 0 }
        let count = min(most, [1, 2, 7, 100, most].randomElement(using: &generator)!)
        buffer.copyBytes(from: rest.prefix(count))
        rest = rest.dropFirst(count)
        return count
    }
}
