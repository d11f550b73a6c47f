// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

/// The first permutation of a term of a linear map, and which of the map's ciphertexts it is applied to.
public struct BabyStep: Sendable, Hashable {
    package let source: Int
    package let permutation: SlotPermutation

    /// - Parameters:
    ///   - source: which of the transform's ciphertexts, from 0.
    ///   - permutation: what its slots are moved by.
    public init(source: Int = 0, permutation: SlotPermutation) {
        self.source = source
        self.permutation = permutation
    }
}

/// A linear map on the slots of one ciphertext or several, as sum over g of
/// perm_g( sum over b of plaintext_{g,b} * perm_b(x_b) ), encoded for one plaintext modulus at one level. Several such
/// sums may share their babies.
public struct EncodedTransform: Sendable {
    package struct Giant: Sendable {
        package let permutation: SlotPermutation
        /// The sum that it is a part of.
        package let output: Int
        /// Of each term, the index into `babies`.
        package let babies: [Int]
    }

    private enum Storage {
        /// Limb by limb, block by block, term by term: the order of use, so that memory is read in sequence.
        case packed(PackedLimbs)
        /// Term by term, to be transformed when they are used.
        case coefficients([Int32])
    }

    /// Whether weights are kept as coefficients: in the largest ring with its many moduli a term would take some 7 MB
    /// instead of a quarter of one, and a map or a table has hundreds. What repeats takes little as it is.
    package static func keepsCoefficients(
        degree: Int, plaintext prime: UInt64, spacing: Int
    ) -> Bool {
        degree > 32768 && prime < 1 << 31 && spacing <= block(of: degree)
    }

    /// Sources ascending.
    package let babies: [BabyStep]
    package let giants: [Giant]
    /// Of the ciphertexts that it is applied to.
    package let level: Int
    private let basis: RNSBasis
    /// Of each giant, the number of terms before it.
    private let firstTerms: [Int]
    private let storage: Storage
    /// Values that come after one another and are alike: a power of two, above a block where it is not 1. One block of
    /// each such run is stored.
    private let run: Int
    /// Where weights are drawn anew each time: of each term, as many thresholds as coefficients.
    let dither: [[Int64]]

    var sourceCount: Int { (babies.last?.source ?? 0) + 1 }

    /// Sums that it makes.
    package var outputCount: Int { (giants.last?.output ?? 0) + 1 }

    var termCount: Int { giants.reduce(0) { $0 + $1.babies.count } }

    func hasShape(of other: EncodedTransform) -> Bool {
        babies == other.babies && level == other.level
            && giants.elementsEqual(other.giants) {
                $0.permutation == $1.permutation && $0.output == $1.output
                    && $0.babies == $1.babies
            } && dither.count == other.dither.count
    }

    /// - Parameters:
    ///   - spacing: plaintexts are polynomials in X^spacing, which have that many equal values one after another.
    ///   - keepsCoefficients: see there.
    ///   - fractions: of w / pi; nil where weights are what they are.
    ///   - coefficients: writes those of a term's plaintext.
    fileprivate init(
        babies: [BabyStep], giants: [Giant], level: Int, spacing: Int, basis: RNSBasis,
        keepsCoefficients: Bool, fractions: Fractions?,
        coefficients: (_ giant: Int, _ term: Int, UnsafeMutablePointer<Int64>) -> Void
    ) {
        self.babies = babies
        self.giants = giants
        self.basis = basis
        self.level = level
        var terms = 0
        firstTerms = giants.map { giant in
            defer { terms += giant.babies.count }
            return terms
        }
        let n = basis.degree
        let block = Self.block(of: n)
        let run = spacing > block ? spacing : 1
        self.run = run
        let count = run > 1 ? Self.storedValues(of: n, spacing: spacing) : n
        let storage =
            keepsCoefficients ? nil : PackedLimbs(countPerLimb: terms * count, basis: basis)
        var kept: [Int32] = []
        kept.reserveCapacity(keepsCoefficients ? terms * n : 0)
        let places = giants.indices.flatMap { g in giants[g].babies.indices.map { (g, $0) } }
        let (small, residues) = (LimbBuffer(count: n * Self.batch), LimbBuffer(count: n))
        var dither: [[Int64]] = []
        for first in stride(from: 0, to: terms, by: Self.batch) {
            let batch = places[first..<min(terms, first + Self.batch)]
            for (i, (giant, term)) in batch.enumerated() {
                let weights = Self.signed(small, i * n)
                coefficients(giant, term, weights)
                if let fractions { dither.append(fractions.thresholds(of: weights, count: n)) }
                if keepsCoefficients { kept += (0..<n).map { Int32(weights[$0]) } }
            }
            guard let storage else { continue }
            for (k, table) in basis.tables.enumerated() {
                storage.interleave(
                    batch.count, count: count, block: block, limb: k, at: first * block,
                    stride: terms * block
                ) { i in
                    bsk_reduce_signed(
                        table.modulus, residues.base, Self.signed(small, i * n), n)
                    table.forward(residues.base)
                    if run > 1 {
                        Self.keepFirst(block, ofEach: run, residues.base, count: n)
                    }
                    return UnsafePointer(residues.base)
                }
            }
        }
        withExtendedLifetime((small, residues)) {}
        self.storage = storage.map { .packed($0) } ?? .coefficients(kept)
        self.dither = dither
    }

