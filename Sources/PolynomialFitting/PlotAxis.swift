// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Values along one side of a plot: where they lie and which of them are labelled.
struct PlotAxis {
    let lower: Double
    let upper: Double
    /// The pixels of `lower` and `upper`.
    let start: Double
    let end: Double
    /// Between ticks: 1, 2 or 5 times a power of 10.
    let step: Double

    /// - Parameters:
    ///   - range: its ends are swapped for -1...1 where they aren't finite, and widened where they are nearly equal.
    ///   - ticks: about how many.
    init(_ range: ClosedRange<Double>, pixels start: Double, _ end: Double, ticks: Int) {
        var (low, high) = (range.lowerBound, range.upperBound)
        if !(high - low).isFinite { (low, high) = (-1, 1) }
        let least = max(1e-9 * max(abs(low), abs(high)), 1e-300)
        if high - low < least { (low, high) = (low - least, high + least) }
        (lower, upper, self.start, self.end) = (low, high, start, end)
        let rough = (high - low) / Double(max(1, ticks))
        let power = pow(10, floor(log10(rough)))
        // Thresholds are geometric means of neighbours.
        let factor: Double =
            switch rough / power {
            case ..<1.41: 1
            case ..<3.16: 2
            case ..<7.07: 5
            default: 10
            }
        step = factor * power
    }

    /// Multiples of the step from `lower` to `upper`; the middle alone where they'd differ in the sixth digit only.
    var ticks: [Double] {
        guard step > 1e-5 * max(abs(lower), abs(upper)) else { return [(lower + upper) / 2] }
        let first = (lower / step - 1e-9).rounded(.up)
        let last = (upper / step + 1e-9).rounded(.down)
        // Far from 0 the step may be lost in the values.
        guard first.isFinite, last.isFinite, last >= first, last - first < 100 else { return [] }
        return (0...Int(last - first)).map { (first + Double($0)) * step }
    }

    func pixel(_ value: Double) -> Double {
        start + (value - lower) / (upper - lower) * (end - start)
    }
}
