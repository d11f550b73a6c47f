import BigIntegers
import RLWE

/// What is proven of a plan before any key is made.
public struct Certificate: Sendable, Equatable {
    /// Every output integer is in its range, for every input in the box.
    public let outputBounds: [ClosedRange<BigInt>]
    /// How the bounds were proven, in words.
    public let boundMethod: String
    /// T: results are exact in (-T/2, T/2).
    public let plaintextModulus: BigInt
    /// log2 of (q/2) / (noise bound) of the reply, for each t_i: above zero, decryption fails with
    /// probability below 2^-128.
    public let noiseMarginBits: [Double]
    /// QP, compared exactly with the security table.
    public let keyModulus: BigInt
    public let degree: Int
    public let security: SecurityLevel

    /// The largest magnitude of an output.
    public var largestOutput: BigInt {
        outputBounds.reduce(BigInt(0)) { max($0, $1.lowerBound.magnitude, $1.upperBound.magnitude) }
    }

    /// log2(T / 2) - log2(largest output): the room that is left before a result could wrap.
    public var rangeMarginBits: Double {
        plaintextModulus.log2Lower - 1 - max(BigInt(1), largestOutput).log2Upper
    }

    /// The table's bound on log2(QP), where the plan claims security.
    public var allowedKeyBits: Int? {
        SecurityTable.maximumBits(degree: degree, level: security)
    }

    /// Whether all of it holds.
    public var holds: Bool {
        (largestOutput << 1) < plaintextModulus && noiseMarginBits.allSatisfy { $0 > 0 }
            && SecurityTable.allows(modulus: keyModulus, degree: degree, level: security)
    }
}
