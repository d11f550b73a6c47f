// SPDX-License-Identifier: Apache-2.0

extension IntegerNetwork {
    /// A layer and the values that it reads.
    package struct Operation: Sendable, Equatable {
        package let layer: Layer
        /// 0 is the network's input, i + 1 the result of operation i. An affine map reads its sources end to end, a
        /// product two, all else one.
        package let sources: [Int]

        package init(_ layer: Layer, sources: [Int]) {
            self.layer = layer
            self.sources = sources
        }

        /// Each layer reads the one before it.
        static func chain(_ layers: [Layer]) -> [Operation] {
            layers.enumerated().map { Operation($1, sources: [$0]) }
        }
    }
}
