// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// How a table's polynomial is evaluated: by the fewest products of all tables of one value, and as few in a row as its
/// degree allows.
///
/// The tree takes one product a leaf: leaves of degree b - 1, each times a power of x^b, pair by pair. The monic form takes
/// half as many: a monic polynomial p of degree b(2^m - 1) is (x^(b 2^(m-1)) + c) q + r with c of degree b - 1 and monic q,
/// r of degree b(2^(m-1) - 1), to whose middle coefficients c makes up (Paterson and Stockmeyer, 1973). Through so many
/// points or fewer there is a monic polynomial of that very degree; of a few points more, up to b 2^m, what the leading
/// coefficients are more than 1 takes m products.
package struct TableSteps: Hashable, Sendable {
    package enum Form: Hashable, Sendable {
        case tree(leaves: Int)
        /// m, and whether there are more points than a monic polynomial goes through.
        case monic(stages: Int, hasTop: Bool)
    }

    /// b, a power of two.
    package let babies: Int
    package let form: Form
    /// The largest power that a leaf has a term of: of one leaf alone the polynomial's degree, at least 1.
    let largestTerm: Int
    /// Of all tables that share the powers.
    package let products: Int

    /// - Parameter count: of tables as long that share the powers.
    package init(values: Int, sharing count: Int = 1) {
        var found: [TableSteps] = []
        var babies = 2
        repeat {
            found.append(TableSteps(babies: babies, treeOf: values, sharing: count))
            var stages = 2
            while babies << stages < values { stages += 1 }
            if babies << (stages - 1) < values {
                found.append(
                    TableSteps(babies: babies, stages: stages, of: values, sharing: count))
            }
            babies *= 2
        } while babies < 2 * values
        // Of equal ones more powers: leaves are moved to lower levels, powers are there already.
        self = found.reversed().min { $0.products < $1.products }!
    }

    private init(babies: Int, treeOf values: Int, sharing count: Int) {
        let leaves = max(1, (values + babies - 1) / babies)
        self.babies = babies
        form = .tree(leaves: leaves)
        largestTerm = leaves == 1 ? max(1, values - 1) : babies - 1
        var giants = 0
        while 1 << giants < leaves { giants += 1 }
        products = largestTerm - 1 + giants + count * (leaves - 1)
    }

    private init(babies: Int, stages: Int, of values: Int, sharing count: Int) {
        let hasTop = values > babies * ((1 << stages) - 1)
        self.babies = babies
        form = .monic(stages: stages, hasTop: hasTop)
        largestTerm = babies
        products =
            babies - 1 + stages - 1 + count * ((1 << (stages - 1)) - 1 + (hasTop ? stages : 0))
    }

    /// From one leaf's coefficients to the next one's.
    package var blockSize: Int {
        switch form {
        case .tree: babies
        // The one of x^b is 1.
        case .monic: babies + 1
        }
    }

    // MARK: Coefficients

    /// Coefficients of leaves, block by block.
    ///
    /// - Parameters:
    ///   - polynomial: the coefficients of one through all points of a run, no more of them than there are points.
    ///   - vanishing: those of the monic polynomial that is 0 at all points of the run.
    func blocks(
        _ polynomial: [UInt64], vanishing: () -> [UInt64], modulo t: UInt64
    ) -> [UInt64] {
        guard case .monic(let stages, let hasTop) = form else { return polynomial }
        let degree = babies * ((1 << stages) - 1)
        var coefficients =
            polynomial + [UInt64](repeating: 0, count: (babies << stages) - polynomial.count)
        var top = Array(coefficients[degree...])
        if hasTop {
            top[0] = ModularArithmetic.subtract(top[0], 1, modulo: t)
        } else {
            // Another one through the same points: plus x^(degree - points) times what is 0 there.
            let zeros = vanishing()
            let shift = degree + 1 - zeros.count
            for (power, c) in zeros.dropLast().enumerated() {
                coefficients[shift + power] = ModularArithmetic.add(
                    coefficients[shift + power], c, modulo: t)
            }
        }
        coefficients.removeLast(babies)
        Self.split(&coefficients, 0..<degree, babies: babies, modulo: t)
        var out: [UInt64] = []
        for block in 0..<(1 << stages) - 1 {
            out += coefficients[block * babies..<(block + 1) * babies]
            // Even ones are monic polynomials of degree b.
            out.append(block % 2 == 0 ? 1 : 0)
        }
        return hasTop ? out + top : out
    }

    /// The coefficients of a monic polynomial but the first, in place: those of r, c and q, and of r's and q's parts.
    private static func split(
        _ p: inout [UInt64], _ range: Range<Int>, babies: Int, modulo t: UInt64
    ) {
        guard range.count > babies else { return }
        let low = range.lowerBound
        // Of q and r without the leading 1.
        let count = (range.count - babies) / 2
        let first = low + count + babies
        // p = x^(count + b) q + s; s - x^count = c q + r.
        p[low + count] = ModularArithmetic.subtract(p[low + count], 1, modulo: t)
        for power in (0..<babies).reversed() {
            let c = p[low + count + power]
            for i in 0..<count {
                p[low + power + i] = ModularArithmetic.subtract(
                    p[low + power + i],
                    ModularArithmetic.multiply(c, p[first + i], modulo: t), modulo: t)
            }
        }
        split(&p, low..<low + count, babies: babies, modulo: t)
        split(&p, first..<range.upperBound, babies: babies, modulo: t)
    }
}
