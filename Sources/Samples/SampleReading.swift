// SPDX-License-Identifier: Apache-2.0

/// Whether the first line of a CSV file names its columns.
package enum CSVHeader: String, Sendable, CaseIterable {
    /// It does where every cell is a name, and does not where every cell is a number; refused where both can be meant.
    case automatic
    case present
    case absent
}

/// What a file does not say of itself.
package struct SampleReading: Sendable {
    package var header: CSVHeader
    /// Which array of an NPZ file; nil: the only one.
    package var array: String?
    /// How many samples there must be, where that is known: it tells a header of one number from a sample.
    package var expectedCount: Int?
    /// The columns of a table, where they aren't numbers alone, or are found by name; nil: numbers, all that there are.
    package var columns: [SampleColumn]?
    /// A column of a CSV file with a header that holds names of rows, no values.
    package var identifier: String?
    /// Whether a row that can't be read is kept as one, with the reason, instead of the whole file being refused.
    package var keepsFaults = false

    package init(
        header: CSVHeader = .automatic, array: String? = nil, expectedCount: Int? = nil
    ) {
        self.header = header
        self.array = array
        self.expectedCount = expectedCount
    }
}
