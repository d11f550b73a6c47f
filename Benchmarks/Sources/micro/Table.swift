// SPDX-License-Identifier: Apache-2.0

import Foundation

extension MicroReport {
    /// For people: a line a measurement.
    var table: String {
        var lines = [
            ["N", "limbs", "operation", "median", "GB/s", "G products/s", "operations of one run"]
        ]
        for row in rows {
            let counts = row.counts?.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            lines.append([
                "\(row.degree)", "\(row.limbs)", row.operation.replacing("_", with: " "),
                Self.decimals(row.medianMicroseconds, 2) + " us",
                row.gigabytesPerSecond.map { Self.decimals($0, 1) } ?? "",
                row.gigaProductsPerSecond.map { Self.decimals($0, 1) } ?? "",
                counts?.joined(separator: ", ") ?? "",
            ])
        }
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max()! }
        let text = lines.map { line in
            line.indices.map { column in
                let room = String(repeating: " ", count: widths[column] - line[column].count)
                return column == 2 || column == 6 ? line[column] + room : room + line[column]
            }.joined(separator: "  ")
        }
        let speeds =
            "One core reads \(Self.decimals(bandwidth.l2GigabytesPerSecond, 1)) GB/s from L2 and "
            + "\(Self.decimals(bandwidth.memoryGigabytesPerSecond, 1)) GB/s from memory. "
            + "Kernels: \(kernels)."
        return (text + [speeds]).joined(separator: "\n")
    }

    private static func decimals(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }
}
