// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ring
import Testing

@Suite struct SecretMemoryTests {
    /// Sizes of all kinds, released and taken again: no two live buffers overlap, and each begins at a cache line.
    @Test func buffersAreApart() {
        var live: [LimbBuffer] = []
        for round in 0..<3 {
            for count in [1, 7, 8, 100, 1024, 8192, 70_000, 200_000] {
                live.append(LimbBuffer(count: count + round, isSecret: true))
            }
            if round == 1 { live.removeFirst(8) }
        }
        let ranges = live.map {
            UInt(bitPattern: $0.base)..<UInt(bitPattern: $0.base + $0.count)
        }.sorted { $0.lowerBound < $1.lowerBound }
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
        #expect(ranges.allSatisfy { $0.lowerBound % 64 == 0 })
    }

    /// Memory is zero when it comes back, whatever was in it.
    @Test func releasedBuffersAreWiped() {
        for count in [5, 3000, 300_000] {
            var address: UInt = 0
            for _ in 0..<2 {
                let buffer = LimbBuffer(count: count, isSecret: true)
                if address == UInt(bitPattern: buffer.base) && count < 131_072 {
                    #expect((0..<count).allSatisfy { buffer.base[$0] == 0 })
                }
                address = UInt(bitPattern: buffer.base)
                buffer.base.update(repeating: .max, count: count)
            }
        }
    }

    #if os(Linux)
        /// The kernel's flags of the mapping around an address: "dd" where core dumps leave it out, "lo" where it is
        /// locked.
        private func flags(_ buffer: LimbBuffer) throws -> Set<Substring> {
            let address = UInt(bitPattern: buffer.base)
            let file = try #require(fopen("/proc/self/smaps", "r"))
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 4096)
            var isInside = false
            while fgets(&line, Int32(line.count), file) != nil {
                let fields = String(cString: line).split { $0 == " " || $0 == "\n" }
                let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
                if ends.count == 2 { isInside = ends[0] <= address && address < ends[1] }
                if isInside && fields[0] == "VmFlags:" { return Set(fields.dropFirst()) }
            }
            Issue.record("no mapping at \(address)")
            return []
        }

        @Test(arguments: [10, 8192, 400_000]) func secretsAreLeftOutOfDumps(count: Int) throws {
            let secret = LimbBuffer(count: count, isSecret: true)
            #expect(try flags(secret).contains("dd"))
            let open = LimbBuffer(count: count)
            #expect(try !flags(open).contains("dd"))
            withExtendedLifetime((secret, open)) {}
        }

        /// Whether this process may lock as much as all tests together take.
        private static var mayLock: Bool {
            var limit = rlimit()
            return getrlimit(__rlimit_resource_t(8), &limit) == 0
                && (geteuid() == 0 || limit.rlim_cur >= 64 << 20)
        }

        @Test(.enabled(if: mayLock, "a limit of this process forbids to lock memory"))
        func secretsAreLocked() throws {
            let secret = LimbBuffer(count: 8192, isSecret: true)
            #expect(try flags(secret).contains("lo"))
        }
    #endif
}
