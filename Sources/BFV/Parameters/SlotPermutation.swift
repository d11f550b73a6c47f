// SPDX-License-Identifier: Apache-2.0

/// A permutation of the slots that a Galois automorphism makes, as it acts on N slots in two rows (index 1).
/// `SlotShape` has the rotations of fewer slots.
public struct SlotPermutation: Sendable, Hashable {
    /// Columns move left by this much, cyclically in both rows: column i takes column i + rotation.
    package let rotation: Int
    /// Whether the rows change places.
    package let swapsRows: Bool

    /// - Parameters:
    ///   - rotation: columns to the left in both rows, any integer.
    ///   - swapsRows: whether the two rows change places besides.
    public init(rotation: Int, swapsRows: Bool = false) {
        self.rotation = rotation
        self.swapsRows = swapsRows
    }

    package static let swapRows = SlotPermutation(rotation: 0, swapsRows: true)

    package static func < (a: SlotPermutation, b: SlotPermutation) -> Bool {
        (a.swapsRows ? 1 : 0, a.rotation) < (b.swapsRows ? 1 : 0, b.rotation)
    }

    /// The same permutation with its rotation in 0 ..< N/2.
    package func normalized(degree: Int) -> SlotPermutation {
        SlotPermutation(rotation: rotation & (degree / 2 - 1), swapsRows: swapsRows)
    }

    package func isIdentity(degree: Int) -> Bool {
        !swapsRows && rotation & (degree / 2 - 1) == 0
    }

    /// k of the automorphism X -> X^k: 3^rotation, negated for a row swap, modulo 2N.
    package func galoisElement(degree: Int) -> Int {
        let mask = 2 * degree - 1
        var result = 1
        var power = 3
        var exponent = rotation & (degree / 2 - 1)
        while exponent > 0 {
            if exponent & 1 == 1 { result = result * power & mask }
            power = power * power & mask
            exponent >>= 1
        }
        return swapsRows ? 2 * degree - result : result
    }
}
