// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Random changes of bytes.
enum Mutation {
    static func apply(to bytes: inout [UInt8], _ generator: inout SplitMix64) {
        guard !bytes.isEmpty else {
            bytes = [UInt8.random(in: 0...255, using: &generator)]
            return
        }
        // Half of the hits near the start, where small fields are.
        let limit = Bool.random(using: &generator) ? min(bytes.count, 400) : bytes.count
        let at = Int.random(in: 0..<limit, using: &generator)
        let end = min(bytes.count, at + Int.random(in: 1...64, using: &generator))
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: bytes[at] = .random(in: 0...255, using: &generator)
        case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes[at] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator)!
        case 3: bytes.remove(at: at)
        case 4: bytes.insert(.random(in: 0...255, using: &generator), at: at)
        case 5:
            // The longest varint.
            bytes.replaceSubrange(at..<at, with: [UInt8](repeating: 0xFF, count: 9) + [1])
        case 6: bytes.insert(contentsOf: bytes[at..<end], at: at)
        default: bytes.removeSubrange(at..<end)
        }
    }

    /// Changes a number: a little, or to what is special.
    static func change<Number: FixedWidthInteger>(
        _ value: inout Number, _ generator: inout SplitMix64
    ) {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: value &+= 1
        case 1: value &-= 1
        case 2: value = [0, 1, 2, .max, .min, .max / 2].randomElement(using: &generator)!
        case 3:
            value ^=
                1
                << Number(
                    truncatingIfNeeded: Int.random(in: 0..<Number.bitWidth, using: &generator))
        default: value = Number(truncatingIfNeeded: Int.random(in: 0...64, using: &generator))
        }
    }

    /// Changes an element, or drops, repeats or moves some.
    static func change<Number: FixedWidthInteger>(
        _ values: inout [Number], _ generator: inout SplitMix64
    ) {
        guard let at = values.indices.randomElement(using: &generator) else {
            values.append(Number(truncatingIfNeeded: Int.random(in: 0...9, using: &generator)))
            return
        }
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: values.remove(at: at)
        case 1: values.insert(values[at], at: at)
        case 2: values.swapAt(at, values.indices.randomElement(using: &generator)!)
        default: change(&values[at], &generator)
        }
    }
}
