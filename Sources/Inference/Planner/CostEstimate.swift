import BFV
import BigIntegers

/// What a plan costs, known before any key is made. Counts and bytes are exact; memory and work are
/// estimates.
public struct CostEstimate: Sendable, Equatable {
    /// Of one prediction, all t_i together.
    public let operations: OperationCounts
    /// Packed residues, without message framing.
    public let requestBytes: Int
    public let replyBytes: Int
    public let evaluationKeyBytes: Int
    /// Encoded weights, expanded keys and ciphertexts in flight.
    public let serverMemoryBytes: Int

    package init(
        operations: OperationCounts, requestBytes: Int, replyBytes: Int,
        evaluationKeyBytes: Int, serverMemoryBytes: Int
    ) {
        self.operations = operations
        self.requestBytes = requestBytes
        self.replyBytes = replyBytes
        self.evaluationKeyBytes = evaluationKeyBytes
        self.serverMemoryBytes = serverMemoryBytes
    }
}

extension BFVParameters {
    /// Bits of one residue modulo each of the first `level` moduli, summed.
    func residueBits(level: Int) -> Int {
        ciphertextModuli[..<level].reduce(0) { $0 + $1.bitWidthUsed }
    }

    /// Bytes of the b_j of a key; the a_j come from its seed.
    func keyBytes(_ gadget: Gadget) -> Int {
        let digits = ciphertextModuli[..<gadget.level].reduce(0) {
            $0 + gadget.digitCount(modulusBits: $1.bitWidthUsed)
        }
        let bits = residueBits(level: gadget.level) + specialModulus.bitWidthUsed
        return digits * bits * degree / 8
    }

    /// Words of a key in memory, a_j expanded, in bytes.
    func expandedKeyBytes(_ gadget: Gadget) -> Int {
        let digits = ciphertextModuli[..<gadget.level].reduce(0) {
            $0 + gadget.digitCount(modulusBits: $1.bitWidthUsed)
        }
        return 2 * digits * (gadget.level + 1) * degree * 8
    }
}
