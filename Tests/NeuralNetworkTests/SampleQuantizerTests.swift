// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import Testing

/// Values outside the box are refused or counted, never changed without a sign.
@Suite struct SampleQuantizerTests {
    /// 8.5 to 11.5 in steps of a half, and -6 to 6 in steps of two.
    private func features() throws -> InputSpecification {
        try InputSpecification(
            shape: [2], range: -3...3, scale: 1, offsets: [10, 0], scales: [0.5, 2])
    }

    private func quantize(
        _ sample: [Float], _ outside: OutsideValues = .refuse
    ) throws -> [Int] {
        try SampleQuantizer(features(), outside: outside).quantize(sample, index: 4)
    }

    @Test func valuesInsideAreThoseOfTheInput() throws {
        for sample in [[10, 0], [8.5, -6], [11.5, 6], [11.74, 6.9], [9.2, 3.1]] as [[Float]] {
            #expect(try quantize(sample) == features().quantize(sample))
        }
    }

    /// As far outside as the box is wide, and beyond: three units for the first feature, twelve for the second.
    @Test func farValuesAreRefused() throws {
        #expect(try quantize([14.5, 0]) == [3, 0])
        #expect(try quantize([5.5, -18]) == [-3, -3])
        #expect(
            throws: NetworkError.farOutside(sample: 4, feature: 0, value: 15, range: 8.5...11.5)
        ) { try quantize([15, 0]) }
        #expect(
            throws: NetworkError.farOutside(sample: 4, feature: 1, value: -20, range: -6...6)
        ) { try quantize([10, -20]) }
        #expect(throws: NetworkError.self) { try quantize([10, .greatestFiniteMagnitude]) }
        #expect(try quantize([15, -20], .clamp) == [3, -3])
        #expect(try quantize([1e30, -.greatestFiniteMagnitude], .clamp) == [3, -3])
    }

    /// Boxes 0 to 16, 0 to 8, 0 to 2: a pixel that was always dark may be bright, but not brighter than any twice.
    @Test func featuresOfOneKind() throws {
        let pixels = SampleQuantizer(
            try InputSpecification(
                shape: [3], range: -4...4, scale: 1, offsets: [8, 4, 1], scales: [2, 1, 0.25]))
        #expect(try pixels.quantize([16, 8, 16], index: 0) == [4, 4, 4])
        #expect(try pixels.quantize([32, 24, 18], index: 0) == [4, 4, 4])
        for sample in [[34, 0, 0], [0, 25, 0], [0, 0, 19], [0, 0, -17]] as [[Float]] {
            #expect(throws: NetworkError.self, "\(sample)") {
                try pixels.quantize(sample, index: 0)
            }
        }
        // One box far wider than others, or elsewhere: each has its own measure.
        for (offsets, scales) in [
            ([800, 6, 1], [200, 1.5, 0.25]), ([8, 6, 30], [2, 1.5, 0.25]),
        ]
            as [([Float], [Float])]
        {
            let others = SampleQuantizer(
                try InputSpecification(
                    shape: [3], range: -4...4, scale: 1, offsets: offsets, scales: scales))
            #expect(others.reach == [8, 8, 8])
        }
    }

    @Test(arguments: OutsideValues.allCases) func noNumberIsClamped(outside: OutsideValues) {
        for value in [Float.nan, .infinity, -.infinity] {
            #expect(
                throws: NetworkError.notFinite(sample: 4, feature: 1, value: "\(value)")
            ) { try quantize([10, value], outside) }
        }
        #expect(throws: NetworkError.wrongCount(of: "the sample", expected: 2, found: 1)) {
            try quantize([.nan], outside)
        }
    }

    @Test func countsByFeature() throws {
        let quantizer = SampleQuantizer(try features())
        var tally = QuantizationTally(try features())
        for (index, sample)
            in ([[12, 0], [10, 8], [12.5, -8], [11, 1], [10, 7.5]] as [[Float]]).enumerated()
        {
            _ = try quantizer.quantize(sample, index: index, tally: &tally)
        }
        #expect(tally.clampedValues == 5 && tally.clampedSamples == 4)
        #expect(tally.clampedByFeature.map(\.feature) == [1, 0])
        #expect(tally.clampedByFeature.map(\.count) == [3, 2])
    }

    private func suspects(
        _ input: InputSpecification, _ samples: [[Float]]
    ) throws -> Bool {
        var tally = QuantizationTally(input)
        for sample in samples {
            _ = try SampleQuantizer(input).quantize(sample, index: 0, tally: &tally)
        }
        return tally.looksLikeOtherUnits
    }

    @Test func seesOtherUnits() throws {
        let pixels = try InputSpecification(shape: [1, 2, 2], range: 0...255, scale: 1)
        #expect(try suspects(pixels, [[0, 0.3, 0.9, 1]]))
        #expect(try suspects(pixels, [[0, 0.3, 0.9, 1], [1, 0, 0.2, 0.4]]))
        #expect(try !suspects(pixels, [[0, 30, 90, 255]]))
        #expect(try !suspects(pixels, [[0, 0, 0, 200], [0, 3, 90, 255], [0, 0, 70, 9]]))
        // A blank picture tells nothing.
        #expect(try !suspects(pixels, [[0, 0, 0, 0]]))
        let features = try InputSpecification(
            shape: [3], range: -31...31, scale: 1, offsets: [1000, 0, 0], scales: [10, 1, 1])
        // Kilograms for grams in the first, the others right; then two of three.
        #expect(try !suspects(features, [[1000.5, 10, 20], [1001.2, -20, 5]]))
        #expect(try suspects(features, [[1000.5, 0.1, 20], [1001.2, 0.2, 5]]))
        // Too few levels for a sign.
        let coarse = try InputSpecification(shape: [2], range: -3...3, scale: 1)
        #expect(try !suspects(coarse, [[0.1, 0.2], [0.3, 0.1]]))
    }
}
