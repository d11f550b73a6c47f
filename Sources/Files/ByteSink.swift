// SPDX-License-Identifier: Apache-2.0

/// Takes bytes one after another.
public protocol ByteSink: AnyObject {
    /// All of the bytes.
    /// - Throws: `FileError`.
    func write(_ bytes: UnsafeRawBufferPointer) throws
}

extension ByteSink {
    /// All of the bytes.
    /// - Throws: `FileError`.
    package func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }
}