    private static func block(of degree: Int) -> Int { min(degree, Int(BSK_WEIGHT_BLOCK)) }

    /// Forward transforms of one application to a ciphertext, in so many limbs.
    func transformsCount(limbs: Int) -> Int {
        if case .coefficients = storage { termCount * limbs } else { 0 }
    }

    /// The weights of a giant modulo one prime, in NTT form, `stride` words from one to the next.
    private func transformed(
        _ coefficients: [Int32], giant: Int, table: NTTTable, stride: Int
    ) -> LimbBuffer {
        let n = basis.degree
        let count = giants[giant].babies.count
        let (small, out) = (LimbBuffer(count: n), LimbBuffer(count: count * stride))
        coefficients.withUnsafeBufferPointer { coefficients in
            for term in 0..<count {
                let from = coefficients.baseAddress! + (firstTerms[giant] + term) * n
                let weights = Self.signed(small, 0)
                for i in 0..<n { weights[i] = Int64(from[i]) }
                let x = out.base + term * stride
                bsk_reduce_signed(table.modulus, x, weights, n)
                table.forward(x)
            }
        }
        withExtendedLifetime(small) {}
        return out
    }

    /// Values of a plaintext modulo one prime that are kept, of `degree` in all.
    package static func storedValues(of degree: Int, spacing: Int) -> Int {
        let block = block(of: degree)
        return spacing > block ? degree / spacing * block : degree
    }

    /// - Precondition: all values of a run are equal.
    private static func keepFirst(
        _ block: Int, ofEach run: Int, _ values: UnsafeMutablePointer<UInt64>, count: Int
    ) {
        for (place, start) in stride(from: 0, to: count, by: run).enumerated() {
            let value = values[start]
            precondition(
                (start..<start + run).allSatisfy { values[$0] == value },
                "a plaintext with other powers of X than its spacing says")
            (values + place * block).update(repeating: value, count: block)
        }
    }

    /// Terms that are encoded together: what they take in one limb stays in the second-level cache.
    private static let batch = 8

    private static func signed(_ buffer: LimbBuffer, _ index: Int) -> UnsafeMutablePointer<Int64> {
        UnsafeMutableRawPointer(buffer.base + index).assumingMemoryBound(to: Int64.self)
    }

    /// One limb of what a map sums: pointers to babies and targets, by giant and term.
    struct LimbTerms {
        private let out0: [UnsafeMutablePointer<UInt64>?]
        private let out1: [UnsafeMutablePointer<UInt64>?]
        private let x0: [UnsafePointer<UInt64>?]
        private let x1: [UnsafePointer<UInt64>?]
        private let counts: [Int]

        init(_ giants: [Giant], babies: (Int) -> ResiduePair, into out: (Int) -> ResiduePair) {
            let targets = giants.indices.map(out)
            out0 = targets.map { $0.0 }
            out1 = targets.map { $0.1 }
            let pairs = giants.flatMap { $0.babies.map(babies) }
            x0 = pairs.map { UnsafePointer($0.0) }
            x1 = pairs.map { UnsafePointer($0.1) }
            counts = giants.map(\.babies.count)
        }

        /// Of the values from `start` on.
        /// - Parameters:
        ///   - weights: of these values.
        ///   - count: of values.
        ///   - repeats: whether weights are those of one block.
        func add(
            _ weights: UnsafePointer<UInt8>, from start: Int, count: Int, repeats: Bool,
            modulus: UnsafePointer<bsk_modulus>
        ) {
            func moved<Pointer: Strideable>(_ all: [Pointer?]) -> [Pointer?]
            where Pointer.Stride == Int {
                start == 0 ? all : all.map { $0?.advanced(by: start) }
            }
            bsk_packed_weights(
                modulus, moved(out0), moved(out1), counts, counts.count, weights, moved(x0),
                moved(x1), count, repeats ? 1 : 0)
        }

        /// Of weights in NTT form, `stride` words from one to the next, of one giant.
        func add(
            _ weights: LimbBuffer, stride: Int, giant: Int, first: Int, count: Int,
            modulus: UnsafePointer<bsk_modulus>
        ) {
            let terms = first..<first + counts[giant]
            let w = (0..<counts[giant]).map {
                Optional(UnsafePointer(weights.base + $0 * stride))
            }
            withExtendedLifetime(weights) {
                for (out, x) in [(out0[giant], x0), (out1[giant], x1)] {
                    bsk_inner_product(modulus, out, w, Array(x[terms]), counts[giant], count)
                }
            }
        }
    }

    /// Values of a limb that maps of the same babies work on one after another: those of dozens of babies stay in the
    /// second-level cache.
    static let chunk = 1024

