import BFV
import BigIntegers

/// What is proven of a plan before any key is made.
public struct Certificate: Sendable, Equatable {
    /// Every output integer is in its range, for every input in the box; if `rangeIsProven`.
    public let outputBounds: [ClosedRange<BigInt>]
    /// False where the bounds are what calibration samples gave, and a margin: an input beyond them may give a wrong result.
    public let rangeIsProven: Bool
    /// How the bounds were proven, in words.
    public let boundMethod: String
    /// T: a result is the one integer of its range with the residue that decryption finds modulo T.
    public let plaintextModulus: BigInt
    /// log2 of (q/2) / (noise bound) of the reply, for each t_i: above zero, decryption fails with
    /// probability below 2^-128.
    public let noiseMarginBits: [Double]
    /// QP, compared exactly with the security table.
    public let keyModulus: BigInt
    public let degree: Int
    public let security: SecurityLevel

    package init(
        outputBounds: [ClosedRange<BigInt>], boundMethod: String, plaintextModulus: BigInt,
        noiseMarginBits: [Double], keyModulus: BigInt, degree: Int, security: SecurityLevel,
        rangeIsProven: Bool
    ) {
        self.outputBounds = outputBounds
        self.rangeIsProven = rangeIsProven
        self.boundMethod = boundMethod
        self.plaintextModulus = plaintextModulus
        self.noiseMarginBits = noiseMarginBits
        self.keyModulus = keyModulus
        self.degree = degree
        self.security = security
    }

    /// The widest range of an output: a result is known from its residue modulo any larger T.
    public var widestRange: BigInt {
        outputBounds.reduce(BigInt(0)) { max($0, $1.upperBound - $1.lowerBound) }
    }

    /// log2(T) - log2(widest range): the room that is left before a result could wrap.
    public var rangeMarginBits: Double {
        plaintextModulus.log2Lower - (widestRange + 1).log2Upper
    }

    /// The table's bound on log2(QP), where the plan claims security.
    public var allowedKeyBits: Int? {
        SecurityTable.maximumBits(degree: degree, level: security)
    }

    /// Whether all of it holds; of the range, what is claimed of it.
    public var holds: Bool {
        widestRange < plaintextModulus && noiseMarginBits.allSatisfy { $0 > 0 }
            && SecurityTable.allows(modulus: keyModulus, degree: degree, level: security)
    }
}
