// SPDX-License-Identifier: Apache-2.0

/// A polynomial of z = 2 c - (d + 1), c being how many of d terms are not met: zero for c = 1 ... d, and not for c = 0.
///
/// With u = z^2 it is a product of factors u - r, the squares of odd numbers below d + 1 where d is even, of even ones
/// and z itself where d is odd. Two factors are one square: (u - a)(u - b) = (u - (a + b)/2)^2 - ((a - b)/2)^2. The last
/// product is left to the client. What a cell is worth may be one more factor.
package struct ForestPolynomial {
    /// A value and a constant added to it.
    package struct Operand: Sendable, Hashable {
        /// 0 is z; then, where that is a factor, what a cell is worth; then the results of the products.
        package let value: Int
        package let constant: Int64
    }

    package struct Product: Sendable {
        package let left: Operand
        package let right: Operand
        package fileprivate(set) var depth: Int

        var isSquare: Bool { left == right }
    }

    /// As many terms fit the depth that networks have, and constants a word.
    static let largestDegree = 256

    /// By their depth.
    package let products: [Product]
    /// Two factors that it is the product of; one for degree 1 without worth.
    package let factors: [Operand]
    /// Factors of its value where all terms are met. Their primes are at most 2 d + 1, so below every t.
    package let divisors: [Int64]

    /// - Parameter isWeighed: whether what a cell is worth is a factor.
    package init(degree: Int, isWeighed: Bool = false) {
        let first = Int64(degree + 1)
        var products: [Product] = []
        let given = isWeighed ? 2 : 1
        var depths = [Int](repeating: 0, count: given)
        func multiply(_ a: Operand, _ b: Operand) -> Int {
            let depth = max(depths[a.value], depths[b.value]) + 1
            products.append(Product(left: a, right: b, depth: depth))
            depths.append(depth)
            return depths.count - 1
        }
        let isOdd = degree % 2 == 1
        // Squares of the roots but 0.
        let roots = stride(from: isOdd ? 2 : 1, to: degree + 1, by: 2).map { Int64($0 * $0) }
        let z = Operand(value: 0, constant: 0)
        var factors: [Operand] = isOdd ? [z] : []
        divisors = (isOdd ? [-first] : []) + roots.map { first * first - $0 }
        if degree == 2 {
            factors = [Operand(value: 0, constant: -1), Operand(value: 0, constant: 1)]
        } else if !roots.isEmpty {
            let square = multiply(z, z)
            func factor(_ root: Int64) -> Operand { Operand(value: square, constant: -root) }
            // The largest of an odd number stands alone; two that are all aren't joined.
            let pairs = roots.count == 2 && !isOdd ? 0 : roots.count / 2
            for pair in 0..<pairs {
                let (a, b) = (roots[pair], roots[2 * pairs - 1 - pair])
                let middle = factor((a + b) / 2)
                factors.append(
                    Operand(
                        value: multiply(middle, middle), constant: -((b - a) / 2 * ((b - a) / 2))))
            }
            factors += roots[(2 * pairs)...].map(factor)
        }
        if isWeighed { factors.append(Operand(value: 1, constant: 0)) }
        // The two of least depth first: as few levels as there can be.
        while factors.count > 2 {
            factors.sort { depths[$0.value] > depths[$1.value] }
            let (a, b) = (factors.removeLast(), factors.removeLast())
            factors.append(Operand(value: multiply(a, b), constant: 0))
        }
        // What is read at the end alone is made last, where levels are lowest.
        let read = Set(products.flatMap { [$0.left.value, $0.right.value] })
        for factor in factors where factor.value >= given && !read.contains(factor.value) {
            products[factor.value - given].depth = depths.max()!
        }
        // Values in the order of their depth, as circuits have them.
        let order = products.indices.sorted {
            (products[$0].depth, $0) < (products[$1].depth, $1)
        }
        var places = [0: 0, 1: 1]
        for (place, index) in order.enumerated() { places[index + given] = place + given }
        func moved(_ operand: Operand) -> Operand {
            Operand(value: places[operand.value]!, constant: operand.constant)
        }
        self.products = order.map {
            Product(
                left: moved(products[$0].left), right: moved(products[$0].right),
                depth: products[$0].depth)
        }
        self.factors = factors.map(moved)
    }
}
