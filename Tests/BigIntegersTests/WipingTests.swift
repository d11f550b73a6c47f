// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CGMP
import Testing

/// Looks at a block as it is given back. One at a time: the callback can carry no state.
@Suite(.serialized) struct WipingTests {
    nonisolated(unsafe) static var blockWasZero = false
    static let size = 40

    private static let look: @convention(c) (UnsafeMutableRawPointer?) -> Void = { block in
        let bytes = UnsafeRawBufferPointer(start: block!, count: size)
        blockWasZero = bytes.allSatisfy { $0 == 0 }
        free(block)
    }

    private func filledBlock() -> UnsafeMutableRawPointer {
        let block = bsg_allocate(Self.size)
        memset(block, 0xA5, Self.size)
        return block
    }

    @Test func releaseWipes() {
        Self.blockWasZero = false
        bsg_release(filledBlock(), Self.size, Self.look)
        #expect(Self.blockWasZero)
    }

    @Test(arguments: [8, 40, 400]) func growthKeepsTheBytesAndWipesTheOldBlock(newSize: Int) {
        Self.blockWasZero = false
        let moved = bsg_move(filledBlock(), Self.size, newSize, Self.look)
        #expect(Self.blockWasZero)
        let kept = UnsafeRawBufferPointer(start: moved, count: min(newSize, Self.size))
        #expect(kept.allSatisfy { $0 == 0xA5 })
        bsg_free(moved, newSize)
    }

    /// GMP itself must be told: without it, its own free and realloc leave the limbs behind.
    @Test func numbersUseTheWipingFunctions() {
        #expect((BigInt(1) << 100).bitLength == 101)
        #expect(gmpMemoryIsWiped())
    }

    @Test func wipesArrays() {
        var bytes: [UInt8] = [1, 2, 3]
        bytes.wipe()
        #expect(bytes == [0, 0, 0])
        var empty: [UInt8] = []
        empty.wipe()
        #expect(empty.isEmpty)
    }
}
