// SPDX-License-Identifier: Apache-2.0

extension RealNetwork {
    /// Products on the longest way to the outputs; of an activation the fewest that one can have.
    package var depth: Int {
        var depths = [0]
        for node in nodes {
            let deepest = node.sources.map { depths[$0] }.max() ?? 0
            let own: Int
            switch node.operation {
            case .affine: own = 0
            case .product, .activation: own = 1
            case .polynomial(let polynomials): own = polynomials.levels
            case .forest(let forest): own = forest.depth
            }
            depths.append(deepest + own)
        }
        return depths[output]
    }
}
