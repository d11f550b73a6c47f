// SPDX-License-Identifier: Apache-2.0

import Files

/// Samples with the label of each.
package struct LabelledSamples: Sendable, Equatable {
    package let samples: SampleSet
    package let labels: [Int]

    package var count: Int { labels.count }

    /// - Throws: `SampleError.notLabels` unless there are as many labels as samples.
    package init(samples: SampleSet, labels: [Int]) throws(SampleError) {
        guard samples.count == labels.count else {
            throw .notLabels("\(labels.count) labels for \(samples.count) samples")
        }
        self.samples = samples
        self.labels = labels
    }

    /// Reads the test pair of a folder as MNIST names its files.
    ///
    /// - Throws: `FileError` or `SampleError`.
    package static func load(directory: String) throws -> LabelledSamples {
        let (images, labels) = try findPair(directory: directory)
        return try LabelledSamples(
            samples: SampleFile.read(path: images), labels: SampleFile.readLabels(path: labels))
    }

    /// Paths of `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, or else of the only pair `*-images-idx3-ubyte`
    /// and `*-labels-idx1-ubyte`; each with `.gz` or without, a dot before `idx` taken too.
    ///
    /// - Throws: `SampleError.noPair` when there is none or several.
    package static func findPair(
        directory: String
    ) throws(SampleError) -> (images: String, labels: String) {
        guard let names = try? FileSystem.names(in: directory) else {
            throw .noPair(directory: directory, reason: "it cannot be listed")
        }
        var images: [String: String] = [:]
        var labels: [String: String] = [:]
        // Sorted, so that of a plain file and its compressed copy the plain one comes first.
        for name in names.sorted() {
            if let stem = stem(name, "-images", "idx3-ubyte"), images[stem] == nil {
                images[stem] = "\(directory)/\(name)"
            }
            if let stem = stem(name, "-labels", "idx1-ubyte"), labels[stem] == nil {
                labels[stem] = "\(directory)/\(name)"
            }
        }
        let stems = images.keys.filter { labels[$0] != nil }.sorted()
        guard let stem = stems.contains("t10k") ? "t10k" : stems.first,
            let images = images[stem], let labels = labels[stem]
        else {
            throw .noPair(
                directory: directory, reason: "no *-images-idx3-ubyte with *-labels-idx1-ubyte")
        }
        guard stem == "t10k" || stems.count == 1 else {
            throw .noPair(
                directory: directory,
                reason: "several pairs (\(stems.joined(separator: ", "))) and none is t10k")
        }
        return (images, labels)
    }

    private static func stem(_ name: String, _ kind: String, _ format: String) -> String? {
        for suffix in ["\(kind)-\(format)", "\(kind).\(format)"] {
            for ending in [suffix, suffix + ".gz"] where name.hasSuffix(ending) {
                return String(name.dropLast(ending.count))
            }
        }
        return nil
    }
}
