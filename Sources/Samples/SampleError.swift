// SPDX-License-Identifier: Apache-2.0

/// Why a file of samples or labels was refused.
package enum SampleError: Error, Equatable, CustomStringConvertible {
    /// Neither IDX, NPY nor CSV, by content.
    case unknownFormat
    /// Contents that contradict the format.
    case malformed(format: String, reason: String)
    /// Element types, orders or versions that are not read.
    case unsupported(format: String, reason: String)
    /// Compressed data that grows beyond the limit, in bytes.
    case tooLarge(limit: Int)
    /// Labels that are not whole numbers from 0 up.
    case notLabels(String)
    /// No pair of images and labels in a folder, or no telling which.
    case noPair(directory: String, reason: String)

    package var description: String {
        switch self {
        case .unknownFormat: "neither IDX, NPY nor CSV (gzip of them is read too)"
        case .malformed(let format, let reason): "broken \(format) file: \(reason)"
        case .unsupported(let format, let reason): "\(format) file: \(reason)"
        case .tooLarge(let limit): "uncompressed data of more than \(limit) bytes"
        case .notLabels(let reason): "not labels: \(reason)"
        case .noPair(let directory, let reason): "no samples to use in \(directory): \(reason)"
        }
    }
}
