// SPDX-License-Identifier: Apache-2.0

/// All kinds of norms, shared by the searches of one planning.
struct PlannerNorms: Sendable {
    let exact = TransformNorms()
    let approximate = TransformNorms(ignoresUnits: true)
    /// For counts only.
    let none = TransformNorms(ignoresWeights: true)
}
