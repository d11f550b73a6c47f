// SPDX-License-Identifier: Apache-2.0

import Files

/// Samples and labels from files: IDX, NPY, NPZ or CSV, plain or gzip, told apart by content.
public enum SampleFile {
    /// Largest file that is read, in bytes.
    package static let maximumFileBytes = 1 << 28
    /// Largest uncompressed size, in bytes.
    package static let maximumBytes = 1 << 29

    /// Reads samples; the first size of the data counts them. A CSV file has a header where every cell of its first line
    /// is a name, and none where every cell is a number; an NPZ file holds one array.
    ///
    /// - Throws: `FileError`, or an error that says what is wrong with the file, or that it can be read in two ways.
    public static func read(path: String) throws -> SampleSet {
        try read(path: path, as: SampleReading())
    }

    /// - Parameter reading: what the file does not say of itself.
    package static func read(path: String, as reading: SampleReading) throws -> SampleSet {
        try parse(bytes(of: path), as: reading)
    }

    /// A whole file, unless its first bytes are of no format that is read.
    private static func bytes(of path: String) throws -> [UInt8] {
        let file = try RegularFile(path)
        let head = try file.bytes(min(file.count, CSVFormat.headLength), at: 0)
        guard Gzip.isGzip(head) || isReadable(head) else {
            throw ForeignFormat.refusal(head) ?? .unknownFormat
        }
        return try file.bytes(limit: maximumFileBytes)
    }

    /// Whether the first bytes are those of a format that is read.
    private static func isReadable(_ head: [UInt8]) -> Bool {
        IDXFormat.isIDX(head) || NPYFormat.isNPY(head) || NPZFormat.isZip(head)
            || (CSVFormat.isText(head) && ForeignFormat.refusal(head) == nil)
    }

    /// Samples from a file's bytes.
    package static func parse(
        _ bytes: [UInt8], as reading: SampleReading = SampleReading()
    ) throws(SampleError) -> SampleSet {
        try parse(bytes, as: reading, limit: maximumBytes)
    }

    package static func parse(
        _ bytes: [UInt8], as reading: SampleReading = SampleReading(), limit: Int
    ) throws(SampleError) -> SampleSet {
        let content = try content(bytes, as: reading, limit: limit)
        if IDXFormat.isIDX(content) || NPYFormat.isNPY(content) { try requireNumbers(reading) }
        if IDXFormat.isIDX(content) { return try IDXFormat.parse(content) }
        if NPYFormat.isNPY(content) { return try NPYFormat.parse(content) }
        if let columns = reading.columns {
            return try CSVTable(columns).parse(content, as: reading)
        }
        return try CSVFormat.parse(content, as: reading)
    }

    /// - Throws: `SampleError.unsupported` where only a table has what is asked for.
    private static func requireNumbers(_ reading: SampleReading) throws(SampleError) {
        let isText = reading.columns?.contains { if case .text = $0.kind { true } else { false } }
        guard isText != true else {
            throw .unsupported(
                format: "NPY or IDX",
                reason: "the model takes texts, and the file has numbers alone: write CSV")
        }
        guard reading.identifier == nil else {
            throw .unsupported(
                format: "NPY or IDX", reason: "it has no column that names rows: write CSV")
        }
    }

    /// What is in a compressed file or an archive: IDX, NPY or text.
    private static func content(
        _ bytes: [UInt8], as reading: SampleReading, limit: Int
    ) throws(SampleError) -> [UInt8] {
        let content = Gzip.isGzip(bytes) ? try Gzip.decompress(bytes, limit: limit) : bytes
        guard isReadable(content) else {
            throw ForeignFormat.refusal(content) ?? .unknownFormat
        }
        guard NPZFormat.isZip(content) else {
            // Only an archive has arrays by name.
            if let array = reading.array { throw .whichArray(asked: array, names: []) }
            return content
        }
        let array = try NPZFormat.array(reading.array, of: content, limit: limit)
        guard NPYFormat.isNPY(array) else {
            throw .malformed(format: "NPZ", reason: "a member named .npy is none")
        }
        return array
    }

    /// Reads labels: one whole number a sample. A CSV file that begins with a name has a header.
    ///
    /// - Throws: `FileError`, or an error that says what is wrong with the file.
    public static func readLabels(path: String) throws -> [Int] {
        try readLabels(path: path, names: [], as: SampleReading())
    }

    /// Labels as indices of classes: from whole numbers, or from the classes' names.
    ///
    /// - Parameters:
    ///   - names: of the classes, in their order; empty where they are not known.
    ///   - reading: what the file does not say of itself.
    package static func readLabels(
        path: String, names: [String], as reading: SampleReading
    ) throws -> [Int] {
        try labels(bytes(of: path), names: names, as: reading)
    }

    /// Labels from a file's bytes.
    package static func labels(
        _ bytes: [UInt8], names: [String] = [], as reading: SampleReading = SampleReading(),
        limit: Int = maximumBytes
    ) throws(SampleError) -> [Int] {
        let content = try content(bytes, as: reading, limit: limit)
        let labels = ClassLabels(names: names)
        if IDXFormat.isIDX(content) || NPYFormat.isNPY(content) {
            return try labels.indices(of: parse(content, limit: limit))
        }
        return try labels.indices(
            ofCSV: content, header: reading.header, expectedCount: reading.expectedCount)
    }
}
