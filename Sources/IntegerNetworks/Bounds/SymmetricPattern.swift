// SPDX-License-Identifier: Apache-2.0

/// Columns, other than its own, in which each row of a symmetric banded matrix may have entries.
struct SymmetricPattern {
    let rowStarts: [Int]
    let columns: [Int32]

    /// The pattern of sum_p c_p c_p^T for sparse rows c_p with ascending columns.
    init(rowStarts sources: [Int], columns sourceColumns: [Int32], count: Int, bandwidth: Int) {
        let width = bandwidth + 1
        var present = [Bool](repeating: false, count: count * width)
        for p in 0..<sources.count - 1 {
            for a in sources[p]..<sources[p + 1] {
                let i = Int(sourceColumns[a])
                for b in sources[p]..<a { present[i * width + i - Int(sourceColumns[b])] = true }
            }
        }
        var starts = [0]
        var columns: [Int32] = []
        for i in 0..<count {
            for j in max(0, i - bandwidth)..<min(count, i + width) where j != i {
                let (high, low) = (max(i, j), min(i, j))
                if present[high * width + high - low] { columns.append(Int32(j)) }
            }
            starts.append(columns.count)
        }
        rowStarts = starts
        self.columns = columns
    }
}
