// SPDX-License-Identifier: Apache-2.0

/// Index of the largest value, the first of equals; nil when there is none.
// Inlinable, so that other modules specialize it.
@inlinable
package func argmax<Values: Collection>(_ values: Values) -> Int?
where Values.Element: Comparable {
    var best: (index: Int, value: Values.Element)?
    for (index, value) in values.enumerated() {
        if let current = best, value <= current.value { continue }
        best = (index, value)
    }
    return best?.index
}
