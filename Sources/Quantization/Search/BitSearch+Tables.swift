// SPDX-License-Identifier: Apache-2.0

/// Where tables bound sums, finer codes leave coarser weights: neither all fine nor all coarse is best.
extension BitSearch {
    /// Levels of codes that are tried, from one bit and a sign on.
    private static let levels = [1, 2, 3, 5, 7, 11, 15, 23, 31, 63]
    /// Times that each value's codes are chosen anew.
    private static let rounds = 3

    /// Measures codes of one size for all values, then of each value others, the rest as they are.
    ///
    /// - Parameter progress: called with the share done.
    mutating func exploreTables(progress: (Double) -> Void) throws(QuantizationError) {
        let levels = Self.levels.filter { $0 >= max(1, lowest / 2) && $0 <= highest }
        var best: Measured?
        func better(_ found: Measured?) -> Bool {
            guard let found else { return false }
            return best.map { isNearer(found, $0) } ?? true
        }
        let ranges: [RangeMethod] = [options.calibration, .minMax]
        for range in ranges.prefix(options.calibration == .minMax ? 1 : 2) {
            for count in levels {
                var allocation = BitAllocation(
                    input: count, weights: network.nodes.map { _ in highest },
                    perChannel: options.perChannel, range: range)
                for node in tableNodes { allocation.weights[node] = count }
                let found = measure(allocation)
                if better(found) { best = found }
            }
        }
        guard best != nil else { throw failures.first ?? .invalidNetwork("nothing was found") }
        let parameters = (network.fixedInput == nil ? [0] : []) + tableNodes.map { $0 + 1 }
        for round in 0..<Self.rounds {
            let before = best?.allocation
            for (place, parameter) in parameters.enumerated() {
                for count in levels {
                    var allocation = best!.allocation
                    allocation[parameter] = count
                    let found = measure(allocation)
                    if better(found) { best = found }
                }
                progress(
                    (Double(round) + Double(place + 1) / Double(parameters.count))
                        / Double(Self.rounds))
            }
            if best?.allocation == before { break }
        }
    }
}
