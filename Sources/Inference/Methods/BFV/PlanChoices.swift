// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import Lattice

/// Everything that the planner decided for a method on BFV; with the network it determines the plan.
package struct PlanChoices: Sendable, Equatable {
    package var parameters: BFVParameters
    /// Of a group.
    package var samples: Int
    /// Baby steps of each linear layer, where the family has them.
    package var babyCounts: [Int]
    /// The level at each switch point of the circuit.
    package var levels: [Int]
    package var keys: BFVKeySet
    package var replyC0Bits: Int
    package var replyC1Bits: Int
    package var privacy: FunctionPrivacy

    package init(
        parameters: BFVParameters, samples: Int, babyCounts: [Int], levels: [Int],
        keys: BFVKeySet, replyC0Bits: Int, replyC1Bits: Int, privacy: FunctionPrivacy = .none
    ) {
        self.samples = samples
        self.privacy = privacy
        self.parameters = parameters
        self.babyCounts = babyCounts
        self.levels = levels
        self.keys = keys
        self.replyC0Bits = replyC0Bits
        self.replyC1Bits = replyC1Bits
    }
}
