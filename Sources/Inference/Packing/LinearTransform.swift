import RLWE

/// A linear map on slots with integer weights, as baby-step giant-step sums:
/// y = sum over g of perm_g( sum over b of weights_{g,b} * perm_b(x) ).
public final class LinearTransform: Sendable {
    public struct Giant: Sendable {
        public let permutation: SlotPermutation
        /// (index into `babies`, N integer weights, already moved back by `permutation`).
        public let terms: [Term]
    }

    public struct Term: Sendable {
        public let baby: Int
        public let weights: [Int64]
    }

    public let babies: [SlotPermutation]
    public let giants: [Giant]

    /// Every permutation that needs a Galois key.
    func permutations(degree: Int) -> [SlotPermutation] {
        (babies + giants.map(\.permutation)).filter { !$0.isIdentity(degree: degree) }
    }

    var termCount: Int { giants.reduce(0) { $0 + $1.terms.count } }

    /// Groups diagonals (rotation d * stride, weights) into giants of `babyCount` babies.
    ///
    /// Rotating by (g babyCount + b) stride is rotating by b stride, then by g babyCount stride; the
    /// weights of the outer sum move back by the giant's rotation.
    init(diagonals: [Diagonal], stride: Int, babyCount: Int, slotCount: Int) {
        let columns = slotCount / 2
        let used = Set(diagonals.map { $0.index % babyCount }).sorted()
        babies = used.map { SlotPermutation(rotation: $0 * stride) }
        let byGiant = Dictionary(grouping: diagonals) { $0.index / babyCount }
        giants = byGiant.keys.sorted().map { g in
            let rotation = g * babyCount * stride
            let terms = byGiant[g]!.sorted { $0.index < $1.index }.map { diagonal in
                Term(
                    baby: used.firstIndex(of: diagonal.index % babyCount)!,
                    weights: (0..<slotCount).map { slot in
                        let (row, column) = (slot / columns, slot % columns)
                        let moved = (column - rotation) & (columns - 1)
                        return diagonal.weights[row * columns + moved]
                    })
            }
            return Giant(permutation: SlotPermutation(rotation: rotation), terms: terms)
        }
    }
}

/// One generalized diagonal: y += weights * (x rotated left by index * stride).
struct Diagonal: Sendable {
    let index: Int
    let weights: [Int64]
}
