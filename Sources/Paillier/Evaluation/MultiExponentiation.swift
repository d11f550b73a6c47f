// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// How the products of powers of a row are formed.
package enum MultiExponentiation: Hashable {
    /// Straus: odd powers of each ciphertext below 2^(width - 1), shared by all rows; the digits of one position are
    /// multiplied, the positions joined by squarings.
    case straus(width: Int)
    /// Pippenger: ciphertexts of one digit are multiplied into a bucket; the buckets are joined by running products.
    case pippenger(width: Int)
    /// Bos and Coster: of the two terms with the largest exponents, x^a y^b = x^(a - b) (x y)^b, until one is left.
    case differences

    /// What may pay for weights of that many bits.
    package static func candidates(bits: Int) -> [MultiExponentiation] {
        (2...5).map { .straus(width: $0) }
            + (2...max(2, min(9, bits + 1))).map { .pippenger(width: $0) } + [.differences]
    }

    /// The products of one row's powers, by sign, appended to the graph.
    func append(
        row: [BigInt], to graph: inout ProductGraph, powers: inout OddPowers
    ) -> SignedPair {
        switch self {
        case .straus(let width):
            return straus(row, width, &graph, &powers)
        case .pippenger(let width):
            return pippenger(row, width, &graph)
        case .differences:
            return differences(row, &graph)
        }
    }

    private func differences(_ row: [BigInt], _ graph: inout ProductGraph) -> SignedPair {
        func product(_ isNegative: Bool) -> Int? {
            var terms = LargestFirst(
                row.enumerated().filter { !$1.isZero && $1.isNegative == isNegative }
                    .map { (exponent: $1.magnitude, value: $0) })
            while let first = terms.popLargest() {
                guard let second = terms.largest else {
                    return Self.power(first.value, first.exponent, &graph)
                }
                let rest = first.exponent - second.exponent
                if rest < second.exponent {
                    let both = graph.multiply(first.value, second.value) as Int
                    terms.replaceLargest(value: both)
                    if !rest.isZero { terms.insert((rest, first.value)) }
                } else {
                    // Much larger than all others: x^a = (x^2)^(a / 2) x^(a mod 2).
                    let square = graph.multiply(first.value, first.value) as Int
                    terms.insert((first.exponent >> 1, square))
                    if first.exponent.isOdd { terms.insert((1, first.value)) }
                }
            }
            return nil
        }
        return SignedPair(positive: product(false), negative: product(true))
    }

    /// By squarings.
    private static func power(
        _ value: Int, _ exponent: BigInt, _ graph: inout ProductGraph
    ) -> Int {
        (0..<exponent.bitLength - 1).reversed().reduce(value) { power, bit in
            let square = graph.multiply(power, power) as Int
            return (exponent >> bit).isOdd ? graph.multiply(square, value) : square
        }
    }

    private func straus(
        _ row: [BigInt], _ width: Int, _ graph: inout ProductGraph, _ powers: inout OddPowers
    ) -> SignedPair {
        // By sign, by position.
        var terms: [[[Int]]] = [[], []]
        for (column, weight) in row.enumerated() where !weight.isZero {
            for digit in SignedDigits.nonAdjacent(weight, width: width) {
                let sign = digit.value < 0 ? 1 : 0
                while terms[sign].count <= digit.position { terms[sign].append([]) }
                terms[sign][digit.position].append(
                    powers.power(abs(digit.value), of: column, &graph))
            }
        }
        let sides = terms.map { positions -> Int? in
            let products = positions.map { graph.product($0) }
            return Self.join(products, shift: 1, &graph)
        }
        return SignedPair(positive: sides[0], negative: sides[1])
    }

    private func pippenger(
        _ row: [BigInt], _ width: Int, _ graph: inout ProductGraph
    ) -> SignedPair {
        // By sign, by window, by |digit|.
        var buckets: [[[[Int]]]] = [[], []]
        let digits = 1 << (width - 1)
        for (column, weight) in row.enumerated() where !weight.isZero {
            for digit in SignedDigits.windows(weight, width: width) {
                let (sign, window) = (digit.value < 0 ? 1 : 0, digit.position / width)
                while buckets[sign].count <= window {
                    buckets[sign].append([[Int]](repeating: [], count: digits + 1))
                }
                buckets[sign][window][abs(digit.value)].append(column)
            }
        }
        let sides = buckets.map { windows -> Int? in
            let sums = windows.map { window -> Int? in
                let products = window.map { graph.product($0) }
                // The sum of d times bucket d: the sum of all sums from the top.
                var (running, total): (Int?, Int?) = (nil, nil)
                for bucket in products.dropFirst().reversed() {
                    running = graph.multiply(running, bucket)
                    total = graph.multiply(total, running)
                }
                return total
            }
            return Self.join(sums, shift: width, &graph)
        }
        return SignedPair(positive: sides[0], negative: sides[1])
    }

    /// The product of value i to the power 2^(shift i).
    static func join(
        _ values: [Int?], shift: Int, _ graph: inout ProductGraph
    ) -> Int? {
        var result: Int?
        for value in values.reversed() {
            for _ in 0..<shift { if let r = result { result = graph.multiply(r, r) } }
            result = graph.multiply(result, value)
        }
        return result
    }
}

/// Terms by exponents, of equal ones the latest value first: a heap.
private struct LargestFirst {
    typealias Term = (exponent: BigInt, value: Int)
    private var terms: [Term] = []

    init(_ terms: [Term]) {
        for term in terms { insert(term) }
    }

    var largest: Term? { terms.first }

    private static func isBefore(_ a: Term, _ b: Term) -> Bool {
        a.exponent == b.exponent ? a.value > b.value : a.exponent > b.exponent
    }

    mutating func insert(_ term: Term) {
        terms.append(term)
        var i = terms.count - 1
        while i > 0, Self.isBefore(terms[i], terms[(i - 1) / 2]) {
            terms.swapAt(i, (i - 1) / 2)
            i = (i - 1) / 2
        }
    }

    mutating func popLargest() -> Term? {
        guard let last = terms.popLast() else { return nil }
        guard let first = terms.first else { return last }
        terms[0] = last
        sink()
        return first
    }

    /// The term with the largest exponent gets another value.
    mutating func replaceLargest(value: Int) {
        terms[0].value = value
        sink()
    }

    private mutating func sink() {
        var i = 0
        while true {
            var top = i
            for child in [2 * i + 1, 2 * i + 2] where child < terms.count {
                if Self.isBefore(terms[child], terms[top]) { top = child }
            }
            if top == i { return }
            terms.swapAt(i, top)
            i = top
        }
    }
}

/// Odd powers of inputs that a graph has, made when they are first asked for.
struct OddPowers {
    private var known: [Int: [Int]] = [:]

    /// The value that is input^exponent.
    mutating func power(_ exponent: Int, of input: Int, _ graph: inout ProductGraph) -> Int {
        if exponent == 1 { return input }
        // The square, then powers 3, 5, ...
        var list = known[input] ?? [graph.multiply(input, input)]
        while list.count < exponent / 2 + 1 {
            list.append(graph.multiply(list.count == 1 ? input : list[list.count - 1], list[0]))
        }
        known[input] = list
        return list[exponent / 2]
    }
}
