// SPDX-License-Identifier: Apache-2.0

/// One integer network that was tried.
package struct FrontierPoint: Sendable, Equatable {
    /// Bits of the input's integers, signed (one less where they have no sign).
    package let inputBits: Int
    /// Bits of the weights of each affine map, signed.
    package let bits: [Int]
    package let perChannel: Bool
    /// log2 of the outputs' range by interval arithmetic.
    package let rangeBits: Double
    /// log2 of what the calibration samples' outputs need.
    package let observedBits: Double
    /// Against the polynomial network.
    package let fidelity: Fidelity

    /// Whether another point needs no more range and is as near.
    func isDominated(by other: FrontierPoint) -> Bool {
        other.rangeBits <= rangeBits && other.fidelity.relativeError <= fidelity.relativeError
            && (other.rangeBits < rangeBits
                || other.fidelity.relativeError < fidelity.relativeError)
    }
}
