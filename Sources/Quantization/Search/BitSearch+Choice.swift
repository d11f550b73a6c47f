// SPDX-License-Identifier: Apache-2.0

extension BitSearch {
    /// Rounds of single steps.
    private static let rounds = 6

    /// The smallest range within the tolerances; where none is within them or the budget rules those out, the nearest
    /// network.
    mutating func best(budget: Double?) throws(QuantizationError) -> Measured {
        let fitting = measured.filter { $0.point.rangeBits <= budget ?? .infinity }
        let tolerable = fitting.filter { isWithinTolerance($0.point) }
        if let smallest = tolerable.min(by: { isSmaller($0, $1) }) {
            let small = narrowed(smallest)
            let free = min(max(options.freeRange, small.point.rangeBits), budget ?? .infinity)
            let others = measured.filter {
                $0.point.rangeBits <= free && isWithinTolerance($0.point)
            }
            // What comes nearer in the same range may leave room for less.
            let near = improved(others.min { isNearer($0, $1) } ?? small, budget: free)
            return near.point.rangeBits <= options.freeRange ? near : narrowed(near)
        }
        if let nearest = fitting.min(by: { isNearer($0, $1) }) {
            guard let budget else { return nearest }
            let best = improved(nearest, budget: budget)
            return isWithinTolerance(best.point) ? narrowed(best) : best
        }
        guard let budget, let smallest = measured.map(\.point.rangeBits).min() else {
            throw failures.first ?? .invalidNetwork("nothing was found")
        }
        throw .budgetTooSmall(smallest: smallest, budget: budget)
    }

    /// What a network loses: changed decisions, or error.
    private func loss(_ point: FrontierPoint) -> Double {
        let error = point.fidelity.relativeError
        return network.decision == .regression
            ? error : point.fidelity.expectedChanges + 0.01 * error
    }

    private func isSmaller(_ a: Measured, _ b: Measured) -> Bool {
        (a.point.rangeBits, loss(a.point)) < (b.point.rangeBits, loss(b.point))
    }

    func isNearer(_ a: Measured, _ b: Measured) -> Bool {
        (loss(a.point), a.point.rangeBits) < (loss(b.point), b.point.rangeBits)
    }

    /// Lowers single parameters as long as the tolerances hold.
    private mutating func narrowed(_ start: Measured) -> Measured {
        var best = start
        for _ in 0..<Self.rounds {
            var isBetter = false
            for parameter in searched {
                for part in [0.6, 0.8, 0.9] {
                    var allocation = best.allocation
                    guard lower(&allocation, parameter, by: part) else { continue }
                    guard let found = measure(allocation), isWithinTolerance(found.point),
                        found.point.rangeBits < best.point.rangeBits
                    else { continue }
                    best = found
                    isBetter = true
                    break
                }
            }
            guard isBetter else { break }
        }
        return best
    }

    /// Raises a parameter, and lowers another if that is needed, as long as the network comes nearer within the budget.
    private mutating func improved(_ start: Measured, budget: Double) -> Measured {
        var best = start
        for _ in 0..<Self.rounds {
            var next = best
            for raised in searched {
                var allocation = best.allocation
                let levels = allocation[raised]
                allocation[raised] = min(highest, max(levels + 1, levels * 5 / 4))
                guard allocation[raised] > levels else { continue }
                if let found = measure(allocation), found.point.rangeBits <= budget {
                    if isNearer(found, next) { next = found }
                    continue
                }
                for lowered in searched where lowered != raised {
                    var exchanged = allocation
                    guard lower(&exchanged, lowered, by: 0.8), let found = measure(exchanged),
                        found.point.rangeBits <= budget, isNearer(found, next)
                    else { continue }
                    next = found
                }
            }
            guard isNearer(next, best) else { break }
            best = next
        }
        return best
    }

    /// Whether it could be.
    private func lower(
        _ allocation: inout BitAllocation, _ parameter: Int, by part: Double
    ) -> Bool {
        let levels = allocation[parameter]
        let lower = max(floor(of: parameter), Int((Double(levels) * part).rounded(.down)))
        allocation[parameter] = lower
        return lower < levels
    }

    // MARK: What was found

    /// The least error of what was measured within a budget.
    func leastError(budget: Double?) -> Double {
        let fitting = measured.filter { $0.point.rangeBits <= budget ?? .infinity }
        return fitting.map(\.point.fidelity.relativeError).min() ?? .infinity
    }

    /// Whether anything measured is within the tolerances and a budget.
    func hasTolerable(budget: Double?) -> Bool {
        measured.contains {
            isWithinTolerance($0.point) && $0.point.rangeBits <= budget ?? .infinity
        }
    }

    /// The points that no other is better than, by ascending range.
    var frontier: [FrontierPoint] {
        let points = measured.map(\.point).sorted {
            ($0.rangeBits, $0.fidelity.relativeError) < ($1.rangeBits, $1.fidelity.relativeError)
        }
        var kept: [FrontierPoint] = []
        for point in points where !(kept.last.map { point.isDominated(by: $0) } ?? false) {
            if kept.last != point { kept.append(point) }
        }
        return kept
    }
}
