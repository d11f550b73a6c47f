// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts and times, as Prometheus reads them. Nothing in them depends on what was encrypted.
public final class ServiceMetrics: Sendable {
    private struct Series: Hashable {
        let name: String
        let labels: String
    }

    private struct Histogram {
        var counts = [Int](repeating: 0, count: ServiceMetrics.bounds.count + 1)
        var sum = 0.0
    }

    private struct State {
        var counters: [Series: Double] = [:]
        var histograms: [Series: Histogram] = [:]
    }

    /// Seconds.
    fileprivate static let bounds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    private let state = Mutex(State())

    /// - Parameter labels: names and values, of a small fixed set each.
    func count(_ name: String, _ labels: [(String, String)] = [], by amount: Double = 1) {
        let series = Series(name: name, labels: Self.text(labels))
        state.withLock { $0.counters[series, default: 0] += amount }
    }

    func observe(_ name: String, _ labels: [(String, String)] = [], seconds: Double) {
        let series = Series(name: name, labels: Self.text(labels))
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        state.withLock {
            $0.histograms[series, default: Histogram()].counts[bucket] += 1
            $0.histograms[series]!.sum += seconds
        }
    }

    private static func text(_ labels: [(String, String)]) -> String {
        labels.map { "\($0)=\"\($1.filter { $0 != "\"" && $0 != "\\" && $0 != "\n" })\"" }.joined(
            separator: ",")
    }

    /// - Parameter gauges: names and values of this moment.
    func text(gauges: [(name: String, value: Double)]) -> String {
        let state = state.withLock { $0 }
        var lines: [String] = []
        func line(_ name: String, _ labels: String, _ value: Double) {
            let whole = value == value.rounded() && abs(value) < 0x1p53
            lines.append(
                "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(whole ? "\(Int(value))" : "\(value)")"
            )
        }
        for (name, group) in Dictionary(grouping: state.counters, by: \.key.name).sorted(by: {
            $0.key < $1.key
        }) {
            lines.append("# TYPE \(name) counter")
            for (series, value) in group.sorted(by: { $0.key.labels < $1.key.labels }) {
                line(name, series.labels, value)
            }
        }
        for (name, group) in Dictionary(grouping: state.histograms, by: \.key.name).sorted(by: {
            $0.key < $1.key
        }) {
            lines.append("# TYPE \(name) histogram")
            for (series, histogram) in group.sorted(by: { $0.key.labels < $1.key.labels }) {
                let labels = series.labels.isEmpty ? "" : series.labels + ","
                var total = 0
                for (bound, count) in zip(Self.bounds.map { "\($0)" } + ["+Inf"], histogram.counts)
                {
                    total += count
                    line(name + "_bucket", labels + "le=\"\(bound)\"", Double(total))
                }
                line(name + "_sum", series.labels, histogram.sum)
                line(name + "_count", series.labels, Double(total))
            }
        }
        for (name, value) in gauges {
            lines.append("# TYPE \(name) gauge")
            line(name, "", value)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
