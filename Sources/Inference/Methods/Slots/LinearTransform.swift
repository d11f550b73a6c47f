// SPDX-License-Identifier: Apache-2.0

import BFV

/// A linear map on the slots of one ciphertext or several, with integer weights, as baby-step giant-step sums:
/// y = sum over g of perm_g( sum over b of weights_{g,b} * perm_b(x_b) ), where x_b is the source of baby b. Several such
/// sums may share their babies: then the result is a bundle, of which steps take parts.
package final class LinearTransform: CircuitMap {
    package struct Giant: Sendable {
        package let permutation: SlotPermutation
        /// The sum that it is a part of.
        package let output: Int
        package let terms: [Term]
    }

    package struct Term: Sendable {
        /// Index into `babies`.
        package let baby: Int
        /// N integer weights as the diagonal has them: circuits of other groupings share them.
        fileprivate let unmoved: SlotWeights
        /// Columns that the giant's permutation moves them back by.
        fileprivate let rotation: Int
        fileprivate let columns: Int

        /// N integer weights, moved back by the giant's permutation.
        package var weights: [Int64] {
            LinearTransform.moved(unmoved.all, by: rotation, columns: columns)
        }
    }

    package let babies: [BabyStep]
    /// How many ciphertexts it takes.
    package let sourceCount: Int
    package let giants: [Giant]
    /// What each sum is divided by, modulo t: factors of an integer that divides it; none where the list is shorter.
    private let divisors: [[Int64]]
    /// Of a bundle: each sum as a map of its own.
    private let parts: [LinearTransform]
    /// Each sum.
    var sums: [LinearTransform] { parts.isEmpty ? [self] : parts }

    func divisors(ofSum index: Int) -> [Int64] {
        index < divisors.count ? divisors[index] : []
    }

    /// Of each source's babies, and of giants, the permutations that move anything: found once, since a search runs a map
    /// thousands of times.
    let movingBabies: [[SlotPermutation]]
    let movingGiants: [SlotPermutation]
    private let moving: Set<SlotPermutation>
    /// Of each term, giant by giant: whose baby it multiplies, and whether that baby moves.
    let operands: [(source: Int, isMoved: Bool)]
    private let degree: Int

    /// Every permutation that needs a Galois key.
    /// - Precondition: the degree is the shape's.
    package func permutations(degree: Int) -> Set<SlotPermutation> {
        precondition(degree == self.degree)
        return moving
    }

    /// Every source's unit is divided out of its weights. But constants bring the first one's along: small as they are,
    /// they would be residues of any size.
    package func unit(of units: [MessageUnit]) -> MessageUnit { isConstant ? units[0] : .one }

    /// Whether each weight is the same in all slots.
    let isConstant: Bool
    /// Of its weights' polynomials: see `SlotShape.spacing`.
    package let spacing: Int

    let termCount: Int

    /// Diagonals of given steps: rotation d is `baby` + `giant`, modulo the columns. Babies and giants are in the order of
    /// their steps, terms of a giant as they are given; the weights of the outer sum move back by the giant's rotation.
    /// - Parameters:
    ///   - diagonals: of outputs from 0, none left out.
    ///   - divisors: see there.
    convenience init(
        diagonals: [Diagonal], steps: [(baby: Int, giant: Int)], divisors: [[Int64]] = [],
        shape: SlotShape
    ) {
        struct Place: Hashable {
            let source: Int
            let step: Int
        }
        let columns = shape.columns
        let used = Set(zip(diagonals, steps).map { Place(source: $0.source, step: $1.baby) })
            .sorted { ($0.source, $0.step) < ($1.source, $1.step) }
        let number = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
        let babies = used.map {
            BabyStep(source: $0.source, permutation: shape.rotation($0.step & (columns - 1)))
        }
        struct Outer: Hashable {
            let output: Int
            let step: Int
        }
        let byGiant = Dictionary(grouping: zip(diagonals, steps)) {
            Outer(output: $0.output, step: $1.giant)
        }
        let order = byGiant.keys.sorted { ($0.output, $0.step) < ($1.output, $1.step) }
        let giants = order.map { giant in
            let rotation = giant.step & (columns - 1)
            let terms = byGiant[giant]!.map { diagonal, step in
                Term(
                    baby: number[Place(source: diagonal.source, step: step.baby)]!,
                    unmoved: diagonal.weights, rotation: rotation, columns: columns)
            }
            return Giant(
                permutation: shape.rotation(rotation), output: giant.output, terms: terms)
        }
        self.init(babies: babies, giants: giants, divisors: divisors, shape: shape)
    }

    private init(babies: [BabyStep], giants: [Giant], divisors: [[Int64]], shape: SlotShape) {
        let degree = shape.degree
        let sourceCount = (babies.last?.source ?? 0) + 1
        self.babies = babies
        self.sourceCount = sourceCount
        self.giants = giants
        self.divisors = divisors
        self.degree = degree
        let outputs = (giants.last?.output ?? 0) + 1
        parts =
            outputs == 1
            ? []
            : (0..<outputs).map { output in
                LinearTransform(
                    babies: babies,
                    giants: giants.filter { $0.output == output }.map {
                        Giant(permutation: $0.permutation, output: 0, terms: $0.terms)
                    },
                    divisors: output < divisors.count ? [divisors[output]] : [], shape: shape)
            }
        func moves(_ permutation: SlotPermutation) -> Bool {
            !permutation.isIdentity(degree: degree)
        }
        movingBabies = (0..<sourceCount).map { source in
            babies.filter { $0.source == source }.map(\.permutation).filter(moves)
        }
        movingGiants = giants.map(\.permutation).filter(moves)
        moving = Set(movingBabies.joined()).union(movingGiants)
        operands = giants.flatMap { giant in
            giant.terms.map { (babies[$0.baby].source, moves(babies[$0.baby].permutation)) }
        }
        termCount = operands.count
        let periods = giants.flatMap { $0.terms.map(\.unmoved.period) }
        isConstant = periods.allSatisfy { $0 == 1 }
        spacing =
            periods.contains(nil)
            ? 1 : shape.spacing(period: periods.lazy.compactMap { $0 }.max() ?? 1)
    }

    /// Groups diagonals (rotation d * stride, weights) into giants of babies: rotating by (g babyCount + b) stride is
    /// rotating by b stride, then by g babyCount stride.
    convenience init(
        diagonals: [Diagonal], stride: Int, grouping: BabyGrouping, shape: SlotShape
    ) {
        let sorted = diagonals.sorted { ($0.source, $0.index) < ($1.source, $1.index) }
        self.init(
            diagonals: sorted,
            steps: sorted.map {
                (
                    baby: grouping.baby(of: $0.index) * stride,
                    giant: grouping.giant(of: $0.index) * grouping.count * stride
                )
            }, shape: shape)
    }

    /// Every row moved right, cyclically.
    fileprivate static func moved(_ weights: [Int64], by rotation: Int, columns: Int) -> [Int64] {
        if rotation == 0 { return weights }
        var out: [Int64] = []
        out.reserveCapacity(weights.count)
        for row in stride(from: 0, to: weights.count, by: columns) {
            out += weights[row + columns - rotation..<row + columns]
            out += weights[row..<row + columns - rotation]
        }
        return out
    }
}

/// One generalized diagonal: y += weights * (x rotated left by index * stride).
struct Diagonal: Sendable {
    /// Which input ciphertext x is.
    let source: Int
    let index: Int
    let weights: SlotWeights
    /// Which y it is a part of.
    var output = 0

    /// Weights that repeat, where all that slots in use have let them.
    func repeating(where isUsed: [Bool], most: Int) -> Diagonal {
        guard let weights = weights.repeating(where: isUsed, most: most) else { return self }
        return Diagonal(source: source, index: index, weights: weights, output: output)
    }
}
