// SPDX-License-Identifier: Apache-2.0

import PolynomialFitting

/// An activation and what was put in its place.
package struct ActivationSite: Sendable {
    /// Of the real network.
    package let node: Int
    package let expression: ScalarExpression
    /// Inputs as the polynomial network has them.
    package let histogram: ActivationHistogram
    /// One fit of each degree that pays, for all channels.
    package let candidates: [ActivationFit]
    /// The fit for all channels of the degree that was chosen.
    package let chosen: ActivationFit
    /// What takes its place: one polynomial, or one a channel.
    package let polynomials: ChannelPolynomials
}
