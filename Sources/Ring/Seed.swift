// SPDX-License-Identifier: Apache-2.0

import Crypto

/// 32 bytes from which public randomness is expanded. Not a secret: it travels in its ciphertext
/// or key. Errors and secrets never come from one.
package struct Seed: Sendable, Hashable {
    package static let byteCount = 32
    package let bytes: [UInt8]

    /// A fresh seed from the operating system.
    package static func random() -> Seed {
        SymmetricKey(size: .bits256).withUnsafeBytes { Seed(unchecked: Array($0)) }
    }

    /// - Returns: nil unless there are 32 bytes.
    package init?(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

extension UInt64 {
    package var littleEndianBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> (8 * UInt64($0))) }
    }
}
