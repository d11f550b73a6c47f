// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ring
import Testing

/// Under AddressSanitizer (`make sanitize`), which can't know by itself who has memory that is kept for reuse.
@Suite struct KeptMemoryTests {
    private typealias Question = @convention(c) (UnsafeRawPointer) -> CInt

    /// Whether the sanitizer forbids to touch a byte; nil in a build without it.
    private static let isPoisoned = dlsym(dlopen(nil, RTLD_NOW), "__asan_address_is_poisoned").map {
        unsafeBitCast($0, to: Question.self)
    }

    /// Left to the allocator, kept, cut from a slab, with pages of its own. Sizes that no other test has.
    @Test(
        .enabled(if: isPoisoned != nil, "not built with AddressSanitizer"),
        arguments: [11, 3001, 9001, 300_001], [false, true])
    func memoryThatNobodyHasIsPoisoned(count: Int, isSecret: Bool) throws {
        let isPoisoned = try #require(Self.isPoisoned)
        var addresses: [UnsafeMutablePointer<UInt64>] = []
        for _ in 0..<2 {
            // The second time, memory may be that of the first.
            let buffer = LimbBuffer(count: count, isSecret: isSecret)
            addresses = [buffer.base, buffer.base + count / 2, buffer.base + count - 1]
            for address in addresses { #expect(isPoisoned(address) == 0) }
            // Nor may a reader run out of a buffer into the next one.
            #expect(isPoisoned(buffer.base + count) == 1)
            withExtendedLifetime(buffer) {}
        }
        for address in addresses { #expect(isPoisoned(address) == 1) }
    }

    /// Where much lies idle, larger buffers serve, up to twice as large as asked for; they stay what they were.
    @Test func idleMemoryServesSmallerBuffers() {
        // The largest that slabs are cut for: more of them than may lie idle, and none between of other tests.
        let large = (1 << 18) - 1
        let idle = Set((0..<160).map { _ in LimbBuffer(count: large) }.map(\.base))
        #expect(idle.count == 160)
        let smaller = LimbBuffer(count: large - 3)
        #expect(idle.contains(smaller.base))
        #expect(!idle.contains(LimbBuffer(count: 100_003).base))
        let secret = LimbBuffer(count: large - 3, isSecret: true)
        #expect(!idle.contains(secret.base))
        withExtendedLifetime((smaller, secret)) {}
    }
}
