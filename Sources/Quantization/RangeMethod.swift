// SPDX-License-Identifier: Apache-2.0

/// How the range of an input's integers is chosen from the values seen. `minMax` is tried too, whatever is asked for.
package enum RangeMethod: String, Sendable, Hashable, CaseIterable {
    /// From the smallest to the largest.
    case minMax
    /// Without the outermost thousandth at each end.
    case percentile
    /// Where the mean square of what rounding and clipping change is least.
    case mse
}
