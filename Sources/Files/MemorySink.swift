// SPDX-License-Identifier: Apache-2.0

/// Keeps what is written in memory.
package final class MemorySink: ByteSink {
    /// All that was written.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package func write(_ bytes: UnsafeRawBufferPointer) { self.bytes += bytes }
}
