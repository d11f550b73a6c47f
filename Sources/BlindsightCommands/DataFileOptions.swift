// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import IntegerNetworks
import Samples

/// How files of samples are read.
struct DataFileOptions: ParsableArguments {
    enum Header: String, ExpressibleByArgument, CaseIterable { case yes, no }

    @Option(
        help: """
            Whether the first line of CSV files of samples is a header; by default it is one where its cells are names.
            """)
    var header: Header?

    @Option(help: "The array of an NPZ file that holds the samples; by default the only one.")
    var array: String?

    var reading: SampleReading {
        let header: CSVHeader =
            switch header {
            case .yes: .present
            case .no: .absent
            case nil: .automatic
            }
        return SampleReading(header: header, array: array)
    }
}

/// How files of labels or targets are read: there are as many as samples, which tells whether they have a header.
struct LabelFileOptions: ParsableArguments {
    @Option(help: "The array of an NPZ file that holds the labels; by default the only one.")
    var labelsArray: String?

    func reading(count: Int) -> SampleReading {
        SampleReading(array: labelsArray, expectedCount: count)
    }
}

extension OutsideValues: ExpressibleByArgument {}

/// What becomes of samples' values outside the range that a plan is certified for.
struct OutsideOptions: ParsableArguments {
    @Option(
        help: """
            Values outside the plan's range: clamp all to its ends, or refuse those farther outside than it is wide.
            """)
    var outside: OutsideValues = .refuse

    /// Quantizes samples of a file and counts what that changes, before anything else is done with them.
    ///
    /// - Throws: `CommandError` for a value that is refused.
    func tally(
        _ samples: SampleSet, _ range: Range<Int>, for plan: ClientPlan, path: String
    ) throws -> QuantizationTally {
        let quantizer = SampleQuantizer(plan.input, outside: outside)
        var tally = QuantizationTally(plan.input)
        for index in range {
            do {
                _ = try quantizer.quantize(
                    plan.prepared(samples.sample(at: index), index: index), index: index,
                    tally: &tally)
            } catch {
                throw CommandError.sample(path, error)
            }
        }
        return tally
    }
}

extension QuantizationTally {
    var members: [(String, JSON)] {
        [
            ("clamped_values", .integer(clampedValues)),
            ("clamped_samples", .integer(clampedSamples)),
            (
                "clamped_by_feature",
                .object(clampedByFeature.map { ("\($0.feature)", .integer($0.count)) })
            ),
            ("other_units_suspected", .boolean(looksLikeOtherUnits)),
        ]
    }

    /// Lines for people; none where nothing was changed.
    var lines: [String] {
        var lines: [String] = []
        if clampedValues > 0 {
            let shown = clampedByFeature.prefix(8).map {
                "\($0.feature) (\(Format.grouped($0.count)))"
            }
            let more = clampedByFeature.count - shown.count
            lines.append(
                "Clamped to the plan's range: \(Format.grouped(clampedValues)) "
                    + "\(clampedValues == 1 ? "value" : "values") in "
                    + "\(Format.grouped(clampedSamples)) \(clampedSamples == 1 ? "sample" : "samples"), of features \(shown.joined(separator: ", "))"
                    + (more > 0 ? " and \(Format.grouped(more)) more" : ""))
        }
        if looksLikeOtherUnits {
            lines.append(
                "WARNING: as integers most features hardly vary, though they may take \(Format.grouped(levels)) levels."
                    + "\nAre the samples in the units that the model takes, such as pixels of 0 to 255, not 0 to 1?"
            )
        }
        return lines
    }
}
