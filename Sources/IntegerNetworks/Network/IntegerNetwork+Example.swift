// SPDX-License-Identifier: Apache-2.0

extension IntegerNetwork {
    /// Integers that some sample may have, spread over the box; other ones from another start.
    package func example(from start: Int = 0) -> [Int] {
        let range = input.range
        guard let forest else {
            return (0..<inputCount).map { range.lowerBound + (start + $0 * 7) % range.count }
        }
        // Of each chain the conditions from some one on hold.
        return forest.chains.enumerated().flatMap { chain, count -> [Int] in
            let first = (start + 7 * chain) % (count + 1)
            return (0..<count).map { $0 < first ? 0 : 1 }
        }
    }
}