    /// Writes, for each giant, the sum over its terms of plaintext times baby, in limb k.
    func addTerms(
        limb k: Int, modulus: UnsafePointer<bsk_modulus>, babies: (Int) -> ResiduePair,
        into out: (Int) -> ResiduePair
    ) {
        addTerms(
            LimbTerms(giants, babies: babies, into: out), limb: k, modulus: modulus,
            range: 0..<basis.degree)
    }

    /// The same of some of the values, from a multiple of `chunk` on; of all at the first, where weights are transformed
    /// first.
    func addTerms(
        _ terms: LimbTerms, limb k: Int, modulus: UnsafePointer<bsk_modulus>, range: Range<Int>
    ) {
        let packed: PackedLimbs
        switch storage {
        case .packed(let limbs): packed = limbs
        case .coefficients(let coefficients):
            guard range.lowerBound == 0 else { return }
            // Giant by giant: what is transformed is used while it is in a cache.
            let stride = LimbBuffer.stride(degree: basis.degree)
            for giant in giants.indices {
                let weights = transformed(
                    coefficients, giant: giant, table: basis.tables[k], stride: stride)
                terms.add(
                    weights, stride: stride, giant: giant, first: firstTerms[giant],
                    count: basis.degree, modulus: modulus)
            }
            return
        }
        let (n, block) = (basis.degree, Self.block(of: basis.degree))
        // A block of all terms for each run, or for each block.
        let bytes = termCount * block / 8 * basis.tables[k].bits
        let part = min(run > 1 ? run : n, range.count)
        withExtendedLifetime(packed) {
            for start in stride(from: range.lowerBound, to: range.upperBound, by: part) {
                terms.add(
                    packed.limb(k) + start / (run > 1 ? run : block) * bytes, from: start,
                    count: part, repeats: run > 1, modulus: modulus)
            }
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
        encodeTransform(
            babies: babies, giants: giants, spacing: 1, plaintextIndex: plaintextIndex,
            level: level)
    }

    /// The same of slots that repeat.
    /// - Parameter spacing: see `SlotShape.spacing(period:)`.
    package func encodeTransform(
        babies: [BabyStep],
        giants: [(permutation: SlotPermutation, terms: [(baby: Int, slots: [UInt64])])],
        spacing: Int, plaintextIndex: Int, level: Int
    ) -> EncodedTransform {
        let encoder = plaintexts[plaintextIndex].encoder
        return encodeTransform(
            babies: babies, giants: giants.map { ($0.permutation, 0, $0.terms.map(\.baby)) },
            plaintextIndex: plaintextIndex, level: level, spacing: spacing
        ) {
            encoder.encode(giants[$0].terms[$1].slots, times: 1, into: $2)
        }
    }

    /// The same of signed integer weights, a slot each, which are multiplied by a number modulo t for each output and
    /// source.
    ///
    /// - Parameters:
    ///   - giants: outputs ascending from 0, none left out.
    ///   - spacing: see `SlotShape.spacing(period:)`.
    ///   - isDithered: whether each use draws the weights' representatives modulo pi anew; then they repeat no more.
    package func encodeTransform(
        babies: [BabyStep],
        giants: [(
            permutation: SlotPermutation, output: Int, terms: [(baby: Int, weights: [Int64])]
        )],
        factors: [[UInt64]], spacing: Int = 1, plaintextIndex: Int, level: Int,
        isDithered: Bool = false
    ) -> EncodedTransform {
        let encoder = plaintexts[plaintextIndex].encoder
        return encodeTransform(
            babies: babies,
            giants: giants.map { ($0.permutation, $0.output, $0.terms.map(\.baby)) },
            plaintextIndex: plaintextIndex, level: level, spacing: isDithered ? 1 : spacing,
            fractions: isDithered ? Fractions(encoder.modulus) : nil
        ) {
            let term = giants[$0].terms[$1]
            encoder.encode(
                weights: term.weights,
                times: factors[giants[$0].output][babies[term.baby].source], into: $2)
        }
    }

    private func encodeTransform(
        babies: [BabyStep],
        giants: [(permutation: SlotPermutation, output: Int, babies: [Int])],
        plaintextIndex: Int, level: Int, spacing: Int = 1, fractions: Fractions? = nil,
        coefficients: (_ giant: Int, _ term: Int, UnsafeMutablePointer<Int64>) -> Void
    ) -> EncodedTransform {
        precondition(giants.allSatisfy { !$0.babies.isEmpty })
        precondition(zip(babies, babies.dropFirst()).allSatisfy { $0.source <= $1.source })
        precondition(zip(giants, giants.dropFirst()).allSatisfy { $0.output <= $1.output })
        return EncodedTransform(
            babies: babies,
            giants: giants.map {
                EncodedTransform.Giant(
                    permutation: $0.permutation, output: $0.output, babies: $0.babies)
            }, level: level, spacing: spacing, basis: extendedBasis(level: level),
            keepsCoefficients: EncodedTransform.keepsCoefficients(
                degree: degree, plaintext: plaintexts[plaintextIndex].encoder.modulus.prime,
                spacing: spacing),
            fractions: fractions,
            coefficients: coefficients)
    }
}
