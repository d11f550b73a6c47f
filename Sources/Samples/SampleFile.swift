// SPDX-License-Identifier: Apache-2.0

import Files

/// Samples and labels from files: IDX, NPY or CSV, plain or gzip, told apart by content.
public enum SampleFile {
    /// Largest file that is read, in bytes.
    package static let maximumFileBytes = 1 << 28
    /// Largest uncompressed size, in bytes.
    package static let maximumBytes = 1 << 29

    /// Reads samples; the first size of the data counts them.
    ///
    /// - Throws: `FileError`, or an error that says what is wrong with the file.
    public static func read(path: String) throws -> SampleSet {
        try parse(bytes(of: path))
    }

    /// A whole file, unless its first bytes are of no format that is read.
    private static func bytes(of path: String) throws -> [UInt8] {
        let file = try RegularFile(path)
        let head = try file.bytes(min(file.count, CSVFormat.headLength), at: 0)
        guard
            Gzip.isGzip(head) || IDXFormat.isIDX(head) || NPYFormat.isNPY(head)
                || CSVFormat.isText(head)
        else { throw SampleError.unknownFormat }
        return try file.bytes(limit: maximumFileBytes)
    }

    /// Samples from a file's bytes.
    package static func parse(_ bytes: [UInt8]) throws(SampleError) -> SampleSet {
        try parse(bytes, limit: maximumBytes)
    }

    package static func parse(_ bytes: [UInt8], limit: Int) throws(SampleError) -> SampleSet {
        let content = Gzip.isGzip(bytes) ? try Gzip.decompress(bytes, limit: limit) : bytes
        if IDXFormat.isIDX(content) { return try IDXFormat.parse(content) }
        if NPYFormat.isNPY(content) { return try NPYFormat.parse(content) }
        guard CSVFormat.isText(content) else { throw .unknownFormat }
        return try CSVFormat.parse(content)
    }

    /// Reads labels: one whole number a sample.
    ///
    /// - Throws: `FileError`, or an error that says what is wrong with the file.
    public static func readLabels(path: String) throws -> [Int] {
        try labels(bytes(of: path))
    }

    /// Labels from a file's bytes.
    package static func labels(_ bytes: [UInt8]) throws(SampleError) -> [Int] {
        let set = try parse(bytes)
        guard set.sampleCount == 1 else {
            throw .notLabels("\(set.sampleCount) values a sample; one is read")
        }
        var labels: [Int] = []
        labels.reserveCapacity(set.count)
        for index in 0..<set.count {
            let value = set.sample(at: index)[0]
            // Whole numbers are exact in Float up to 2^24.
            guard value >= 0, value < 0x1p24, value == value.rounded() else {
                throw .notLabels("entry \(index) is \(value)")
            }
            labels.append(Int(value))
        }
        return labels
    }
}
