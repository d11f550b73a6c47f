// SPDX-License-Identifier: Apache-2.0

import Foundation
import PolynomialFitting
import TestSupport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct ActivationPlotTests {
    private static func plot(
        _ title: String = "relu_1", values: [Float], degree: Int = 4,
        method: FitMethod = .leastSquares,
        _ function: (Double) -> Double = { max(0, $0) }
    ) -> ActivationPlot {
        let histogram = ActivationHistogram(values: values)
        let fit = PolynomialFitter.fit(function, over: histogram, degree: degree, method: method)
        return ActivationPlot(title: title, function: function, histogram: histogram, fit: fit)
    }

    private func isWellFormed(_ svg: String) -> Bool { XMLParser(data: Data(svg.utf8)).parse() }

    @Test func showsWhatItIsGiven() {
        let values = ActivationSamples.normal(count: 20000, seed: 21).map { 1.5 * $0 }
        let svg = Self.plot(values: values).svg
        #expect(isWellFormed(svg))
        for text in [
            ">relu_1<", "Degree 4, least squares", ">inputs<", ">activation<", ">polynomial<",
            "20 thousand values from -", ">-4<", ">-2<", ">0<", ">4<",
        ] {
            #expect(svg.contains(text), "\(text)")
        }
        // Bars and three lines of the legend and the graph each, besides the axes.
        #expect(svg.components(separatedBy: "stroke=\"#0b6e4f\"").count == 3)
        #expect(svg == Self.plot(values: values).svg)
    }

    @Test func titlesAreEscaped() {
        let svg = Self.plot("<a href=\"x\">&'\u{0}\u{1B}", values: [1, 2]).svg
        #expect(svg.contains(">&lt;a href=&quot;x&quot;&gt;&amp;&#39;<"))
        #expect(isWellFormed(svg))
        let long = Self.plot(String(repeating: "name/", count: 100), values: [1, 2]).svg
        #expect(long.contains("…<"))
    }

    @Test(
        arguments: [
            [], [.nan], [5, 5, 5], [0], [-3e38, 3e38], [0x1p-140], [1000, 1000.5], [1e30, 1e31],
        ] as [[Float]])
    func oddDataGivesAnSVGToo(values: [Float]) {
        let functions: [(Double) -> Double] = [
            { max(0, $0) }, exp, log, { 1 / $0 }, { _ in .nan }, { _ in 0 },
            { $0 * $0 * $0 * 1e200 },
        ]
        for function in functions {
            let svg = Self.plot(values: values, function).svg
            #expect(isWellFormed(svg))
            #expect(!svg.contains("nan") && !svg.contains("inf"))
        }
    }

    @Test func saysWhereThereIsNoFitAndWhereThereIsNoError() {
        #expect(Self.plot(values: [-1, 1], log).svg.contains(">No polynomial: not finite"))
        let square = Self.plot(values: [-1, 1], degree: 2, method: .exact) { $0 * $0 }
        #expect(square.svg.contains(">Degree 2, exact; no error<"))
    }
}
