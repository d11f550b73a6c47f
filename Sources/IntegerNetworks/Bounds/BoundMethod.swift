// SPDX-License-Identifier: Apache-2.0

/// The ways in which values are bounded. Each is sound alone; the certificate takes the tightest end of each.
package enum BoundMethod: String, Sendable, Hashable, CaseIterable {
    /// Interval arithmetic: weights apart by sign, a square as [min^2, max^2], padding as 0. Forgets correlations.
    case interval
    /// A neuron over squares as a quadratic form of the centred input, by its absolute row sums.
    case rowSums
    /// The same form by a dual semidefinite bound: a diagonal D with D - A proven positive semidefinite. The spectral
    /// norm (D = lambda I) and the row sums (D = row sums of |A|) are special cases of it.
    case semidefinite
    /// A neuron over squares of such forms: each square between its secant and a tangent, which leaves one form for
    /// the whole, bounded as above. Keeps the correlation between hidden neurons.
    case joint
    /// A map of trees' leaves, of which each tree has one: the sums of its trees' largest and smallest.
    case trees
}
