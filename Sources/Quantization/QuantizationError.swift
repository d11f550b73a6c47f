// SPDX-License-Identifier: Apache-2.0

/// Why a model cannot become an integer network.
package enum QuantizationError: Error, Equatable, CustomStringConvertible {
    /// A node that polynomials can't express; `advice` says what would be taken.
    case unsupported(node: String, operator: String, reason: String, advice: String)
    /// A tensor or a matrix beyond what is handled.
    case tooLarge(node: String, reason: String)
    /// So many products one after another that no parameters would carry them.
    case tooDeep(depth: Int, limit: Int)
    /// Samples that don't fit the model, or none.
    case invalidSamples(String)
    case invalidOptions(String)
    /// Integers beyond 2^62, or values beyond any number format.
    case outOfRange(node: String, reason: String)
    /// The smallest range that was found, in bits, exceeds the budget.
    case budgetTooSmall(smallest: Double, budget: Double)
    /// Several elements that may be scores of classes or quantities, of very different deviations.
    case ambiguousOutputs(String)
    case invalidNetwork(String)

    package var description: String {
        switch self {
        case .unsupported(let node, let name, let reason, let advice):
            "node '\(node)' (\(name)): \(reason); \(advice)"
        case .tooLarge(let node, let reason): "node '\(node)': \(reason)"
        case .tooDeep(let depth, let limit):
            "\(depth) products one after another; at most \(limit): each doubles the bits of a result. Train a model with fewer activations in a row"
        case .ambiguousOutputs(let name):
            "output '\(name)' may be scores of classes or quantities of different sizes; state which"
        case .invalidSamples(let reason): "calibration samples: \(reason)"
        case .invalidOptions(let reason): "options: \(reason)"
        case .outOfRange(let node, let reason): "node '\(node)': \(reason)"
        case .budgetTooSmall(let smallest, let budget):
            "outputs need \(Self.text(smallest)) bits at least, and \(Self.text(budget)) are allowed"
        case .invalidNetwork(let reason): "the integer network: \(reason)"
        }
    }

    private static func text(_ bits: Double) -> String { "\((bits * 10).rounded() / 10)" }
}
