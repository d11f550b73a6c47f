// SPDX-License-Identifier: Apache-2.0

/// A function of each element that is given by its values: ReLU with requantization and saturation, a comparison, or any
/// other. Each element has a run of integers, one after another, that it may take.
package struct LookupTables: Sendable, Equatable {
    /// Of the integers `lower`, `lower` + 1 and so on what each becomes.
    package struct Run: Sendable, Hashable {
        package let lower: Int64
        package let values: [Int64]

        package init(lower: Int64, values: [Int64]) {
            self.lower = lower
            self.values = values
        }

        /// What it is of all integers from `range`.
        package init(_ range: ClosedRange<Int64>, _ function: (Int64) -> Int64) {
            lower = range.lowerBound
            values = range.map(function)
        }

        package var upper: Int64 { lower + Int64(values.count) - 1 }
        package var domain: ClosedRange<Int64> { lower...upper }

        /// - Precondition: the domain has it.
        package subscript(_ input: Int64) -> Int64 { values[Int(input - lower)] }
    }

    /// Most values of a run: the polynomial through them has a degree of one less.
    package static let mostValues = 4096

    package let runs: [Run]
    /// Of each element, its run.
    package let choices: [Int]

    /// - Throws: `NetworkError` where a run is empty or longer than `mostValues`, has integers of more than 32 bits, or
    ///   a choice is none of the runs, or a run nobody's choice.
    package init(runs: [Run], choices: [Int]) throws(NetworkError) {
        guard !choices.isEmpty, choices.count <= IntegerNetwork.maximumElements else {
            throw .invalidShape("tables of \(choices.count) elements")
        }
        guard Set(choices) == Set(runs.indices) else {
            throw .invalidShape("tables that no element has, or elements without a table")
        }
        for run in runs {
            guard (1...Self.mostValues).contains(run.values.count) else {
                throw .invalidShape(
                    "a table of \(run.values.count) values; 1 to \(Self.mostValues) are taken")
            }
            let limit = Int64(Int32.max)
            guard run.lower >= -limit, run.lower <= limit,
                run.values.allSatisfy({ $0 >= -limit && $0 <= limit })
            else { throw .invalidShape("a table with integers of more than 32 bits") }
        }
        self.runs = runs
        self.choices = choices
    }

    package var count: Int { choices.count }

    /// The run of an element.
    package func run(of element: Int) -> Run { runs[choices[element]] }

    /// Values of the longest run.
    package var longest: Int { runs.reduce(1) { max($0, $1.values.count) } }

    /// Products one after another of the polynomial through the longest run, at most.
    package var depth: Int { Self.depth(values: longest) }

    /// log2 of the values, rounded up; a line through two needs none.
    package static func depth(values: Int) -> Int {
        values <= 2 ? 0 : Int.bitWidth - (values - 1).leadingZeroBitCount
    }

    /// - Precondition: each element is in the domain of its run.
    func apply(_ input: [Int64]) -> [Int64] {
        zip(input, choices).map { runs[$1][$0] }
    }

    /// What an element in `range` becomes; nil where some of it is outside its domain.
    func range(of element: Int, within range: ClosedRange<Int64>) -> ClosedRange<Int64>? {
        let run = run(of: element)
        guard run.domain.contains(range.lowerBound), run.domain.contains(range.upperBound) else {
            return nil
        }
        let found = run.values[
            Int(range.lowerBound - run.lower)...Int(range.upperBound - run.lower)]
        return found.min()!...found.max()!
    }
}
