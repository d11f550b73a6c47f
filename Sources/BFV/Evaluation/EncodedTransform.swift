import CKernels
import Ring

/// The first permutation of a term of a linear map, and which of the map's ciphertexts it is applied to.
public struct BabyStep: Sendable, Hashable {
    public let source: Int
    public let permutation: SlotPermutation

    public init(source: Int = 0, permutation: SlotPermutation) {
        self.source = source
        self.permutation = permutation
    }
}

/// A linear map on the slots of one ciphertext or several, as sum over g of
/// perm_g( sum over b of plaintext_{g,b} * perm_b(x_b) ), encoded for one plaintext modulus at one level.
public struct EncodedTransform: Sendable {
    public struct Giant: Sendable {
        public let permutation: SlotPermutation
        /// Of each term, the index into `babies`.
        public let babies: [Int]
    }

    /// Sources ascending.
    public let babies: [BabyStep]
    public let giants: [Giant]
    /// Of the ciphertexts that it is applied to.
    public let level: Int
    private let basis: RNSBasis
    /// Of each giant, the number of terms before it.
    private let firstTerms: [Int]
    /// Limb by limb, block by block, term by term: the order of use, so that memory is read in sequence.
    private let storage: PackedLimbs

    var sourceCount: Int { (babies.last?.source ?? 0) + 1 }

    var termCount: Int { giants.reduce(0) { $0 + $1.babies.count } }

    func hasShape(of other: EncodedTransform) -> Bool {
        babies == other.babies && level == other.level
            && giants.elementsEqual(other.giants) {
                $0.permutation == $1.permutation && $0.babies == $1.babies
            }
    }

    fileprivate init(
        babies: [BabyStep], giants: [Giant], basis: RNSBasis,
        factor: (_ giant: Int, _ term: Int) -> Polynomial<NTTValues>
    ) {
        self.babies = babies
        self.giants = giants
        self.basis = basis
        level = basis.count - 1
        var terms = 0
        firstTerms = giants.map { giant in
            defer { terms += giant.babies.count }
            return terms
        }
        let n = basis.degree
        let block = min(n, Int(BSK_WEIGHT_BLOCK))
        storage = PackedLimbs(countPerLimb: terms * n, basis: basis)
        for (g, giant) in giants.enumerated() {
            for t in giant.babies.indices {
                let values = factor(g, t)
                withExtendedLifetime(values) {
                    for k in 0..<basis.count {
                        for start in stride(from: 0, to: n, by: block) {
                            storage.store(
                                values.limb(k) + start, count: block, limb: k,
                                at: terms * start + (firstTerms[g] + t) * block)
                        }
                    }
                }
            }
        }
    }

    /// Writes, for each giant, the sum over its terms of plaintext times baby, in limb k.
    func addTerms(
        limb k: Int, modulus: UnsafePointer<bsk_modulus>,
        babies: (Int) -> (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>),
        into out: (Int) -> (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>)
    ) {
        let targets = giants.indices.map(out)
        let out0 = targets.map { Optional($0.0) }
        let out1 = targets.map { Optional($0.1) }
        let counts = giants.map(\.babies.count)
        let pairs = giants.flatMap { $0.babies.map(babies) }
        let x0 = pairs.map { Optional(UnsafePointer($0.0)) }
        let x1 = pairs.map { Optional(UnsafePointer($0.1)) }
        withExtendedLifetime(storage) {
            bsk_packed_weights(
                modulus, out0, out1, counts, giants.count, storage.limb(k), x0, x1, basis.degree)
        }
    }
}

extension BFVContext {
    /// Encodes a linear map for ciphertexts at `level`.
    ///
    /// - Parameters:
    ///   - babies: sources ascending from 0, none left out.
    ///   - giants: of each, its permutation and its terms: an index into `babies`, and slots in [0, t).
    /// - Precondition: every giant has a term; indices are in range.
    public func encodeTransform(
        babies: [BabyStep],
        giants: [(permutation: SlotPermutation, terms: [(baby: Int, slots: [UInt64])])],
        plaintextIndex: Int, level: Int
    ) -> EncodedTransform {
        precondition(giants.allSatisfy { !$0.terms.isEmpty })
        precondition(zip(babies, babies.dropFirst()).allSatisfy { $0.source <= $1.source })
        return EncodedTransform(
            babies: babies,
            giants: giants.map {
                EncodedTransform.Giant(permutation: $0.permutation, babies: $0.terms.map(\.baby))
            }, basis: extendedBasis(level: level)
        ) { giant, term in
            encodeFactor(
                slots: giants[giant].terms[term].slots, plaintextIndex: plaintextIndex,
                level: level
            ).values
        }
    }
}
