// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import IntegerNetworks
import Testing

/// Ranges that clients are told hold the proven ones, and say as little as the modulus lets them.
@Suite struct PublishedRangeTests {
    private static func told(_ bounds: [ClosedRange<BigInt>], _ modulus: BigInt)
        throws -> [ClosedRange<BigInt>]
    {
        try OutputReading(
            bounds: bounds, boundMethod: "interval", rangeIsProven: true,
            units: OutputUnits(scale: 1, outputs: bounds.count, decision: .largest),
            labels: bounds.map { "\($0)" }, decision: .largest, transform: .none
        ).published(within: modulus).bounds
    }

    @Test func powersOfTwoWhereThereIsRoom() throws {
        #expect(try Self.told([-5...3, 0...9], 1 << 20) == [-16...15, -16...15])
        #expect(try Self.told([0...9], 1 << 20) == [0...15])
        // As the slots of Paillier have it: centred, though a wider range would fit the modulus.
        #expect(try Self.told([3...100], 256) == [0...127])
        #expect(try Self.told([-128...127], 256) == [-128...127])
    }

    @Test func endsInCommonWhereTheModulusIsTight() throws {
        #expect(try Self.told([-5...3, 0...9], 15) == [-5...9, -5...9])
        #expect(try Self.told([-5...3, 0...9], 17) == [-6...9, -6...9])
        // No room for one range: each its own.
        #expect(try Self.told([-50...(-40), 40...50], 11) == [-50...(-40), 40...50])
    }

    /// Never narrower than what is proven, never wider than the modulus.
    @Test func alwaysHolds() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            let bounds: [ClosedRange<BigInt>] = (0..<3).map { _ in
                let low = Int.random(in: -1000...1000, using: &generator)
                return BigInt(low)...BigInt(low + Int.random(in: 0...500, using: &generator))
            }
            let widest = bounds.map { $0.upperBound - $0.lowerBound }.max()!
            let modulus = widest + BigInt(Int.random(in: 1...2000, using: &generator))
            for (told, proven) in zip(try Self.told(bounds, modulus), bounds) {
                #expect(told.contains(proven.lowerBound) && told.contains(proven.upperBound))
                #expect(told.upperBound - told.lowerBound < modulus)
            }
        }
    }
}
