// SPDX-License-Identifier: Apache-2.0

/// One activation as an SVG of its own: the histogram of its inputs as bars, the true function and the fitted
/// polynomial as lines. The same input gives the same bytes.
package struct ActivationPlot {
    package let title: String
    package let histogram: ActivationHistogram
    package let fit: ActivationFit
    /// At `points` places over the histogram's range.
    private let functionValues: [Double]

    package static let width = 640
    package static let height = 360

    private static let points = 285
    private static let (left, right, top, bottom) = (58.0, 624.0, 76.0, 308.0)
    private static let maximumBars = 64
    private static let barsShare = 0.5

    /// - Parameters:
    ///   - title: such as the activation's name; shortened where it is too long.
    ///   - function: the true one.
    package init(
        title: String, function: (Double) -> Double, histogram: ActivationHistogram,
        fit: ActivationFit
    ) {
        self.title = title
        self.histogram = histogram
        self.fit = fit
        functionValues = Self.places(histogram.range).map(function)
    }

    package var svg: String {
        let places = Self.places(histogram.range)
        let fitted = places.map { fit.polynomial($0) }
        let x = PlotAxis(histogram.range, pixels: Self.left, Self.right, ticks: 7)
        let y = PlotAxis(verticalRange(fitted), pixels: Self.bottom, Self.top, ticks: 5)
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.width) \(Self.height)\" width=\"\(Self.width)\" height=\"\(Self.height)\" font-family=\"Helvetica, Arial, sans-serif\">",
            "<rect x=\"0.5\" y=\"0.5\" width=\"\(Self.width - 1)\" height=\"\(Self.height - 1)\" rx=\"6\" fill=\"white\" stroke=\"#ddd\"/>",
            text(16, 25, PlotText.escaped(title), size: 15, color: "#222", weight: "bold"),
            text(16, 43, PlotText.escaped(subtitle, limit: 120), size: 11.5, color: "#666"),
        ]
        lines += legend()
        lines += bars()
        lines += axes(x, y)
        lines.append(
            "<clipPath id=\"frame\"><rect x=\"\(Self.left)\" y=\"\(Self.top)\" width=\"\(Self.right - Self.left)\" height=\"\(Self.bottom - Self.top)\"/></clipPath>"
        )
        for (values, style) in [(functionValues, Self.functionStyle), (fitted, Self.fitStyle)] {
            lines.append(
                "<path d=\"\(curve(places, values, x, y))\" clip-path=\"url(#frame)\" \(style)/>")
        }
        lines.append("</svg>")
        return lines.joined(separator: "\n") + "\n"
    }

    private static let functionStyle =
        "fill=\"none\" stroke=\"#e8963a\" stroke-width=\"4\" stroke-linejoin=\"round\""
    private static let fitStyle =
        "fill=\"none\" stroke=\"#0b6e4f\" stroke-width=\"2\" stroke-linejoin=\"round\""
    private static let barStyle = "fill=\"#d5dfea\""

    private static func places(_ range: ClosedRange<Double>) -> [Double] {
        (0..<points).map { index in
            let share = Double(index) / Double(points - 1)
            return range.lowerBound * (1 - share) + range.upperBound * share
        }
    }

    private var subtitle: String {
        let method =
            switch fit.method {
            case .exact: "exact"
            case .leastSquares: "least squares"
            case .chebyshev: "Chebyshev series"
            case .minimax: "minimax"
            }
        let name = "Degree \(fit.polynomial.degree), \(method)"
        guard fit.maximumError.isFinite else { return "No polynomial: not finite on the range" }
        // Smaller errors are roundings.
        guard fit.relativeError > 1e-8 || fit.maximumError > 1e-6 * max(1, fit.outputDeviation)
        else { return "\(name); no error" }
        return
            "\(name); RMS error \(PlotText.short(fit.rootMeanSquareError)), \(PlotText.short(100 * fit.relativeError, digits: 2)) % of the output's deviation; greatest error \(PlotText.short(fit.maximumError))"
    }

    /// The function's values, and the polynomial's where they aren't more than half of that beside them.
    private func verticalRange(_ fitted: [Double]) -> ClosedRange<Double> {
        let finite = functionValues.filter(\.isFinite)
        let shown = finite.isEmpty ? fitted.filter(\.isFinite) : finite
        guard let low = shown.min(), let high = shown.max() else { return -1...1 }
        // A constant gets a range that its labels can tell.
        let size = max(abs(low), abs(high))
        let least = size > 0 ? 0.002 * size : 1
        let slack = max(0.5 * (high - low), least)
        let inside = fitted.filter { $0 > low - slack && $0 < high + slack }
        let lower = min(low, inside.min() ?? low)
        let upper = max(high, inside.max() ?? high)
        let margin = max(0.04 * (upper - lower), (least - (upper - lower)) / 2)
        let range = (lower - margin, upper + margin)
        return range.0.isFinite && range.1.isFinite ? range.0...range.1 : -1...1
    }

    private func text(
        _ x: Double, _ y: Double, _ content: String, size: Double, color: String,
        anchor: String = "start", weight: String = "normal"
    ) -> String {
        "<text x=\"\(Self.pixels(x))\" y=\"\(Self.pixels(y))\" font-size=\"\(PlotText.short(size))\" text-anchor=\"\(anchor)\" font-weight=\"\(weight)\" fill=\"\(color)\">\(content)</text>"
    }

    private static func pixels(_ value: Double) -> String { PlotText.fixed(value, decimals: 1) }

    private func legend() -> [String] {
        [
            "<rect x=\"\(Self.left)\" y=\"56\" width=\"14\" height=\"9\" \(Self.barStyle)/>",
            text(Self.left + 20, 65, "inputs", size: 11.5, color: "#444"),
            "<path d=\"M134 61H154\" \(Self.functionStyle)/>",
            text(160, 65, "activation", size: 11.5, color: "#444"),
            "<path d=\"M234 61H254\" \(Self.fitStyle)/>",
            text(260, 65, "polynomial", size: 11.5, color: "#444"),
        ]
    }

    /// Neighbouring bins together, so that bars stay wide enough to be seen.
    private func bars() -> [String] {
        let bins = histogram.counts.count
        let together = (bins + Self.maximumBars - 1) / Self.maximumBars
        let width = (Self.right - Self.left) / Double(bins)
        var heights: [(start: Int, end: Int, height: Double)] = []
        for start in stride(from: 0, to: bins, by: together) {
            let end = min(start + together, bins)
            // A mean, since the last bar may have fewer bins.
            let sum = histogram.counts[start..<end].reduce(0.0) { $0 + Double($1) }
            heights.append((start, end, sum / Double(end - start)))
        }
        let greatest = heights.map(\.height).max() ?? 0
        guard greatest > 0 else { return [] }
        let scale = Self.barsShare * (Self.bottom - Self.top) / greatest
        let path = heights.filter { $0.height > 0 }.map { bar in
            let (first, last) = (Double(bar.start) * width, Double(bar.end) * width)
            let gap = min(0.5, (last - first) / 8)
            // What has been seen is to be seen: at least half a pixel.
            let size = max(0.5, bar.height * scale)
            return "M\(Self.pixels(Self.left + first + gap)) \(Self.pixels(Self.bottom))"
                + "V\(Self.pixels(Self.bottom - size))H\(Self.pixels(Self.left + last - gap))"
                + "V\(Self.pixels(Self.bottom))Z"
        }
        return ["<path d=\"\(path.joined())\" \(Self.barStyle)/>"]
    }

    private func axes(_ x: PlotAxis, _ y: PlotAxis) -> [String] {
        var lines: [String] = []
        for tick in y.ticks {
            let place = Self.pixels(y.pixel(tick))
            let color = tick == 0 ? "#999" : "#e6e6e6"
            lines.append(
                "<path d=\"M\(Self.pixels(Self.left)) \(place)H\(Self.pixels(Self.right))\" stroke=\"\(color)\"/>"
            )
            lines.append(
                text(
                    Self.left - 7, y.pixel(tick) + 4, label(tick, y), size: 11, color: "#555",
                    anchor: "end"))
        }
        lines.append(
            "<path d=\"M\(Self.pixels(Self.left)) \(Self.pixels(Self.bottom))H\(Self.pixels(Self.right))\" stroke=\"#666\"/>"
        )
        for tick in x.ticks {
            let place = Self.pixels(x.pixel(tick))
            lines.append(
                "<path d=\"M\(place) \(Self.pixels(Self.bottom))v4\" stroke=\"#666\"/>")
            lines.append(
                text(
                    x.pixel(tick), Self.bottom + 17, label(tick, x), size: 11, color: "#555",
                    anchor: "middle"))
        }
        let (low, high) = (histogram.range.lowerBound, histogram.range.upperBound)
        let caption =
            "inputs: \(PlotText.count(histogram.total)) values from \(PlotText.short(low)) to \(PlotText.short(high))"
        lines.append(
            text(
                (Self.left + Self.right) / 2, 346, caption, size: 11.5, color: "#444",
                anchor: "middle"))
        return lines
    }

    /// As many digits as tell neighbouring ticks apart.
    private func label(_ tick: Double, _ axis: PlotAxis) -> String {
        let size = max(abs(axis.lower), abs(axis.upper)) / axis.step
        var digits = 2
        while digits < 12, digits < String(Int(min(size, 1e12))).count + 1 { digits += 1 }
        return PlotText.short(tick, digits: digits)
    }

    /// Pieces where the values are finite; far outside the frame they are cut off, for renderers with small numbers.
    private func curve(
        _ places: [Double], _ values: [Double], _ x: PlotAxis, _ y: PlotAxis
    ) -> String {
        var path = ""
        var isDrawing = false
        for (place, value) in zip(places, values) {
            guard value.isFinite else {
                isDrawing = false
                continue
            }
            let height = min(max(y.pixel(value), -1000), 2000)
            path += "\(isDrawing ? "L" : "M")\(Self.pixels(x.pixel(place))) \(Self.pixels(height))"
            isDrawing = true
        }
        return path
    }
}
