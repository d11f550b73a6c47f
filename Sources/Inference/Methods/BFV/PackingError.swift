// SPDX-License-Identifier: Apache-2.0

/// Why a network doesn't fit a ring of some degree.
enum PackingError: Error, Equatable, CustomStringConvertible {
    case tooManyFeatures(Int, slots: Int)
    case tooManyOutputs(Int, columns: Int)
    case noCover
    case tooManyDiagonals(Int)
    case tooFewSlots(Int)
    /// Trees of several splits one after another.
    case oneSampleOnly
    /// Operands of a product of two values that were laid out differently.
    case layoutsDiffer
    /// Trees of so many splits one after another.
    case treesTooDeep(Int, most: Int)
    /// A leaf that asks for so many things.
    case tooManyTerms(Int, most: Int)

    var description: String {
        switch self {
        case .tooManyFeatures(let count, let slots): "\(count) inputs in \(slots) slots"
        case .tooManyOutputs(let count, let columns):
            "a layer of \(count) outputs in \(columns) columns"
        case .tooFewSlots(let count): "\(count) slots"
        case .tooManyDiagonals(let count): "a layer of \(count) diagonals"
        case .oneSampleOnly:
            "several samples side by side of trees that ask one thing after another"
        case .layoutsDiffer: "a product of two values that are laid out differently"
        case .tooManyTerms(let count, let most):
            "a leaf of trees that asks for \(count) things; at most \(most)"
        case .treesTooDeep(let levels, let most):
            "trees of \(levels) splits one after another; at most \(most)"
        case .noCover: "a layer has no layout by diagonals"
        }
    }
}
