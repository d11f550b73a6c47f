// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// What a graph may cost, in proportion to the numbers that its file stores: a few bytes can ask for tensors of any size.
///
/// What any model may have is what takes about a second; layers with weights of their own may have more.
package struct GraphBudget: Sendable, Equatable {
    /// Numbers in initializers and attributes.
    package let stored: Int

    package init(stored: Int) { self.stored = min(max(0, stored), IntegerNetwork.maximumElements) }

    /// For graphs that weren't read from a file.
    package static let largest = GraphBudget(stored: IntegerNetwork.maximumElements)

    /// Elements that all lists and tensors of the graph may have together.
    package var elements: Int { min(1 << 26, 1 << 21 + 16 * stored) }

    /// Multiplications of one evaluation.
    package var multiplications: Int { 1 << 22 + 1 << 10 * stored }

    /// Elements of all values that are computed encrypted, in one sample.
    package var values: Int { min(IntegerNetwork.maximumElements, 1 << 17 + 16 * stored) }

    /// Entries of all matrices that linear maps are written as, those of intermediate steps included.
    package var entries: Int { 1 << 20 + 64 * stored }

    /// Multiplications that linear maps may be composed with; beyond, they stay separate.
    package var compositions: Int { 1 << 26 + 1 << 10 * stored }

    /// In words, for refusals.
    package func limit(_ count: Int, of what: String) -> String {
        "\(count) \(what) are accepted of a model that stores \(stored) numbers"
    }
}
