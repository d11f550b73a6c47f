import BFV

/// What the operations of a prediction take on one core, in nanoseconds: a model of time that is linear in exact counts.
///
/// Permutations go with key products, lifts with transforms; `overhead` stands for all else: other passes over residues, what
/// caches lose between operations, the bookkeeping.
public struct OperationCosts: Sendable, Equatable, Codable {
    /// A butterfly of a forward NTT; a limb has N/2 log2 N. With the lift of a residue to another modulus before it.
    public var forwardButterfly: Double
    /// The same of an inverse NTT.
    public var inverseButterfly: Double
    /// A residue of a product with a key that comes from memory; a limb has N. With its share of the permutation after it.
    public var keyResidue: Double
    /// The same of a product with an encoded plaintext.
    public var plaintextResidue: Double
    /// What a whole evaluation takes, as a multiple of its operations.
    public var overhead: Double
    /// A residue's product with a small weight, added up.
    public var smallResidue = 0.06
    /// A residue of a tensor product, with the reductions before it and its way through memory.
    public var tensorResidue = 5.0
    /// A residue of c_1 from its seed, with its c_0 unpacked and both written and read.
    public var expandedResidue = 3.0

    public init(
        forwardButterfly: Double, inverseButterfly: Double, keyResidue: Double,
        plaintextResidue: Double, overhead: Double
    ) {
        self.forwardButterfly = forwardButterfly
        self.inverseButterfly = inverseButterfly
        self.keyResidue = keyResidue
        self.plaintextResidue = plaintextResidue
        self.overhead = overhead
    }

    /// Measured on an AMD Zen 4 core at 3.7 GHz with AVX-512 IFMA. The planner chooses by these everywhere, so that a model's plan
    /// is the same on every machine.
    public static let reference = OperationCosts(
        forwardButterfly: 0.20, inverseButterfly: 0.21, keyResidue: 0.30, plaintextResidue: 0.13,
        overhead: 1.4)

    /// One prediction, or one group of samples of the batch layout, on one core.
    public func seconds(_ counts: OperationCounts, degree: Int) -> Double {
        let n = Double(degree)
        let butterflies = n / 2 * Double(degree.trailingZeroBitCount)
        let transforms =
            Double(counts.forwardNTTs) * forwardButterfly
            + Double(counts.inverseNTTs) * inverseButterfly
        let products =
            Double(counts.keyProducts) * keyResidue
            + Double(counts.plaintextProducts) * plaintextResidue
        let tiles =
            Double(counts.smallProducts) * smallResidue
            + Double(counts.tensorProducts) * tensorResidue
            + Double(counts.expansions) * expandedResidue
        return 1e-9 * (overhead * (transforms * butterflies + products * n) + tiles * n)
    }
}
