// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks

/// Trees on slots: bits to how many terms of a leaf are met, a polynomial that is zero unless all are, leaf values.
extension PackedNetwork {
    init(_ layout: ForestLayout, shape: SlotShape) {
        let network = layout.network
        let polynomial = ForestPolynomial(degree: network.degree, isWeighed: network.hasPairs)
        let depth = polynomial.products.last?.depth ?? 0
        let regions = (0..<network.outputCount).map {
            ForestLayout.region($0, of: network.outputCount, shape)
        }
        self.init(
            shape: shape, featureCount: network.conditionCount,
            input: SlotLayout(shape) { _, column in
                let bit = column % layout.period
                return bit < network.conditionCount ? bit : nil
            },
            output: SlotLayout(shape) { row, column in
                let output = (row * shape.columns + column) / regions[0].count
                return output < regions.count ? output : nil
            }, switchPointCount: 2 * depth)
        var builder = Builder(self)
        // Of each group, its sums and what products make.
        var values = builder.sums(layout, polynomial)
        for stage in 0...depth {
            let products = polynomial.products.filter { $0.depth == stage }
            if stage > 0 {
                // Sums first: nothing stands between a switch point and its products.
                let operands = values.indices.map { group in
                    products.map { product in
                        (product.isSquare ? [product.left] : [product.left, product.right]).map {
                            builder.sum($0, values[group])
                        }
                    }
                }
                builder.append(.switchPoint(2 * stage - 2))
                for group in values.indices {
                    for operand in operands[group] {
                        values[group].append(builder.append(.product(operand)))
                    }
                }
                builder.append(.switchPoint(2 * stage - 1))
            }
        }
        let factors = values.map { values in
            polynomial.factors.map { builder.sum($0, values) }
        }
        builder.appendLeaves(factors, layout, polynomial, regions)
        steps = builder.steps
        outputs = [builder.valuesCount - 1]
    }

    private struct Builder {
        let shape: SlotShape
        let layout: SlotLayout
        var steps: [Step] = []
        var valuesCount = 1
        private var sums: [Sum: Int] = [:]

        private struct Sum: Hashable {
            let value: Int
            let constant: Int64
        }

        init(_ packed: PackedNetwork) {
            shape = packed.shape
            layout = packed.outputLayouts[0]
        }

        /// - Returns: the value that it makes, if it makes one.
        @discardableResult
        mutating func append(_ step: Step) -> Int {
            steps.append(step)
            if case .switchPoint = step { return -1 }
            valuesCount += 1
            return valuesCount - 1
        }

        /// Of each group, sums of its cells' bits.
        mutating func sums(
            _ layout: ForestLayout, _ polynomial: ForestPolynomial
        ) -> [[Int]] {
            let (groups, network) = (layout.groups, layout.network)
            let isRelayed = groups.contains { $0.relays != nil }
            // Whatever reads one value shares its babies.
            let middles =
                isRelayed
                ? appendMaps(groups.map { $0.relays! }, of: 0)
                : [Int](repeating: 0, count: groups.count)
            let none = [Int64](repeating: 0, count: shape.slotCount)
            let divisors = network.sums.map { $0 == .worth ? polynomial.divisors : [] }
            let sums =
                isRelayed
                ? zip(middles, groups).map {
                    appendMaps($1.sums, of: $0, divisors: divisors)
                }
                : appendMaps(
                    groups.flatMap(\.sums), of: 0, divisors: groups.flatMap { _ in divisors }
                ).chunks(of: network.sums.count)
            return zip(sums, groups).map { values, group in
                network.sums.indices.map { index in
                    let sum = network.sums[index]
                    let constants = group.cells.map { cell in
                        cell.map { network.constant(sum, ofCell: $0) } ?? 0
                    }
                    guard constants != none else { return values[index] }
                    var constant = layer([], bias: constants)
                    constant.isIdentity = true
                    constant.biasDivisors = divisors[index]
                    return append(.layer(constant, sources: [values[index]]))
                }
            }
        }

