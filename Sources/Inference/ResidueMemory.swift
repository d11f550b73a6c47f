import Ring

/// Memory for residues: polynomials, keys, weights. Released buffers are kept and used again.
public struct ResidueMemory: Sendable, Equatable {
    /// Buffers made.
    public var taken: Int
    /// Those of them for which memory had to be allocated.
    public var allocated: Int

    /// Of this process, since it began.
    public static var total: ResidueMemory {
        let counts = LimbBuffer.counts
        return ResidueMemory(taken: counts.taken, allocated: counts.allocated)
    }

    public static func - (a: ResidueMemory, b: ResidueMemory) -> ResidueMemory {
        ResidueMemory(taken: a.taken - b.taken, allocated: a.allocated - b.allocated)
    }
}
