// SPDX-License-Identifier: Apache-2.0

/// Chooses what one unit of an affine map's results stands for, row by row, so that its weights become integers.
struct WeightScales {
    /// One of the sources of an affine map.
    struct Group {
        let map: LinearMap
        /// Root of the mean square of the source's integers.
        let size: Double
    }

    /// Relative error that ratios of identities may have.
    static let ratioTolerance = 0x1p-8
    /// Most steps of weights that are integers already.
    static let maximumExactLevels = 127

    /// Of each row.
    private(set) var scales: [Double]
    /// Steps up to the largest weight that make all weights of all rows integers, where they are that already.
    private(set) var exactLevels: Int?

    /// - Parameters:
    ///   - granule: rows that share a scale, one after another.
    ///   - levels: integer that the largest weight of the source that matters most becomes.
    init(_ groups: [Group], rows: Int, granule: Int, levels: Int) {
        scales = [Double](repeating: 1, count: rows)
        let granules = rows / granule
        var weights = [[[Double]]](
            repeating: [[Double]](repeating: [], count: groups.count), count: granules)
        var isIdentity = [Bool](repeating: true, count: groups.count)
        for (index, group) in groups.enumerated() {
            isIdentity[index] = Self.hasOneEntryARow(group.map)
            group.map.forEachWeight { row, weight in
                if weight != 0 { weights[row / granule][index].append(weight) }
            }
        }
        var exact: Int? = 1
        for g in 0..<granules {
            let (scale, levelsNeeded) = Self.scale(weights[g], groups, isIdentity, levels)
            exact = exact.flatMap { known in levelsNeeded.map { max(known, $0) } }
            for row in g * granule..<(g + 1) * granule { scales[row] = scale }
        }
        exactLevels = exact
    }

    /// Multiplies the scale of each row; of none given, of none.
    mutating func scale(rows factors: [Double]) {
        for (row, factor) in factors.enumerated() { scales[row] *= factor }
    }

    private static func hasOneEntryARow(_ map: LinearMap) -> Bool {
        switch map {
        case .identity: true
        case .convolution: false
        case .matrix(let matrix):
            (0..<matrix.rows).allSatisfy { matrix.entries(ofRow: $0).count <= 1 }
        }
    }

    private static func scale(
        _ weights: [[Double]], _ groups: [Group], _ isIdentity: [Bool], _ levels: Int
    ) -> (scale: Double, exactLevels: Int?) {
        let present = groups.indices.filter { !weights[$0].isEmpty }
        guard !present.isEmpty else { return (1, 1) }
        let all = present.flatMap { weights[$0] }
        let largest = all.reduce(0) { max($0, abs($1)) }
        guard largest > 0, largest.isFinite else { return (1, nil) }
        if let count = exactLevels(all, largest: largest) {
            if count <= levels { return (largest / Double(count), count) }
        }
        // The source whose rounding errors weigh most decides.
        func weight(_ group: Int) -> Double {
            groups[group].size * Double(weights[group].count).squareRoot()
        }
        let dominant = present.max { weight($0) < weight($1) }!
        let scale = leastSquares(weights[dominant], levels: levels)
        let identities = present.filter {
            isIdentity[$0] && Encoding.uniform(weights[$0].map(abs)) != nil
        }
        guard groups.count > 1, !identities.isEmpty else {
            return (scale, exactLevels(all, largest: largest))
        }
        let factors = identities.map { abs(weights[$0][0]) }
        let onlyIdentities = identities.count == present.count
        return (aligned(factors, start: onlyIdentities ? factors[0] : scale), nil)
    }

    /// The least count such that all weights are multiples of the largest by it, up to rounding errors of Float.
    private static func exactLevels(_ weights: [Double], largest: Double) -> Int? {
        (1...maximumExactLevels).first { count in
            let factor = Double(count) / largest
            return weights.allSatisfy { weight in
                let integer = weight * factor
                // No weight is lost: one of another source may be far smaller than the largest.
                return abs(integer - integer.rounded()) < 1e-4 && abs(integer) > 0.5
            }
        }
    }

    /// Near largest / levels, where rounding changes least.
    private static func leastSquares(_ weights: [Double], levels: Int) -> Double {
        let largest = weights.reduce(0) { max($0, abs($1)) }
        let step = max(1, weights.count / 4096)
        let sampled = stride(from: 0, to: weights.count, by: step).map { weights[$0] }
        var best = (scale: largest / Double(levels), error: Double.infinity)
        for tenth in -4...4 {
            let scale = largest / (Double(levels) + Double(tenth) / 10)
            let error = sampled.reduce(0) { sum, weight in
                let difference = weight - scale * (weight / scale).rounded()
                return sum + difference * difference
            }
            if error < best.error { best = (scale, error) }
        }
        return best.scale
    }

    /// A scale not above the start, or little, that makes the first factor an integer and the others nearly so.
    private static func aligned(_ factors: [Double], start: Double) -> Double {
        let first = max(1, (factors[0] / start).rounded())
        var best = (scale: factors[0] / first, error: Double.infinity)
        for extra in 0..<256 {
            let scale = factors[0] / (first + Double(extra))
            let error = factors.dropFirst().reduce(0) { error, factor in
                let integer = factor / scale
                return max(error, abs(integer - integer.rounded()) / integer)
            }
            if error < best.error { best = (scale, error) }
            if error < ratioTolerance { break }
        }
        return best.scale
    }
}