        /// Several maps of one value.
        private mutating func appendMaps(
            _ maps: [ForestLayout.Map], of value: Int, divisors: [[Int64]] = []
        ) -> [Int] {
            var diagonals: [Diagonal] = []
            var steps: [(baby: Int, giant: Int)] = []
            for (output, map) in maps.enumerated() {
                for rotation in map.keys.sorted(by: {
                    ($0.giant, $0.baby) < ($1.giant, $1.baby)
                }) {
                    diagonals.append(
                        Diagonal(
                            source: 0, index: rotation.baby + rotation.giant,
                            weights: SlotWeights(map[rotation]!), output: output))
                    steps.append((rotation.baby, rotation.giant))
                }
            }
            var made = layer(diagonals, steps: steps, bias: [])
            made.divisors = divisors
            let bundle = append(.layer(made, sources: [value]))
            guard maps.count > 1 else { return [bundle] }
            return maps.indices.map { append(.part($0, of: bundle)) }
        }

        /// An operand of one group's values.
        mutating func sum(_ operand: ForestPolynomial.Operand, _ values: [Int]) -> Int {
            let value = values[operand.value]
            guard operand.constant != 0 else { return value }
            let key = Sum(value: value, constant: operand.constant)
            if let known = sums[key] { return known }
            var sum = layer(
                [], bias: [Int64](repeating: operand.constant, count: shape.slotCount))
            sum.isIdentity = true
            let made = append(.layer(sum, sources: [value]))
            sums[key] = made
            return made
        }

        /// What leaves are worth. With two factors the second is weighed, if it isn't yet, and their product left to the
        /// client.
        mutating func appendLeaves(
            _ factors: [[Int]], _ layout: ForestLayout, _ polynomial: ForestPolynomial,
            _ regions: [Range<Int>]
        ) {
            let network = layout.network
            let weights = layout.groups.map { group in
                group.cells.map { $0.map { network.cells[$0].weight } ?? 0 }
            }
            // Of each output in one slot.
            var constants = [Int64](repeating: 0, count: shape.slotCount)
            for (region, bias) in zip(regions, network.bias) {
                constants[region.lowerBound] = bias
            }
            func weighed(_ sources: [Int], _ weights: [[Int64]]) -> Int {
                var map = layer(
                    weights.enumerated().map {
                        Diagonal(source: $0, index: 0, weights: SlotWeights($1))
                    },
                    steps: weights.map { _ in (0, 0) }, bias: [])
                map.divisors = [polynomial.divisors]
                return append(.layer(map, sources: sources))
            }
            guard polynomial.factors.count == 2 else {
                let sum = weighed(factors.map { $0[0] }, weights)
                var sums = layer([], bias: constants)
                sums.isIdentity = true
                append(.layer(sums, sources: [sum]))
                return
            }
            let pairs =
                network.hasPairs
                ? factors
                : zip(factors, weights).map { pair, weights in
                    [pair[0], weighed([pair[1]], [weights])]
                }
            append(.factors(pairs.flatMap { $0 }, constants: constants))
        }

        private func layer(
            _ diagonals: [Diagonal], steps: [(baby: Int, giant: Int)] = [], bias: [Int64]
        ) -> PackedLayer {
            var layer = PackedLayer(
                diagonals: diagonals, stride: 1, folds: [], outputLayout: layout, bias: bias)
            layer.steps = steps
            return layer
        }
    }
}

extension ForestNetwork {
    /// A sum of a cell's bits where none is set.
    fileprivate func constant(_ sum: Sum, ofCell index: Int) -> Int64 {
        let cell = cells[index]
        guard sum == .unmet else { return cell.weight }
        return 2 * Int64(cell.terms.count) - 2 * cell.terms.reduce(0) { $0 + $1.constant }
            - Int64(degree + 1)
    }
}

extension [Int] {
    fileprivate func chunks(of size: Int) -> [[Int]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<$0 + size]) }
    }
}
