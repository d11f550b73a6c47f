import Ring

/// A plaintext polynomial in NTT form modulo Q_l and P, ready to multiply ciphertexts at level l.
public struct EncodedPlaintext: Sendable {
    package let values: Polynomial<NTTValues>
    package var level: Int { values.limbCount - 1 }
}

/// A plaintext polynomial scaled by Q_l / t, in NTT form, ready to be added at level l.
public struct EncodedConstant: Sendable {
    package let values: Polynomial<NTTValues>
    public let plaintextIndex: Int
    package var level: Int { values.limbCount }
}

extension RLWEContext {
    /// - Parameters:
    ///   - slots: N values in [0, t).
    ///   - level: of the ciphertexts that it will multiply.
    public func encodeFactor(
        slots: [UInt64], plaintextIndex: Int, level: Int
    ) -> EncodedPlaintext {
        let coefficients = plaintexts[plaintextIndex].encoder.encode(slots)
        return EncodedPlaintext(
            values: Polynomial(signed: coefficients, basis: extendedBasis(level: level))
                .forwardNTT())
    }

    /// As `encodeFactor`, for addition.
    public func encodeConstant(
        slots: [UInt64], plaintextIndex: Int, level: Int
    ) -> EncodedConstant {
        let coefficients = plaintexts[plaintextIndex].encoder.encode(slots)
        let polynomial = scaled(
            coefficients, plaintextIndex: plaintextIndex, basis: basis(level: level))
        return EncodedConstant(
            values: polynomial.forwardNTT().asPublic(), plaintextIndex: plaintextIndex)
    }
}
