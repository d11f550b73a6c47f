// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import IntegerNetworks

/// What a method is asked to plan.
package struct PlanningTask {
    package let network: IntegerNetwork
    /// Bounds among it.
    package let outputs: OutputReading
    package let planner: Planner
    /// Samples that are scored at once.
    package let samples: Int
    /// A plan whose keys must serve.
    package let within: ClientPlan?
    /// A line on what is being done. An error that it throws ends the planning.
    package let progress: (String) throws -> Void
}
