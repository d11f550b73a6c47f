// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import PolynomialFitting

/// A polynomial for all elements of a tensor, or one for each of its channels (as many elements each, one channel after
/// another).
package struct ChannelPolynomials: Sendable, Equatable {
    package let polynomials: [RealPolynomial]

    package init(_ polynomials: [RealPolynomial]) { self.polynomials = polynomials }

    package var degree: Int { polynomials.map(\.degree).max() ?? 0 }

    /// Fewest products one after another that a polynomial of the degree takes.
    package var levels: Int {
        max(0, degree - 1).bitWidthUsed
    }

    /// Of an element of a tensor with so many.
    package func polynomial(ofElement index: Int, count: Int) -> RealPolynomial {
        polynomials[index / (count / polynomials.count)]
    }

    package func apply(to batch: SampleMatrix) -> SampleMatrix {
        var result = batch
        let perChannel = batch.count / polynomials.count * batch.samples
        result.values.withUnsafeMutableBufferPointer { values in
            for (channel, polynomial) in polynomials.enumerated() {
                let coefficients = Array(polynomial.coefficients.reversed())
                for index in channel * perChannel..<(channel + 1) * perChannel {
                    let x = values[index]
                    var sum = 0.0
                    for coefficient in coefficients { sum = sum * x + coefficient }
                    values[index] = sum
                }
            }
        }
        return result
    }
}
