// SPDX-License-Identifier: Apache-2.0

import CKernels
import Crypto
import TestSupport
import Testing

/// The hash of secret bytes, against swift-crypto's.
@Suite struct SecretHashTests {
    @Test func equalsSHA256() {
        var generator = SplitMix64(seed: 9)
        for count in Array(0...200) + [1000, 4096, 70_001] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            var found = [UInt8](repeating: 0, count: 32)
            bsk_secret_sha256(&found, bytes, count)
            #expect(found == Array(SHA256.hash(data: bytes)), "\(count) bytes")
        }
    }
}
