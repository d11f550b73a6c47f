// SPDX-License-Identifier: Apache-2.0

extension Forest {
    /// What a leaf asks of the conditions of one chain: a linear form of their bits that is 1 where it is met, else 0.
    ///
    /// Both, one or the other is there; with both, what fails comes before what holds, and the form is the difference of
    /// their bits.
    package struct Term: Sendable, Hashable {
        /// Its bit counts with 1.
        package let holds: Int?
        /// Its bit counts with -1, and 1 is added where nothing is to hold.
        package let fails: Int?

        package var constant: Int64 { holds == nil ? 1 : 0 }
    }

    /// What leads to a place.
    private struct Bounds {
        var holds: Int?
        var fails: Int?
    }

    /// Of each leaf its terms, one a chain, all of which are 1 where it is reached; nil for a leaf that no sample reaches.
    package var paths: [[Term]?] { terms().leaves }

    /// Of each split and each leaf its terms, as above.
    package func terms() -> (splits: [[Term]?], leaves: [[Term]?]) {
        var chainOfCondition: [Int] = []
        for (chain, count) in chains.enumerated() {
            chainOfCondition += [Int](repeating: chain, count: count)
        }
        var ofSplits = [[Term]?](repeating: nil, count: splits.count)
        var ofLeaves = [[Term]?](repeating: nil, count: leafCount)
        var waiting: [(place: Int, bounds: [Int: Bounds])] = roots.map { ($0, [:]) }
        while let (place, bounds) = waiting.popLast() {
            // What can't be met can't be met below either.
            guard bounds.values.allSatisfy({ ($0.fails ?? -1) < ($0.holds ?? .max) }) else {
                continue
            }
            let terms = bounds.keys.sorted().map {
                Term(holds: bounds[$0]!.holds, fails: bounds[$0]!.fails)
            }
            guard place >= 0 else {
                ofLeaves[-1 - place] = terms
                continue
            }
            ofSplits[place] = terms
            let split = splits[place]
            let chain = chainOfCondition[split.condition]
            var (held, failed) = (bounds, bounds)
            let known = bounds[chain] ?? Bounds()
            held[chain, default: known].holds = min(known.holds ?? .max, split.condition)
            failed[chain, default: known].fails = max(known.fails ?? -1, split.condition)
            waiting.append((split.whenTrue, held))
            waiting.append((split.whenFalse, failed))
        }
        return (ofSplits, ofLeaves)
    }

    /// Terms of the leaf that has most.
    package var degree: Int { paths.reduce(1) { max($0, $1?.count ?? 0) } }

    /// Products one after another that a product of so many terms takes.
    package var depth: Int { Self.depth(degree: degree) }

    package static func depth(degree: Int) -> Int {
        Int.bitWidth - (max(degree, 1) - 1).leadingZeroBitCount
    }
}
