// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Ring

/// Constants that all slots share, one for each ciphertext of a vector, encoded to be added to c_0.
///
/// Such a message is a polynomial of k terms in X^(N/k), so its NTT values are equal over runs of N/k positions.
package final class SharedConstants: Sendable {
    private let rows: Int
    private let runLength: Int
    private let runs: Int
    /// Of limb l, run r: `rows` values at (l * runs + r) * rows. The second form is divided by pi.
    private let plain: LimbBuffer
    private let divided: LimbBuffer

    /// - Parameter values: in [0, t).
    package init(
        _ values: [UInt64], context: BFVContext, plaintextIndex: Int, level: Int
    ) {
        let plaintext = context.plaintexts[plaintextIndex]
        let ideal = plaintext.ideal
        let n = context.degree
        rows = values.count
        runs = ideal.index
        runLength = n / runs
        let (rows, runs, runLength) = (rows, runs, runLength)
        let factor = plaintext.multiplicationFactor(level: level)
        let coefficients = values.map {
            plaintext.encoder.encodeShared($0, times: factor)
        }
        plain = LimbBuffer(count: max(1, level * runs * rows))
        divided = LimbBuffer(count: max(1, level * runs * rows))
        for limb in 0..<level {
            let table = context.basis(level: level).tables[limb]
            // X^(N/k) at the start of each run; one run has constants, and no powers.
            let monomial = LimbBuffer(count: runs == 1 ? 1 : n)
            monomial.base[0] = 0
            if runs > 1 {
                monomial.base.update(repeating: 0, count: n)
                monomial.base[runLength] = 1
                table.forward(monomial.base)
            }
            for run in 0..<runs {
                let position = run * runLength
                let inverse = plaintext.inverse.limb(limb)[position]
                for row in 0..<rows {
                    // Horner's rule on pi round(Q m / pi); then divided by pi, once or twice.
                    var sum: UInt64 = 0
                    for c in coefficients[row].reversed() {
                        sum = ModularArithmetic.add(
                            ModularArithmetic.multiply(
                                sum, monomial.base[position], modulo: table.value),
                            ModularArithmetic.reduce(c, modulo: table.value),
                            modulo: table.value)
                    }
                    let value = ModularArithmetic.multiply(sum, inverse, modulo: table.value)
                    let index = (limb * runs + run) * rows + row
                    plain.base[index] = value
                    divided.base[index] = ModularArithmetic.multiply(
                        value, inverse, modulo: table.value)
                }
            }
            withExtendedLifetime(monomial) {}
        }
    }

    /// `rows` values; they live as long as this.
    func values(limb: Int, position: Int, scaled: Bool) -> UnsafePointer<UInt64> {
        let start = (limb * runs + position / runLength) * rows
        return UnsafePointer((scaled ? divided : plain).base + start)
    }
}
