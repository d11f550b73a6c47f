// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import Synchronization

/// Tables as the polynomials through their values, modulo a plaintext modulus: there is one of a degree below the number
/// of values, and residues of the integers that it is for are all it is ever evaluated at.
package final class TablePolynomials: Sendable {
    let tables: LookupTables
    private let known = Mutex<[UInt64: [[UInt64]]]>([:])
    private let blocks = Mutex<[Key: [[UInt64]]]>([:])

    private struct Key: Hashable {
        let modulus: UInt64
        let steps: TableSteps
    }

    package init(_ tables: LookupTables) { self.tables = tables }

    var count: Int { tables.count }

    /// The coefficient of x^`power` of each element's polynomial.
    ///
    /// - Parameter t: a prime, at least the number of values of each run.
    package func coefficients(ofPower power: Int, modulo t: UInt64) -> [UInt64] {
        chosen(power, of: polynomials(modulo: t))
    }

    /// A coefficient of each element's leaves, in the order of their blocks.
    package func coefficients(
        at place: Int, of steps: TableSteps, modulo t: UInt64
    ) -> [UInt64] {
        let key = Key(modulus: t, steps: steps)
        let polynomials = polynomials(modulo: t)
        return chosen(
            place,
            of: blocks.withLock { known in
                if let found = known[key] { return found }
                let made = zip(tables.runs, polynomials).map { run, polynomial in
                    steps.blocks(
                        polynomial, vanishing: { Self.vanishing(run, modulo: t) }, modulo: t)
                }
                known[key] = made
                return made
            })
    }

    private func chosen(_ place: Int, of all: [[UInt64]]) -> [UInt64] {
        tables.choices.map { place < all[$0].count ? all[$0][place] : 0 }
    }

    private func polynomials(modulo t: UInt64) -> [[UInt64]] {
        known.withLock { known in
            if let found = known[t] { return found }
            let made = tables.runs.map { Self.coefficients($0, modulo: t) }
            known[t] = made
            return made
        }
    }

    /// The monic polynomial that is 0 at all points of a run.
    private static func vanishing(_ run: LookupTables.Run, modulo t: UInt64) -> [UInt64] {
        var out: [UInt64] = [1]
        for x in run.domain {
            let root = ModularArithmetic.reduce(x, modulo: t)
            out = [0] + out
            for power in 0..<out.count - 1 {
                out[power] = ModularArithmetic.subtract(
                    out[power], ModularArithmetic.multiply(out[power + 1], root, modulo: t),
                    modulo: t)
            }
        }
        return out
    }

    /// By Newton's forward differences, since the arguments are consecutive: the sum of
    /// (difference k) / k! (x - a)(x - a - 1) ... (x - a - k + 1), multiplied out from the last one.
    static func coefficients(_ run: LookupTables.Run, modulo t: UInt64) -> [UInt64] {
        precondition(UInt64(run.values.count) <= t, "two arguments of a table are one residue")
        let count = run.values.count
        var differences = run.values.map { ModularArithmetic.reduce($0, modulo: t) }
        for order in 1..<max(1, count) {
            for place in stride(from: count - 1, through: order, by: -1) {
                differences[place] = ModularArithmetic.subtract(
                    differences[place], differences[place - 1], modulo: t)
            }
        }
        var factorial: UInt64 = 1
        for order in 1..<max(1, count) {
            factorial = ModularArithmetic.multiply(factorial, UInt64(order) % t, modulo: t)
            differences[order] = ModularArithmetic.multiply(
                differences[order], ModularArithmetic.inverse(factorial, modulo: t)!, modulo: t)
        }
        var out: [UInt64] = []
        for order in stride(from: count - 1, through: 0, by: -1) {
            // out = out (x - a - order) + difference.
            let root = ModularArithmetic.reduce(run.lower + Int64(order), modulo: t)
            var next = [0] + out
            for (power, c) in out.enumerated() {
                next[power] = ModularArithmetic.subtract(
                    next[power], ModularArithmetic.multiply(c, root, modulo: t), modulo: t)
            }
            next[0] = ModularArithmetic.add(next[0], differences[order], modulo: t)
            out = next
        }
        return out
    }
}

/// Some of the terms of tables' polynomials, as a linear map of powers: the constant, and one term a source.
struct TableLeaf: Sendable {
    let polynomials: TablePolynomials
    let steps: TableSteps
    /// The place of the constant among the coefficients of leaves.
    let first: Int
    /// Of each source, the power that it is, above 0.
    let powers: [Int]
    /// Elements that it is for; nil: all.
    var elements: Range<Int>?

    var count: Int { elements?.count ?? polynomials.count }

    func place(_ place: Int) -> TableLeaf {
        var out = self
        let element = (elements?.lowerBound ?? 0) + place
        out.elements = element..<element + 1
        return out
    }

    /// A weight an element, in (-t/2, t/2).
    func weights(source: Int, modulus t: UInt64) -> [Int64] {
        terms(first + powers[source], t)
    }

    func bias(modulus t: UInt64) -> [Int64] { terms(first, t) }

    private func terms(_ place: Int, _ t: UInt64) -> [Int64] {
        let all = polynomials.coefficients(at: place, of: steps, modulo: t)
        return all[elements ?? all.indices].map { ModularArithmetic.centered($0, modulo: t) }
    }
}
