// SPDX-License-Identifier: Apache-2.0

import BigIntegers

extension OutputReading {
    /// The same reading with ranges that say less of the weights: one for all outputs where the modulus has room for it,
    /// and ends at multiples of a power of two, the largest up to the outputs' own magnitude that it has room for:
    /// mostly [-2^k, 2^k - 1].
    ///
    /// - Parameter modulus: a result is known modulo this number, which is larger than any range is wide.
    package func published(within modulus: BigInt) -> OutputReading {
        guard let lowest = bounds.map(\.lowerBound).min(),
            let highest = bounds.map(\.upperBound).max()
        else { return self }
        let ranges =
            highest - lowest < modulus ? bounds.map { _ in lowest...highest } : bounds
        let half = modulus / 2
        func fits(_ range: ClosedRange<BigInt>) -> Bool {
            range.upperBound - range.lowerBound < modulus
        }
        func isCentred(_ range: ClosedRange<BigInt>) -> Bool {
            -half <= range.lowerBound && range.upperBound < modulus - half
        }
        let areCentred = ranges.allSatisfy(isCentred)
        let largest = max(highest.bitLength, lowest.bitLength)
        for bits in stride(from: largest, through: 1, by: -1) {
            let rounded = ranges.map { Self.rounded($0, to: BigInt(1) << bits) }
            if rounded.allSatisfy({ fits($0) && (isCentred($0) || !areCentred) }) {
                return with(rounded)
            }
        }
        return with(ranges)
    }

    private static func rounded(
        _ range: ClosedRange<BigInt>, to unit: BigInt
    ) -> ClosedRange<BigInt> {
        let lowest = range.lowerBound - range.lowerBound.modulo(unit)
        let end = range.upperBound + 1
        return lowest...(end + (-end).modulo(unit) - 1)
    }

    /// With other ranges.
    package func with(_ bounds: [ClosedRange<BigInt>]) -> OutputReading {
        OutputReading(
            bounds: bounds, boundMethod: boundMethod, rangeIsProven: rangeIsProven, units: units,
            labels: labels, decision: decision, transform: transform, program: program)
    }
}
